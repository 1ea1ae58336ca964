"""Training: methods, their learners, and the one loop that yields events."""
