"""Search for settings: trials on the same folds, a race between them, and a cautious choice."""
