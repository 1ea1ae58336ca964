"""What a classifier's probabilities are worth: metrics, their intervals, and the baselines to beat."""
