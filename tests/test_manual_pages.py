"""The manual pages: written from the help of the commands, in the wheel, and without faults."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest

from conftest import REPOSITORY
from manual_pages import manual_pages

PAGES = REPOSITORY / "share" / "man" / "man1"


def test_the_pages_are_those_of_todays_help() -> None:
    assert {page.name: page.read_text(encoding="utf-8") for page in PAGES.iterdir()} == manual_pages()


def test_the_wheel_has_the_pages_and_the_scripts_of_shells_where_systems_look_for_them() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]

    assert shared.pop("share/man") == "share/man"
    assert {source.rpartition(".")[2]: target for source, target in shared.items()} == {
        "bash": "share/bash-completion/completions/textune",
        "zsh": "share/zsh/site-functions/_textune",
        "fish": "share/fish/vendor_completions.d/textune.fish",
    }
    assert all((REPOSITORY / source).is_file() for source in shared)


def test_mandoc_finds_nothing_where_it_is_installed() -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")

    result = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *sorted(PAGES.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )

    # A page has no date: it would say when the page was written, and not what has changed.
    assert [line for line in result.stdout.splitlines() if "missing date" not in line] == []
