"""The loop with a person: from texts without labels to answers, and from answers to a classifier."""
