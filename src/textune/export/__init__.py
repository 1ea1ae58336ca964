"""Exports: a classifier as the graph of one runtime, checked against the model that it comes from."""
