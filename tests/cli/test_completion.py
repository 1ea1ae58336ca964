"""The scripts by which shells complete commands, in the shells themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interactive_shells import completed, is_installed

LINES = {
    "textune tra": "train",
    "textune train --model embedded:min": "embedded:minilm",
    "textune train --data=te": "--data=texts of today.csv",
    "textune train --set=data.verdicts=no": "--set=data.verdicts=none",
    "textune serve run --protocols kserve,oi": "kserve,oip",
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_tab_key_completes_commands_values_and_files(shell: str, tmp_path: Path) -> None:
    if not is_installed(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "texts of today.csv").touch()

    assert completed(shell, list(LINES), tmp_path) == list(LINES.values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_colon_of_a_value_gets_no_backslash_and_ends_no_word(shell: str, tmp_path: Path) -> None:
    if not is_installed(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "embeddings").mkdir()
    lines = ["textune train --model embedded:min", "textune train --data sample:em"]

    assert completed(shell, lines, tmp_path, as_shown=True) == ["embedded:minilm", "sample:emotion"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(textune_command: Any, shell: str) -> None:
    outcome = textune_command("completion", shell)

    assert outcome.code == 0
    assert f"`textune completion {shell}` prints this file." in outcome.out


def test_an_unfinished_line_is_answered_whatever_else_is_wrong(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_COMPLETE", "textune 'export' run --runtime on")

    outcome = textune_command()

    assert (outcome.code, outcome.out, outcome.err) == (0, "onnx\n", "")
