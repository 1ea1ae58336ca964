"""Training: batches, optimisers and the loop that yields events."""
