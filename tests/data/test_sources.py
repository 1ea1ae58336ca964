"""Sources: what every kind becomes, which notes it gives, and the errors for names that mean nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import ClassLabel, Features, Value
from pyarrow import parquet

from small_data import small_rows, write_small_csv
from source_files import refusal, sizes, texts, write_csv
from textune.data.sources import load_source
from textune.errors import DataError, HubError
from textune.recipe.settings import DataSettings

SPLITS = ["train", "validation", "test"]


def test_a_source_has_three_splits_with_text_and_label(tmp_path: Path) -> None:
    source = load_source(str(write_small_csv(tmp_path / "posts.csv")))

    assert list(source) == SPLITS
    assert source.label_names == ("anger", "joy", "sadness")
    assert source.to_dataset_dict()["train"].features == Features(
        text=Value("string"), label=ClassLabel(names=["anger", "joy", "sadness"])
    )
    assert source.name == str(tmp_path / "posts.csv")


def test_a_file_is_split_and_the_person_is_informed(tmp_path: Path) -> None:
    source = load_source(str(write_small_csv(tmp_path / "posts.csv", 90)))

    assert sizes(source) == {"train": 63, "validation": 9, "test": 18}
    assert source.notes == (
        "There is no validation or test split: validation (9 rows) and test (18 rows) were made from "
        "train, which keeps 63 rows. All splits have the same class shares. Texts that differ only in case "
        "and spaces stay together.",
    )


def test_only_the_split_that_is_missing_is_made(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv", 90)
    write_small_csv(tmp_path / "test.csv", 30, seed=1)

    source = load_source(str(tmp_path))

    assert sizes(source) == {"train": 81, "validation": 9, "test": 30}
    assert texts(source, "test") == [text for text, _ in small_rows(30, seed=1)]
    assert source.notes[0].startswith("There is no validation split: validation (9 rows) was made from train")


def test_the_splits_follow_fractions_and_seed(tmp_path: Path) -> None:
    path = str(write_small_csv(tmp_path / "posts.csv", 90))

    source = load_source(path, DataSettings(validation_fraction=0.2, test_fraction=0.4, split_seed=1))

    assert sizes(source) == {"train": 36, "validation": 18, "test": 36}
    assert texts(source, "test") != texts(load_source(path, DataSettings(test_fraction=0.4)), "test")


def test_the_fingerprint_is_the_same_for_the_same_rows_in_another_format(tmp_path: Path) -> None:
    rows = [{"text": text, "label": label} for text, label in small_rows(30)]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "posts.jsonl").write_text(lines, encoding="utf-8")
    write_small_csv(tmp_path / "posts.csv", 30)
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "posts.parquet")

    sources = [load_source(str(tmp_path / f"posts.{suffix}")) for suffix in ("csv", "jsonl", "parquet")]

    assert len({source.fingerprint for source in sources}) == 1


def test_the_fingerprint_does_not_change_from_one_version_to_the_next(tmp_path: Path) -> None:
    source = load_source(str(write_small_csv(tmp_path / "posts.csv", 30)))

    assert source.fingerprint == "60e40bdbc71d96b3a2a52dfe56b2479fb53985199a64b996dc36b6c956367ad5"


@pytest.mark.parametrize(
    "change", [("so happy", "joy"), ("so sad", "sadness"), ("so happy today", "anger")], ids=str
)
def test_the_fingerprint_changes_with_a_text_or_a_label(change: tuple[str, str], tmp_path: Path) -> None:
    rows = small_rows(30)
    before = load_source(str(write_csv(tmp_path / "a.csv", [*rows, ("so happy today", "joy")])))

    after = load_source(str(write_csv(tmp_path / "a.csv", [*rows, change])))

    assert after.fingerprint != before.fingerprint


def test_rows_that_train_shares_with_test_are_counted(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", small_rows(30))
    write_csv(tmp_path / "validation.csv", small_rows(30, seed=1))
    shared = [(f"  {text.upper()}", label) for text, label in small_rows(2)]
    write_csv(tmp_path / "test.csv", [*small_rows(10, seed=2), *shared])

    source = load_source(str(tmp_path))

    assert source.notes == ("2 of 12 rows of test also occur in train (ignoring case and spaces).",)


def test_a_class_that_a_given_split_lacks_is_noted(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", small_rows(30))
    write_csv(tmp_path / "test.csv", [("a new post", "joy"), ("another one", "anger")])

    assert "The split test has no row with the label: sadness." in load_source(str(tmp_path)).notes


@pytest.mark.parametrize("word", ["nan", "NULL", r"\N", "SKIP", "rejected"])
def test_a_label_that_may_stand_for_none_is_noted(word: str, tmp_path: Path) -> None:
    rows = [*small_rows(30), *((f"post {number}", word) for number in range(5))]

    notes = load_source(str(write_csv(tmp_path / "posts.csv", rows))).notes

    assert any(f"The label {word!r} is a class like any other" in note for note in notes)


def test_labels_that_differ_in_case_only_are_noted(tmp_path: Path) -> None:
    rows = [*small_rows(30), *((f"post {number}", "Joy") for number in range(5))]

    notes = load_source(str(write_csv(tmp_path / "posts.csv", rows))).notes

    (note,) = [note for note in notes if note.startswith("These labels look alike but count as different")]
    assert "Joy, joy. If they mean the same, write them alike" in note


def test_texts_without_letters_are_noted(tmp_path: Path) -> None:
    numbers = [(f"{number:,}.50", label) for number, (_, label) in enumerate(small_rows(60), start=1000)]
    words = [*small_rows(30), *numbers[:30]]

    of_numbers, of_words = (
        " ".join(load_source(str(write_csv(tmp_path / "posts.csv", rows))).notes) for rows in (numbers, words)
    )

    assert "texts of train have no letters, only numbers and signs" in of_numbers
    assert "no letters" not in of_words


def test_the_sample_is_loaded_by_its_name() -> None:
    source = load_source("sample:emotion")

    assert sizes(source) == {"train": 400, "validation": 80, "test": 120}
    assert list(source.label_names) == ["anger", "joy", "optimism", "sadness"]
    assert source.notes == ()


@pytest.mark.parametrize("name", ["sample:emotions", "sample:"])
def test_an_unknown_sample_is_answered_with_those_that_are_there(name: str) -> None:
    error = refusal(name)

    assert "There is no sample" in error.message
    assert error.hint == "The samples are: sample:emotion."


@pytest.mark.parametrize(
    "name",
    ["posts.csv", "./posts", "/nowhere/posts", "~/nowhere/posts.csv", "a/b/c", "data\\posts", "x.json"],
)
def test_a_path_that_is_not_there_is_not_looked_up_on_the_hub(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("textune.data.sources.fetch_dataset", None)

    assert refusal(name).message.startswith("There is no file or folder ")


def test_a_bare_name_is_answered_with_what_a_source_may_be() -> None:
    error = refusal("imdb")

    assert error.message == "'imdb' is not a source: there is no file or folder with that name."
    assert "owner/name:configuration, or sample:emotion" in error.hint


def test_the_bare_name_of_a_sample_is_answered_with_its_full_name() -> None:
    assert refusal("emotions").hint.startswith("Did you mean sample:emotion?")


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "owner/" + "x" * 300, "owner/..", "a\ud800b"])
def test_a_name_that_nothing_can_have_is_refused(name: str) -> None:
    assert isinstance(refusal(name), DataError | HubError)


def test_another_file_is_answered_with_the_kinds_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "posts.docx").write_text("so happy\n", encoding="utf-8")

    assert "Give a file with one of the suffixes .csv, .tsv" in refusal(tmp_path / "posts.docx").hint


def test_loading_a_file_imports_nothing_heavy_and_writes_nothing_elsewhere(tmp_path: Path) -> None:
    path = write_small_csv(tmp_path / "posts.csv")
    code = (
        "import sys\n"
        "from textune.data.sources import load_source\n"
        f"load_source({str(path)!r})\n"
        "print([name for name in ('torch', 'transformers', 'sklearn', 'datasets') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(tmp_path / "home"), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == [path]
