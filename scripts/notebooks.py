"""Executes the notebooks of `examples/` and stores what they print: `make notebooks`.

    python scripts/notebooks.py [--check] [NAME ...]

Each runs from top to bottom in an empty folder, on the data sets in `$TEXTUNE_TWEETEVAL` and
`$TEXTUNE_DATASETS`, by default `tweeteval` and `datasets` in `../shared`. Where one is missing, the notebooks
take the shipped sample, and the files stay as they are, as with `--check`. What differs from one execution to
the next (times, progress, ids) is not stored.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

REPOSITORY = Path(__file__).parent.parent
EXAMPLES = REPOSITORY / "examples"
DATA = {"TEXTUNE_TWEETEVAL": "tweeteval", "TEXTUNE_DATASETS": "datasets"}
"""The environment variables that name data sets, and the folders in `../shared` meant without them."""
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


def find_data() -> bool:
    """Name the data sets' folders in the environment; return whether all are there."""
    for variable, name in DATA.items():
        folder = Path(os.environ.get(variable, REPOSITORY.parent / "shared" / name))
        if not folder.is_dir():
            print(f"There is no {folder} (set {variable}): the notebooks are executed, but not stored.")
            return False
        os.environ[variable] = str(folder.resolve())
    return True


def main() -> int:
    """Execute the notebooks; return 1 if one fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    failed, is_stored = 0, find_data() and not options.check
    for path in [EXAMPLES / name for name in options.names] or sorted(EXAMPLES.glob("*.ipynb")):
        try:
            notebook = execute(path)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", flush=True)
            failed += 1
            continue
        if is_stored:
            nbformat.write(notebook, path)
        print(f"{path.name}: {len(notebook.cells)} cells", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
