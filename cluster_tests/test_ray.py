"""The engine `ray` on a local Ray with two workers: `make test-cluster`.

Ray takes longer to start than all other tests together, so these are not in `tests`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from outside_data import halve_run
from pair_data import COLUMNS, pair_rows
from small_data import small_rows
from table_files import write_parquet
from textune.cluster.request import predict_on_cluster
from textune.commands.predict import predict
from textune.context import Context
from textune.errors import DataError, RequestError, TextuneError
from tiny_classifiers import label_classifier, linear_classifier, save_run
from tiny_exports import save_tiny_run
from tiny_models import build_tiny_model

ray = pytest.importorskip("ray", reason="needs textune[cluster]")
# Ray warns of settings of its own that it has given up.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FILES = 3
ROWS = 6_000
"""Of each file; a million bytes of rows, a block, are some 4,000."""


@pytest.fixture(scope="module", autouse=True)
def two_workers() -> Iterator[None]:
    """A Ray for all tests here; textune uses it, and leaves it alone."""
    from textune.cluster.ray_engine import LOCAL, connected

    with connected(LOCAL, workers=2):
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return save_run(folder / "run", linear_classifier(build_tiny_model(folder / "model")))


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet files in which one text in a hundred is empty."""
    folder = tmp_path_factory.mktemp("posts")
    for number in range(FILES):
        texts = [text for text, _ in small_rows(ROWS, seed=number)]
        rows = [
            {"id": row, "text": "" if row % 100 == 50 else text, "label": "x"}
            for row, text in enumerate(texts)
        ]
        write_parquet(folder / f"{number}.parquet", rows)
    return folder


@pytest.fixture(scope="module")
def one_process(run: Path, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What one process predicts, in the order of the input."""
    output = tmp_path_factory.mktemp("one") / "out.parquet"
    predict(run, input_file=str(posts), output=output)
    found: list[dict[str, Any]] = parquet.read_table(output).to_pylist()
    return found


def in_order(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of an output folder in the order of the input."""
    rows: list[dict[str, Any]] = parquet.read_table(folder).to_pylist()
    return sorted(rows, key=lambda row: (row["file"], row["row"]))


def test_two_workers_predict_what_one_process_does(
    run: Path, posts: Path, one_process: list[dict[str, Any]], tmp_path: Path
) -> None:
    count = predict_on_cluster(run, f"{posts}/*.parquet", tmp_path / "out", workers=2)

    rows = in_order(tmp_path / "out")
    assert count == len(rows) == FILES * ROWS
    assert [(row["id"], row["text"], row["label"], row["input_label"]) for row in rows] == [
        (row["id"], row["text"], row["label"], row["input_label"]) for row in one_process
    ]
    assert [row["score"] for row in rows if row["label"]] == pytest.approx(
        [row["score"] for row in one_process if row["label"]], abs=1e-5
    )


def test_two_workers_give_a_text_the_labels_that_one_process_gives(posts: Path, tmp_path: Path) -> None:
    classifier = label_classifier(build_tiny_model(tmp_path / "model"))
    run = save_tiny_run(tmp_path / "run", classifier)
    predict(run, input_file=str(posts / "1.parquet"), output=tmp_path / "out.parquet")

    predict_on_cluster(run, str(posts / "1.parquet"), tmp_path / "out", workers=2)

    one_process = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["labels"] for row in in_order(tmp_path / "out")] == [row["labels"] for row in one_process]


def test_two_workers_give_a_pair_the_labels_that_one_process_gives(tmp_path: Path) -> None:
    classifier = replace(label_classifier(build_tiny_model(tmp_path / "model")), pairs=True)
    run = save_tiny_run(tmp_path / "run", classifier, settings=COLUMNS)
    rows = [{"question": first, "answer": second} for (first, second), _ in pair_rows(ROWS)]
    write_parquet(tmp_path / "pairs.parquet", rows)
    predict(run, input_file=str(tmp_path / "pairs.parquet"), output=tmp_path / "out.parquet")

    predict_on_cluster(run, str(tmp_path / "pairs.parquet"), tmp_path / "out", workers=2)

    one_process = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    columns = ("text", "text_pair", "labels")
    assert [[row[name] for name in columns] for row in in_order(tmp_path / "out")] == [
        [row[name] for name in columns] for row in one_process
    ]
    assert len({tuple(row["labels"]) for row in one_process}) > 2


def test_two_workers_leave_the_texts_without_a_label_that_one_process_leaves(
    posts: Path, tmp_path: Path
) -> None:
    classifier = linear_classifier(build_tiny_model(tmp_path / "model"))
    texts = [text for text, _ in small_rows(200, seed=1)]
    run = halve_run(save_tiny_run(tmp_path / "run", classifier), texts)
    predict(run, input_file=str(posts / "1.parquet"), output=tmp_path / "out.parquet")

    predict_on_cluster(run, str(posts / "1.parquet"), tmp_path / "out", workers=2)

    one_process = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    ours, theirs = (
        [(row["label"], row["other"]) for row in rows] for rows in (in_order(tmp_path / "out"), one_process)
    )
    assert ours == theirs
    assert {other for _, other in ours} == {True, False}


