"""A package for containers starts from its folder alone, with nothing but its requirements."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import textune
from packaged_runs import ONLY_REQUIRED, packaged
from textune.packaging import start_server

STARTED = f"""{ONLY_REQUIRED}
import json, runpy
from pathlib import Path

sys.argv = [folder + "/start_server.py", *sys.argv[1:]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize(
    ("target", "path", "key"),
    [("sagemaker", "/invocations", "inputs"), ("kserve", "/v1/models/made:predict", "instances")],
)
def test_it_answers_as_the_run_does_with_nothing_but_what_it_lists(
    exported_run: Path, tmp_path: Path, target: str, path: str, key: str
) -> None:
    run = shutil.copytree(exported_run, tmp_path / "Made!")
    made = packaged(run, tmp_path / "package", target)
    package = shutil.move(made, tmp_path / "elsewhere")
    expected = textune.load(exported_run, runtime="torch").predict_proba(["so happy"])[0]
    words = ["serve"] if target == "sagemaker" else []
    command = [sys.executable, "-c", STARTED, str(package), "pip", *words, "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert "Serving" in line, process.communicate()[1]
        port = line.rsplit(":", 1)[1].strip()
        answer = _ask(f"http://127.0.0.1:{port}{path}", {key: ["so happy"]})
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert str(package) in line
    assert process.returncode == 0
    numbers = [float(number) for number in re.findall(r'"score": ([\d.e-]+)', json.dumps(answer))]
    assert max(numbers) == pytest.approx(expected.max(), abs=1e-4)


def _ask(url: str, document: Any) -> Any:
    from urllib.request import urlopen

    with urlopen(url, json.dumps(document).encode(), timeout=20) as response:
        return json.load(response)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest, in which the starter seems to lie."""
    manifest = {"name": "emotion", "serve": ["--port", "8080"]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.setattr(start_server, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("given", [[], ["serve"]], ids=["without an argument", "with SageMaker's"])
def test_it_serves_every_computer_under_the_name_of_the_run(folder: Path, given: list[str]) -> None:
    words = start_server.arguments(given)

    assert words[:4] == ["serve", f"{folder}/export", "--host", "0.0.0.0"]
    assert words[4:] == ["--model-name", "emotion", "--port", "8080"]


def test_a_port_in_the_environment_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_server, "PORT", "9000")

    assert start_server.arguments([])[-4:] == ["--port", "8080", "--port", "9000"]


def test_options_that_are_given_come_last(folder: Path) -> None:
    assert start_server.arguments(["serve", "--port", "9"])[-2:] == ["--port", "9"]
