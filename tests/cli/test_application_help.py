"""The help of every command: it fits a screen, and ends with an example that works.

A screen has 80 columns and 40 lines, of which the prompt takes one.
"""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from textune.cli.application import app
from textune.discovery import import_files

import_files("textune.cli")
GROUP: Any = typer.main.get_command(app)
COMMANDS = [[name] for name in GROUP.commands] + [
    ["cache", name] for name in GROUP.commands["cache"].commands
]
every_command = pytest.mark.parametrize(
    "command", [[], *COMMANDS], ids=lambda words: " ".join(words) or "textune"
)


def lines_of_help(command: list[str]) -> list[str]:
    # A terminal leaves two columns free, and the runner none.
    described = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}, terminal_width=78)
    assert described.exit_code == 0
    return described.output.splitlines()


@every_command
def test_the_help_fits_a_screen(command: list[str]) -> None:
    lines = lines_of_help(command)

    assert len(lines) < 40
    assert max(map(len, lines)) <= 80


@every_command
def test_the_help_ends_with_an_example_that_the_command_line_accepts(command: list[str]) -> None:
    title, example = [line.strip() for line in lines_of_help(command) if line.strip()][-2:]
    words = shlex.split(example.partition(" > ")[0])

    assert title == "Example:"
    assert words[: len(command) + 1] == ["textune", *command]
    parsed: Any = GROUP
    context = GROUP.make_context("textune", list(words[1:]), resilient_parsing=False)
    while hasattr(parsed, "commands"):
        name, parsed, rest = parsed.resolve_command(context, words[1:])
        words = [name, *rest]
        context = parsed.make_context(name, list(rest), parent=context)
    assert context.params


def test_the_commands_are_listed_in_groups_as_the_work_goes() -> None:
    lines = lines_of_help([])
    groups = [line for line in lines if line.endswith(":") and not line.startswith((" ", "Options"))]
    listed = [line.split()[0] for line in lines[lines.index("Data:") :] if line.startswith("  ")]

    assert groups == ["Data:", "Train:", "Judge:", "Use:", "This computer:"]
    assert sorted(listed[:-2]) == sorted(GROUP.commands)
    assert listed.index("audit") < listed.index("train") < listed.index("evaluate") < listed.index("predict")


def test_a_wrong_choice_is_reported_in_plain_words() -> None:
    outcome = CliRunner().invoke(app, ["completion", "ksh"])

    assert outcome.exit_code == 2
    assert outcome.output.rstrip().endswith(
        "Invalid value for 'bash|zsh|fish': 'ksh' is not one of 'bash', 'zsh', 'fish'."
    )


def test_the_list_of_commands_cuts_no_sentence() -> None:
    assert [line for line in lines_of_help([]) if "..." in line] == [
        "Usage: textune [OPTIONS] COMMAND [ARGS]..."
    ]
