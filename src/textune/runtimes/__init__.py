"""Runtimes: what runs a classifier."""
