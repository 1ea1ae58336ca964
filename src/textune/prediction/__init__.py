"""Inference: from texts to probabilities."""
