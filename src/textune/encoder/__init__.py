"""The encoder: finding and loading it, running its frozen layers once, and caching their output."""
