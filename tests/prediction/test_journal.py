"""The journal of a prediction: what it records, and what it refuses to resume."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from table_files import write
from textune.errors import DataError, RequestError, StorageError
from textune.prediction.job import InputFile, PredictionJob, describe_input
from textune.prediction.journal import Journal, journal_folder, open_journal, started_job

FIRST = InputFile("/data/a.csv", 100, 1_000, "aa" * 32)
SECOND = InputFile("/data/b.csv", 200, 2_000, "bb" * 32)
JOB = PredictionJob((FIRST, SECOND), {"classifier": "cc" * 32, "text column": ""})


def add_part(journal: Journal, content: str = "part", *, rows: int = 3) -> Path:
    """Write a part and note it; return its file."""
    path = journal.next_path(".csv")
    path.write_text(content)
    journal.add(path, rows=rows)
    return path


def begin(output: Path, *, parts: int = 2) -> Path:
    """Begin a prediction with some parts, and stop; return the journal's file."""
    with open_journal(output, JOB) as journal:
        for number in range(parts):
            add_part(journal, f"part {number}")
    return journal.path


def refusal(output: Path, job: PredictionJob) -> RequestError:
    """Return the error with which going on is refused; everything must stay as it is."""
    before = sorted(path.name for path in journal_folder(output).iterdir())
    with pytest.raises(RequestError) as caught, open_journal(output, job):
        pass
    assert "--restart" in caught.value.hint
    assert sorted(path.name for path in journal_folder(output).iterdir()) == before
    return caught.value


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_a_journal_without_a_part_leaves_nothing(output: Path) -> None:
    with open_journal(output, JOB) as journal:
        assert journal.path.is_file()

    assert list(output.parent.iterdir()) == []


def test_parts_are_found_again_in_order(output: Path) -> None:
    begin(output)

    with open_journal(output, JOB) as journal:
        assert [path.read_text() for path in journal.paths] == ["part 0", "part 1"]
        assert journal.rows == 6


def test_parts_follow_those_that_are_there(output: Path) -> None:
    begin(output)
    with open_journal(output, JOB) as journal:
        add_part(journal, "part 2")

    with open_journal(output, JOB) as journal:
        assert [path.name for path in journal.paths] == ["00000.csv", "00001.csv", "00002.csv"]


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ((replace(FIRST, bytes=1_100, sha256="dd"), SECOND), "/data/a.csv has 1,100 bytes and had 100"),
        ((FIRST, replace(SECOND, sha256="dd")), "/data/b.csv has other contents"),
        ((FIRST, SECOND, replace(FIRST, path="/data/c.csv")), "/data/c.csv is new"),
        ((FIRST,), "/data/b.csv is gone"),
        ((SECOND, FIRST), "the input's files are in another order"),
    ],
)
def test_an_input_that_has_changed_is_named(output: Path, now: tuple[InputFile, ...], message: str) -> None:
    begin(output)

    error = refusal(output, replace(JOB, files=now))

    assert f"The stopped prediction of {output} cannot be resumed" in error.message
    assert message in error.message


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("classifier", "dd" * 32, "the classifier is dddddddddddd and was cccccccccccc"),
        ("text column", "body", "the text column is body and was none"),
    ],
)
def test_a_setting_that_has_changed_is_named(output: Path, name: str, value: str, message: str) -> None:
    begin(output)

    error = refusal(output, replace(JOB, settings={**JOB.settings, name: value}))

    assert message in error.message


def test_another_runtime_is_reported_with_the_option_that_resumes(output: Path) -> None:
    with open_journal(output, replace(JOB, settings={"runtime": "onnx"})) as journal:
        add_part(journal)

    error = refusal(output, replace(JOB, settings={"runtime": "torch"}))

    assert "the runtime is torch and was onnx" in error.message
    assert "Resume it with --runtime onnx" in error.hint


def test_an_option_that_would_not_do_is_not_named(output: Path) -> None:
    with open_journal(output, replace(JOB, settings={"runtime": "onnx", "classifier": "a"})) as journal:
        add_part(journal)

    error = refusal(output, replace(JOB, settings={"runtime": "torch", "classifier": "b"}))

    assert "--runtime" not in error.hint


def test_what_a_prediction_was_started_with_can_be_asked_for(output: Path) -> None:
    begin(output)

    assert started_job(output) == JOB


def test_a_prediction_that_was_not_started_has_no_job(output: Path) -> None:
    assert started_job(output) is None


def test_all_that_has_changed_is_reported_at_once(output: Path) -> None:
    begin(output)

    changed = PredictionJob((replace(FIRST, bytes=1), replace(SECOND, bytes=1)), {"classifier": "dd" * 32})

    assert refusal(output, changed).message.count(";") == 2


def test_a_file_whose_time_alone_has_changed_is_the_same(output: Path) -> None:
    begin(output)
    touched = replace(JOB, files=(replace(FIRST, modified_ns=9), SECOND))

    with open_journal(output, touched) as journal:
        assert len(journal.parts) == 2


def test_the_time_decides_where_contents_were_not_read(output: Path) -> None:
    unread = replace(JOB, files=(replace(FIRST, sha256=""),))
    with open_journal(output, unread) as journal:
        add_part(journal)

    error = refusal(output, replace(JOB, files=(replace(FIRST, sha256="", modified_ns=9),)))

    assert "/data/a.csv was changed" in error.message


def test_restart_forgets_what_was_done(output: Path) -> None:
    begin(output)
    other = replace(JOB, settings={"classifier": "dd" * 32})

    with open_journal(output, other, restart=True) as journal:
        assert journal.parts == []
        assert list(journal.folder.iterdir()) == [journal.path]


