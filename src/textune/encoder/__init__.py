"""The frozen encoder: finding and loading it, running it once, and caching what it gives."""
