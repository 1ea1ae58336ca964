"""File formats, one per file: from a file to its rows."""
