"""What docs/security.md promises about models and data of strangers, where no other test checks it.

The others: tests/encoder/test_architectures.py (code of a model is not run), tests/encoder/test_inspection.py
and test_hub.py (pickles are refused, shards stay in their folder), tests/report/test_page.py (the report's
policy), tests/serving/test_limits.py, test_gate.py, test_cors.py, test_page.py and test_server_headers.py.
"""

from __future__ import annotations

import ast
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY

SOURCES = sorted((REPOSITORY / "src" / "textune").rglob("*.py"))
RUNS_CODE = {
    *("eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads", "marshal.loads", "shelve.open"),
    *("dill.load", "joblib.load", "cloudpickle.load", "torch.load", "yaml.load", "os.system", "os.popen"),
    *("numpy.load", "np.load", "pandas.read_pickle", "pd.read_pickle", "runpy.run_path", "torch.hub.load"),
    *("zipfile.ZipFile.extractall", "archive.extractall", "opened.extractall", "tarfile.open"),
}
"""Calls that can run what is in a file, or write where a file says."""


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Return the calls in the source with their names and places."""
    return [
        (f"{file.relative_to(REPOSITORY)}:{node.lineno}", node)
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def name_of(function: ast.expr) -> str:
    """Return what is called, with its module: `torch.load`."""
    if isinstance(function, ast.Attribute):
        return f"{name_of(function.value)}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


def test_nothing_that_is_read_can_run_code() -> None:
    assert [place for place, node in calls() if name_of(node.func) in RUNS_CODE] == []


def test_a_call_is_recognised_by_its_name() -> None:
    [statement] = ast.parse("torch.load(path)").body

    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    assert name_of(statement.value.func) in RUNS_CODE


def test_no_command_goes_through_a_shell() -> None:
    through_shell = [
        place
        for place, node in calls()
        for keyword in node.keywords
        if keyword.arg == "shell" and ast.unparse(keyword.value) != "False"
    ]

    assert through_shell == []


def test_code_of_a_model_is_never_trusted() -> None:
    trusted = [
        ast.unparse(keyword.value)
        for _, node in calls()
        for keyword in node.keywords
        if keyword.arg == "trust_remote_code"
    ]

    assert set(trusted) == {"False"}


@pytest.mark.parametrize("name", ["../train.csv", "/tmp/train.csv", "..\\train.csv", "a/../../train.csv"])
def test_a_name_in_an_archive_does_not_become_a_path(
    name: str, textune_command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"a text of number {number},{'joy' if number % 2 else 'anger'}\n" for number in range(60))
    with zipfile.ZipFile("posts.zip", "w") as archive:
        archive.writestr(name, f"text,label\n{rows}")
    before = {path for path in tmp_path.parent.rglob("*") if path.suffix == ".csv"}

    outcome = textune_command("audit", "posts.zip", "--quick", "--offline", "--suspects", "suspects.tsv")

    assert outcome.code in (0, 2)
    assert "Traceback" not in outcome.err
    assert {path for path in tmp_path.parent.rglob("*") if path.suffix == ".csv"} == before
    assert [path.name for path in tmp_path.iterdir()] == ["posts.zip"]


def test_the_page_names_targets_that_exist() -> None:
    page = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z-]+)`", page))
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

    assert targets
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
