"""Commands, run in this process, and a run for them to read."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

import textune
from textune.cli.main import main


@pytest.fixture(scope="module")
def model(tiny_distilbert: str) -> str:
    return tiny_distilbert


@pytest.fixture(scope="module")
def data(small_csv: str) -> str:
    return small_csv


@pytest.fixture(scope="module")
def run(model: str, data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    return textune.train("frozen", model=model, data=data, out=out).run


class Outcome:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def textune_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in this process."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["textune", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run
