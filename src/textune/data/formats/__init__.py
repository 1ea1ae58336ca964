"""File formats: from a file to its rows."""
