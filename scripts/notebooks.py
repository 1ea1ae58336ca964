"""Executes the notebooks of `examples/` and stores what they print: `make notebooks`.

    python scripts/notebooks.py [--check] [NAME ...]

Each runs from top to bottom in an empty folder. `--check` leaves the files as they are. What differs from one
execution to the next (times, progress, ids) is not stored.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

EXAMPLES = Path(__file__).parent.parent / "examples"
_LIMIT_SECONDS = 3600


def execute(path: Path) -> Any:
    """Return a notebook with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=_LIMIT_SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            # Notes and warnings go to standard error, and results to standard output.
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> int:
    """Execute the notebooks; return 1 if one fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    failed = 0
    for path in [EXAMPLES / name for name in options.names] or sorted(EXAMPLES.glob("*.ipynb")):
        try:
            notebook = execute(path)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", flush=True)
            failed += 1
            continue
        if not options.check:
            nbformat.write(notebook, path)
        print(f"{path.name}: {len(notebook.cells)} cells", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