def test_every_row_carries_its_file_and_its_number(run: Path, posts: Path, tmp_path: Path) -> None:
    predict_on_cluster(run, str(posts), tmp_path / "out", workers=2)

    assert [(row["file"], row["row"]) for row in in_order(tmp_path / "out")] == [
        (str(posts / f"{number}.parquet"), row) for number in range(FILES) for row in range(1, ROWS + 1)
    ]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_workers_that_are_not_where_the_run_is_get_a_copy(
    run: Path, posts: Path, one_process: list[dict[str, Any]], tmp_path: Path
) -> None:
    address = ray.get_runtime_context().gcs_address

    predict_on_cluster(run, str(posts / "1.parquet"), tmp_path / "out", workers=2, address=address)

    labels = [row["label"] for row in in_order(tmp_path / "out")]
    assert labels == [row["label"] for row in one_process[ROWS : 2 * ROWS]]


def test_a_prediction_that_is_killed_resumes_with_the_rows_that_are_missing(
    run: Path, posts: Path, one_process: list[dict[str, Any]], tmp_path: Path
) -> None:
    output, parts = tmp_path / "out", tmp_path / "out.parts"
    command = [sys.executable, "-m", "textune", "predict", str(run), "--input", str(posts)]
    options = ["--output", str(output), "--engine", "ray", "--ray-workers", "2"]
    process = subprocess.Popen([*command, *options], env={**os.environ, "RAY_ADDRESS": "local"})
    while process.poll() is None and not list(parts.glob("part-*.parquet")):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.name for path in parts.glob("part-*.parquet")}
    notes: list[str] = []

    count = predict_on_cluster(run, str(posts), output, workers=2, ctx=Context(Notes(notes)))

    assert kept
    assert "rows that are done" in notes[0]
    assert kept <= {path.name for path in output.iterdir()}
    assert count == FILES * ROWS
    assert [row["label"] for row in in_order(output)] == [row["label"] for row in one_process]


def test_a_bad_row_is_one_message_with_its_file_and_row(run: Path, tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    rows = [{"text": "happy"} if row != 1500 else {"text": 7} for row in range(2000)]
    (tmp_path / "posts" / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    with pytest.raises(DataError, match=r"a\.jsonl, line 1501: the column 'text' holds 7, not a text"):
        predict_on_cluster(run, str(tmp_path / "posts"), tmp_path / "out", workers=2)

    assert not (tmp_path / "out").exists()


def test_a_file_without_rows_is_not_missed(run: Path, tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.csv").write_text("id,text\n")
    (tmp_path / "posts" / "b.csv").write_text("id,text\n1,happy\n")

    assert predict_on_cluster(run, str(tmp_path / "posts"), tmp_path / "out", workers=2) == 1


def test_a_cluster_that_is_not_there_is_reported(run: Path, posts: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "textune", "predict", str(run), "--input", str(posts)]
    options = ["--output", str(tmp_path / "out"), "--engine", "ray", "--ray-address", "127.0.0.1:1"]

    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "The Ray cluster at 127.0.0.1:1 cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_local_ray_that_does_not_start_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    from textune.cluster.ray_engine import LOCAL, _connect

    def time_out(*_: object, **__: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", time_out)

    with pytest.raises(TextuneError, match="Ray did not start on this computer: The current node timed out"):
        _connect(LOCAL, 2)


def test_as_many_workers_as_there_are_cpus_are_refused(run: Path, posts: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="3 CPUs, and 3 workers would leave none for reading"):
        predict_on_cluster(run, str(posts), tmp_path / "out", workers=3)

    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_there_already_is_refused(run: Path, posts: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters.txt").write_text("mine")

    with pytest.raises(RequestError, match="already exists"):
        predict_on_cluster(run, str(posts), tmp_path / "out")


class Notes:
    """An observer that stores its notes."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def stage(self, title: str) -> None:
        pass

    def note(self, sentence: str) -> None:
        self._notes.append(sentence)

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        pass


def test_truncated_texts_are_marked_on_request_and_counted(run: Path, tmp_path: Path) -> None:
    texts = ["so happy", "so happy " * 30]
    (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps({'text': text})}\n" for text in texts))
    notes: list[str] = []

    predict_on_cluster(
        run,
        str(tmp_path / "a.jsonl"),
        tmp_path / "out",
        workers=2,
        mark_truncated=True,
        ctx=Context(Notes(notes)),
    )

    assert [row["truncated"] for row in in_order(tmp_path / "out")] == [False, True]
    assert notes[-1].startswith("1 of 2 texts is longer than the 16 tokens")
