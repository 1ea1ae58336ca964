"""The folder of a labelling: what its files are called, and which file of it is a source.

Does not know what is in the files: `annotations` reads the journal, and `labelling` writes it.
"""

from __future__ import annotations

from pathlib import Path

JOURNAL_NAME = "journal.jsonl"
"""What the journal of answers is called."""
POOL_NAME = "pool.jsonl"
"""What the file of all texts, labelled or not, is called."""


def labelling_journal(folder: Path) -> Path | None:
    """Return the journal of a folder that `textune label` has made, or None for another folder."""
    journal = folder / JOURNAL_NAME
    return journal if journal.is_file() and (folder / POOL_NAME).is_file() else None
