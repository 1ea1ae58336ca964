"""What can stand at the end of an unfinished command line."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer

from textune.cli.application import app
from textune.cli.completing import completions, split_line
from textune.cli.option_values import FILES, FOLDERS, option_values
from textune.discovery import import_files

import_files("textune.cli")

ANY_TEXT = {
    *("api_key", "model_name", "cors", "log_megabytes", "max_body", "sample", "timeout", "port", "token"),
    *("max_queue", "max_texts", "max_characters", "seed", "seeds", "max_minutes", "min_precision", "trials"),
    *("rows", "texts", "answers", "label", "labels", "text", "text_pair", "text_column", "text_pair_column"),
    *("repository", "ray_address", "ray_workers"),
}
"""Parameters that take numbers, names and texts that no list can hold."""


def answers_to(line: str) -> list[str]:
    """Return the values that can stand at the end of a line, without their help."""
    return [answer.partition("\t")[0] for answer in completions(*split_line(line))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("textune ev", ["evaluate"]),
        ("/opt/textune/bin/textune ev", ["evaluate"]),
        ("textune cache ", ["list", "clear"]),
        ("textune train --see", ["--seed", "--seeds"]),
        ("textune train --recipe fr", ["frozen", FILES]),
        ("textune train --recipe=fr", ["--recipe=frozen", FILES]),
        ("textune train --model embedded:", ["embedded:minilm", "embedded:mpnet", FOLDERS]),
        ("textune train ", ["sample:emotion", FILES]),
        ("textune train --set train.learning_", ["train.learning_rate="]),
        ("textune train --set data.verdicts=", ["data.verdicts=auto", "data.verdicts=none"]),
        ("textune serve run --protocols kserve,oi", ["kserve,oip"]),
        ("textune serve run --runtime onnx", ["onnx", "onnx-int8"]),
        ("textune export run --runtime ", ["onnx", "openvino"]),
        ("textune convert a b --to d", ["doccano"]),
        ("textune package run --for s", ["sagemaker"]),
        ("textune recipes pa", ["paper"]),
        ("textune compare ", [FOLDERS]),
        ("textune compare run ", [FOLDERS]),
        ("textune compare run run ", []),
        ("textune predict run --input 'my f", [FILES]),
        ("textune predict -- --re", [FOLDERS]),
        ("textune evaluate run --json --split v", ["validation"]),
        ("textune shout ", []),
    ],
)
def test_what_can_follow_a_line(line: str, expected: list[str]) -> None:
    assert answers_to(line) == expected


def test_a_value_comes_with_the_first_sentence_of_its_help() -> None:
    answer = next(iter(completions(["train"], "--see")))

    assert answer == "--seed\tSeed of the new weights, the batches and dropout"


def parameters() -> list[Any]:
    group: Any = typer.main.get_command(app)
    commands = [*group.commands.values(), *group.commands["cache"].commands.values()]
    return [each for command in commands for each in command.params if not getattr(each, "is_flag", False)]


def test_every_option_and_argument_has_values_or_takes_any_text() -> None:
    without = {each.name for each in parameters() if not option_values(each, "")}

    assert without - ANY_TEXT == set()


def test_completing_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom textune.cli.completing import completions, split_line\n"
        "from textune.discovery import import_files\nimport_files('textune.cli')\n"
        "for line in ('textune ', 'textune train --recipe ', 'textune train --set t', 'textune serve r -'):\n"
        "    assert list(completions(*split_line(line)))\n"
        "print({'torch', 'transformers', 'numpy', 'pyarrow', 'fastapi'} & sys.modules.keys())"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "set()\n"
