"""File formats, one per file: from a file to its rows.

Each file registers its `Format`; `tables.py` reads any of them.
"""

from textune.data.formats import delimited, json_lines, parquet

__all__ = ["delimited", "json_lines", "parquet"]
