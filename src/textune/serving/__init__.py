"""Serving: a classifier behind HTTP, for many clients at once."""
