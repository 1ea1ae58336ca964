"""What a prediction is made from: recorded, and checked again."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from table_files import write, write_parquet
from textune.errors import DataError, RequestError
from textune.prediction.job import InputFile, PredictionJob, check_unchanged, describe_changes, describe_input


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write(tmp_path / "posts.csv", "text\n" + "so happy\n" * 250)


def test_a_file_is_described_by_its_size_time_and_contents(posts: Path) -> None:
    described = describe_input(posts)

    assert (described.path, described.bytes) == (str(posts), 5 + 250 * 9)
    assert described.modified_ns == posts.stat().st_mtime_ns
    assert described.sha256 == hashlib.sha256(posts.read_bytes()).hexdigest()


def test_the_rows_of_a_file_are_counted_on_the_way(posts: Path) -> None:
    assert describe_input(posts).rows == pytest.approx(250, abs=1)


def test_the_rows_of_a_file_that_is_not_read_are_estimated(
    posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.prediction.job._BLOCK_BYTES", 100)

    described = describe_input(posts, hashed=False)

    assert described.sha256 == ""
    assert described.rows == pytest.approx(250, rel=0.2)


@pytest.mark.parametrize("hashed", [True, False])
def test_the_rows_of_a_parquet_file_are_known(tmp_path: Path, hashed: bool) -> None:
    path = write_parquet(tmp_path / "posts.parquet", [{"text": "so\nhappy"}] * 250)

    assert describe_input(path, hashed=hashed).rows == 250


def test_a_relative_path_is_described_as_an_absolute_one(
    posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(posts.parent)

    assert describe_input(Path("posts.csv")).path == str(posts)


def test_a_job_comes_back_from_json() -> None:
    job = PredictionJob((InputFile("/a.csv", 1, 2, "aa"),), {"classifier": "bb"})

    assert PredictionJob.from_json(json.loads(json.dumps(asdict(job)))) == job


def test_a_job_has_the_rows_of_its_files() -> None:
    file = InputFile("/a.csv", 1, 2, "aa", 40)

    assert PredictionJob((file, replace(file, path="/b.csv", rows=2)), {}).rows == 42


def test_the_number_of_rows_makes_no_difference() -> None:
    file = InputFile("/a.csv", 1, 2, "aa", 40)

    assert describe_changes(PredictionJob((file,), {}), PredictionJob((replace(file, rows=41),), {})) == []


def test_many_changed_files_are_counted() -> None:
    files = tuple(InputFile(f"/{number}.csv", 1, 2, "aa") for number in range(10))
    changed = tuple(replace(file, sha256="bb") for file in files)

    changes = describe_changes(PredictionJob(files, {}), PredictionJob(changed, {}))

    assert len(changes) == 4
    assert changes[-1] == "7 more files have changed"


def test_many_new_files_are_counted() -> None:
    files = tuple(InputFile(f"/{number}.csv", 1, 2, "aa") for number in range(10))

    (change,) = describe_changes(PredictionJob(files[:1], {}), PredictionJob(files, {}))

    assert change.endswith("/1.csv, /2.csv, /3.csv and 6 more are new")


def test_a_file_that_is_as_it_was_is_not_reported(posts: Path) -> None:
    check_unchanged([describe_input(posts)])


def test_a_file_that_is_written_to_meanwhile_is_reported(posts: Path) -> None:
    described = describe_input(posts)
    posts.write_bytes(posts.read_bytes().replace(b"happy", b"sorry"))
    os.utime(posts, ns=(0, described.modified_ns + 1))

    with pytest.raises(DataError, match=r"posts\.csv was changed while it was being classified"):
        check_unchanged([described])


def test_a_file_whose_time_alone_is_new_is_not_reported(posts: Path) -> None:
    described = describe_input(posts)
    os.utime(posts, ns=(0, described.modified_ns + 1))

    check_unchanged([described])


def test_a_file_with_another_time_and_unknown_contents_comes_with_a_way_to_make_it_the_same(
    posts: Path,
) -> None:
    os.utime(posts, ns=(0, 86_400_000_000_123))
    described = describe_input(posts, hashed=False)
    os.utime(posts, (1, 1))

    with pytest.raises(RequestError, match=r"posts\.csv has another modification time") as caught:
        check_unchanged([described])

    assert f"touch -d 1970-01-02T00:00:00.000000123Z {posts}" in caught.value.hint


def test_a_file_that_is_gone_meanwhile_is_reported(posts: Path) -> None:
    described = describe_input(posts)
    posts.unlink()

    with pytest.raises(RequestError, match=r"posts\.csv can no longer be read: No such file"):
        check_unchanged([described])
