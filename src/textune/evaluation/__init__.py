"""Evaluation: metrics of a classifier's probabilities, their intervals, and the baselines to beat."""
