"""The notebooks of `examples/`: valid, short, executed in order, and with code that fits textune.

`make notebooks` executes them.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from checked_code import faults_of_python
from conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "examples").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(notebook: Path, kind: str) -> list[dict[str, Any]]:
    """Return the cells of a kind, `code` or `markdown`, each with its source as one text."""
    document = json.loads(notebook.read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    return [
        cell | {"source": "".join(cell["source"])} for cell in document["cells"] if cell["cell_type"] == kind
    ]


def test_there_are_notebooks_of_the_study_of_several_labels_and_of_labelling() -> None:
    assert [path.name for path in NOTEBOOKS] == [
        "case-study.ipynb",
        "labelling-from-nothing.ipynb",
        "several-labels.ipynb",
    ]


@every_notebook
def test_the_cells_of_a_notebook_fit_textune_and_have_short_lines(notebook: Path) -> None:
    code = "\n".join(cell["source"] for cell in cells_of(notebook, "code"))

    ast.parse(code)
    assert faults_of_python(code) == []
    assert [line for line in code.splitlines() if len(line) > 110] == []


@every_notebook
def test_a_notebook_has_been_executed_from_top_to_bottom_without_an_error(notebook: Path) -> None:
    cells = cells_of(notebook, "code")

    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"] == []


@every_notebook
def test_what_a_notebook_stores_is_small_and_names_no_folder_of_this_machine(notebook: Path) -> None:
    outputs = json.dumps([cell["outputs"] for cell in cells_of(notebook, "code")])

    assert len(outputs) < 40_000
    assert re.findall(r"/(?:home|root|tmp|work|Users)/\S+", outputs) == []


@every_notebook
def test_a_link_in_a_notebook_leads_to_a_file_that_exists(notebook: Path) -> None:
    text = "\n".join(cell["source"] for cell in cells_of(notebook, "markdown"))

    links = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert [target for target in links if not (notebook.parent / target).exists()] == []
