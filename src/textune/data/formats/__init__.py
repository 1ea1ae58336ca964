"""File formats, one per file: from a file to its rows.

A format is a `Format` that its file registers; those below come with textune. `tables.py` reads any of them.
"""

from textune.data.formats import delimited, json_lines, parquet

__all__ = ["delimited", "json_lines", "parquet"]
