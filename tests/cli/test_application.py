"""A command is two files: one in `commands/`, one in `cli/`, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from textune.cli.application import app
from textune.discovery import import_files
from toy_files import toy_file

COMMAND = """
from textune.errors import RequestError


def shout(text: str) -> str:
    if not text:
        raise RequestError("There is nothing to shout.", "Give a text.")
    return text.upper()
"""

COMMAND_LINE = '''
import typer

from textune.cli.application import app


@app.command()
def shout(text: str) -> None:
    """Print a text in capitals."""
    from textune.commands.shout import shout as run_shout

    typer.echo(run_shout(text))
'''


@pytest.fixture(autouse=True)
def toy_command(tmp_path: Path) -> Iterator[None]:
    """Add the two files, as if they lay in the package's folders."""
    import_files("textune.cli")
    registered = list(app.registered_commands)
    with (
        toy_file("textune.commands", "shout", COMMAND, tmp_path / "commands"),
        toy_file("textune.cli", "shout", COMMAND_LINE, tmp_path / "cli"),
    ):
        yield
    app.registered_commands[:] = registered


def test_a_toy_command_runs(textune_command: Any) -> None:
    outcome = textune_command("shout", "what a day")

    assert (outcome.code, outcome.out) == (0, "WHAT A DAY\n")


def test_a_toy_commands_error_is_a_message_and_exit_code_2(textune_command: Any) -> None:
    outcome = textune_command("shout", "")

    assert (outcome.code, outcome.err) == (2, "error: There is nothing to shout.\nGive a text.\n")


def test_help_lists_a_toy_command_after_the_built_in_ones(textune_command: Any) -> None:
    lines = textune_command("--help").out.partition("Others:")[2].split("\n\n")[0].splitlines()

    assert lines[-1].split(maxsplit=1) == ["shout", "Print a text in capitals."]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["serve", "runs/x", "--port", "x"], "'--port' (env var: 'TEXTUNE_PORT'): must be a whole number"),
        (["serve", "runs/x", "--port", "65536"], "must be 65535 or less"),
        (["tune", "texts.csv", "--trials", "0"], "must be 1 or more"),
        (["train", "texts.csv", "--max-minutes", "soon"], "'--max-minutes': must be a number"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_in_plain_words(options: list[str], said: str) -> None:
    result = CliRunner().invoke(app, options)

    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
