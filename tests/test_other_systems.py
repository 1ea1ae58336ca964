"""Other systems, as far as this one can play them: what Windows and macOS lack, and what Windows refuses."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY
from small_data import write_small_csv
from textune.cli.main import _take_any_text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux plays Windows")
def test_what_writes_files_does_without_what_windows_lacks(tiny_distilbert: str, tmp_path: Path) -> None:
    data = write_small_csv(tmp_path / "data.csv")

    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests" / "like_windows.py", tiny_distilbert, data, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "TEXTUNE_CACHE": str(tmp_path / "cache")},
    )

    assert done.returncode == 0, done.stderr
    log = [path.suffix for path in (tmp_path / "log").iterdir()]
    left = [path for path in tmp_path.rglob("*") if path.name.endswith((".partial", ".parts", ".unfinished"))]
    assert (log, left) == ([".parquet"], [])
    assert len((tmp_path / "predicted.csv").read_text().splitlines()) == 91
    assert (tmp_path / "labels" / "journal.jsonl").read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("is_windows", [True, False])
def test_a_pipe_takes_characters_that_its_encoding_lacks(is_windows: bool) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252")

    _take_any_text(stream, is_windows=is_windows)
    stream.write("joy 😀")
    stream.flush()

    assert written.getvalue() == ("joy 😀".encode() if is_windows else b"joy \\U0001f600")
