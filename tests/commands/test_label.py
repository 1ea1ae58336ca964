"""`textune label`, as a process with a page."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from forked_commands import ForkedCommand
from real_commands import start_command
from small_data import small_rows
from textune.commands.label import label
from textune.errors import DataError, RequestError

ROWS = dict(small_rows(120))


class LabelProcess:
    """A running `textune label`, and its page."""

    def __init__(self, *arguments: str, is_installed: bool = False) -> None:
        start = start_command if is_installed else ForkedCommand
        self.process = start("label", *arguments, "--offline")
        assert self.process.stdout
        for line in self.process.stdout:
            if "#token=" in line:
                self.url, self.token = line.strip().split("/#token=")
                return
        raise AssertionError(self.process.communicate()[1])

    def call(self, name: str, **body: Any) -> Any:
        request = urllib.request.Request(f"{self.url}/api/{name}", json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def answer(self, count: int) -> Any:
        asked = self.call("next")
        for _ in range(count):
            question = asked["question"]
            key, text = question["key"], question["texts"][0]
            asked = self.call("answer", key=key, id=key[:16], labels=[ROWS[text]])
        return asked["progress"]

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=30)
        assert self.process.returncode is not None
        return self.process.returncode, out


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "posts.txt"
    path.write_text("\n".join(ROWS) + "\n")
    return path


def test_a_labelling_goes_on_where_it_was_and_trains(
    texts: Path, tiny_distilbert: str, tmp_path: Path, textune_command: Any
) -> None:
    folder = tmp_path / "labels"
    started = LabelProcess(
        *(str(texts), "--labels", "joy,sadness,anger", "--model", tiny_distilbert, "--out", str(folder)),
        is_installed=True,
    )
    started.answer(20)
    code, said = started.end()
    assert code == 0
    assert f"20 answers in {folder}" in said
    assert f"textune train {folder}" in said

    again = LabelProcess(str(folder))
    progress = again.answer(20)
    again.end()
    trained = textune_command(
        "train", str(folder), "--recipe", "frozen", "--out", str(tmp_path / "run"), "--json"
    )

    assert progress["learned"] + progress["tests"] == 40
    document = json.loads(trained.out)
    assert document["metrics"]["test"]["examples"] == progress["tests"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [([], "fewer than two labels"), (["joy", "joy"], "occurs twice"), (["joy", ""], "empty")],
)
def test_wrong_labels_are_refused_before_anything_is_written(
    texts: Path, tiny_distilbert: str, tmp_path: Path, labels: list[str], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        label(texts, labels=labels, model=tiny_distilbert, out=tmp_path / "labels")

    assert not (tmp_path / "labels").exists()


def test_a_folder_with_other_files_is_refused(texts: Path, tiny_distilbert: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has other files"):
        label(texts, labels=["a", "b"], model=tiny_distilbert, out=tmp_path)


def test_a_pool_that_is_too_small_or_missing_is_refused(tmp_path: Path, tiny_distilbert: str) -> None:
    small = tmp_path / "small.txt"
    small.write_text("one\ntwo\n")

    with pytest.raises(DataError, match="too few"):
        label(small, labels=["a", "b"], model=tiny_distilbert, out=tmp_path / "labels")
    with pytest.raises(DataError, match="missing.txt"):
        label(tmp_path / "missing.txt", labels=["a", "b"], model=tiny_distilbert, out=tmp_path / "labels")
    assert not (tmp_path / "labels").exists()