def test_a_line_that_was_not_written_whole_makes_room_for_another(output: Path) -> None:
    path = begin(output)
    path.write_bytes(path.read_bytes() + b'{"name": "00002.cs')

    with open_journal(output, JOB) as journal:
        add_part(journal)

    assert [json.loads(line)["name"] for line in path.read_text().splitlines()[1:]] == [
        "00000.csv",
        "00001.csv",
        "00002.csv",
    ]


def test_a_part_that_no_line_tells_of_is_deleted(output: Path) -> None:
    folder = begin(output).parent
    (folder / "00002.csv").write_text("not noted")
    (folder / ".00003.csv.x.partial").write_text("half")

    with open_journal(output, JOB) as journal:
        assert sorted(path.name for path in folder.iterdir()) == ["00000.csv", "00001.csv", journal.path.name]


def test_parts_count_up_to_the_first_that_is_not_as_it_was_written(output: Path) -> None:
    folder = begin(output, parts=3).parent
    (folder / "00001.csv").write_text("shorter")

    with open_journal(output, JOB) as journal:
        assert [part.name for part in journal.parts] == ["00000.csv"]
        assert not (folder / "00002.csv").exists()


def test_a_journal_whose_first_line_was_not_written_whole_starts_over(output: Path) -> None:
    path = begin(output)
    path.write_bytes(path.read_bytes()[:20])

    with open_journal(output, JOB) as journal:
        assert journal.parts == []


@pytest.mark.parametrize("line", ["{}", '{"format": 2, "files": [], "settings": {}}', "[]", "nothing"])
def test_a_journal_that_cannot_be_read_is_reported(output: Path, line: str) -> None:
    begin(output).write_text(f"{line}\n")

    assert "its journal cannot be read" in refusal(output, JOB).message


def test_two_processes_do_not_write_the_same_output(output: Path) -> None:
    with open_journal(output, JOB) as journal:
        add_part(journal)
        with pytest.raises(RequestError, match=r"Another process is writing .*out\.csv"):
            begin(output)

        assert len(journal.parts) == 1


def test_a_folder_that_is_in_the_way_is_left_alone(output: Path) -> None:
    folder = journal_folder(output)
    folder.mkdir()
    (folder / "letters.txt").write_text("mine")

    with pytest.raises(RequestError, match=r"is in use: it holds letters\.txt"):
        begin(output)

    assert (folder / "letters.txt").read_text() == "mine"


@pytest.fixture
def posts(tmp_path: Path) -> InputFile:
    """An input that is there."""
    return describe_input(write(tmp_path / "posts.csv", "text\nso happy\n"))


def change(file: InputFile, content: str = "text\nso sorry\n") -> None:
    """Give a file other contents."""
    path = write(Path(file.path), content)
    os.utime(path, (1, 1))


def fail(output: Path, files: Sequence[InputFile], error: Exception) -> None:
    """Go on with a prediction that fails while it reads files."""
    with open_journal(output, JOB) as journal, journal.checked_input(files):
        raise error


@pytest.mark.parametrize(
    "error",
    [DataError("line 9", "Fix it."), RequestError("no GPU", "Get one."), StorageError("full", "Tidy.")],
)
def test_a_failure_keeps_what_is_done_and_says_how_to_continue(
    output: Path, posts: InputFile, error: RequestError
) -> None:
    begin(output)

    with pytest.raises(RequestError, match=error.message) as caught:
        fail(output, [posts], error)

    advice = "run the same command again to resume, or with --restart"
    assert f"The finished parts are kept in {output}.parts: {advice}" in caught.value.hint
    with open_journal(output, JOB) as journal:
        assert len(journal.parts) == 2


def test_a_failure_before_a_part_is_done_promises_nothing(output: Path, posts: InputFile) -> None:
    with pytest.raises(DataError) as caught:
        fail(output, [posts], DataError("line 9", "Fix it."))

    assert caught.value.hint == "Fix it."


def test_an_input_that_was_changed_meanwhile_discards_what_is_done(output: Path, posts: InputFile) -> None:
    begin(output)

    with (
        pytest.raises(DataError, match=r"posts\.csv was changed") as caught,
        open_journal(output, JOB) as journal,
        journal.checked_input([posts]),
    ):
        change(posts)

    assert "is kept" not in caught.value.hint
    assert not journal_folder(output).exists()


def test_a_fault_in_an_input_that_was_changed_meanwhile_is_that_change(
    output: Path, posts: InputFile
) -> None:
    begin(output)
    change(posts)

    with pytest.raises(DataError, match=r"posts\.csv was changed"):
        fail(output, [posts], DataError("line 9", "Fix it."))

    assert not journal_folder(output).exists()


def test_an_input_that_is_gone_meanwhile_keeps_what_is_done(output: Path, posts: InputFile) -> None:
    begin(output)
    Path(posts.path).unlink()

    with (
        pytest.raises(RequestError, match="can no longer be read") as caught,
        open_journal(output, JOB) as journal,
        journal.checked_input([posts]),
    ):
        pass

    assert "The finished parts are kept" in caught.value.hint
    assert len(journal.paths) == 2


def test_files_that_speak_for_themselves_are_kept(output: Path) -> None:
    with open_journal(output, JOB, unlisted="part-*.parquet") as journal:
        (journal.folder / "part-00000-000000000001.parquet").write_text("rows")

    with open_journal(output, JOB, unlisted="part-*.parquet") as journal:
        assert (journal.folder / "part-00000-000000000001.parquet").read_text() == "rows"


def test_a_folder_of_parts_can_become_the_output(tmp_path: Path) -> None:
    with open_journal(tmp_path / "out", JOB, unlisted="part-*.parquet") as journal:
        (journal.folder / "part-0.parquet").write_text("rows")
        journal.become(tmp_path / "out")

    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["part-0.parquet"]
