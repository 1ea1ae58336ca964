"""Labelled texts: where they come from, how they are split, how they become tensors."""
