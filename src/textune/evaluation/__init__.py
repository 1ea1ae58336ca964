"""What a classifier's probabilities are worth: figures, their intervals, and what they must beat."""
