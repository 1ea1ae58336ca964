"""Which words of a text led to a decision."""
