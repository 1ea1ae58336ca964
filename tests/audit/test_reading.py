"""From an unchecked source to what can be audited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datasets import Dataset

from audited_examples import found
from source_files import write_csv, write_tweeteval
from textune.audit.checks import AuditInput
from textune.audit.findings import examples_of
from textune.audit.reading import read_for_audit
from textune.data.columns import ColumnChoice
from textune.data.sources import load_source, read_source
from textune.recipe.settings import DataSettings

ROWS = [(f"post number {number}", "joy" if number % 2 else "anger") for number in range(20)]


def read(path: Path) -> AuditInput:
    settings = DataSettings(source=str(path), validation_fraction=0.1, test_fraction=0.2, split_seed=0)
    return read_for_audit(read_source(str(path), ColumnChoice(others=True)), settings)


def test_a_sound_source_gives_all_rows_and_no_finding(tmp_path: Path) -> None:
    audited = read(write_csv(tmp_path / "posts.csv", ROWS))

    assert [example.text for example in audited.examples] == [text for text, _ in ROWS]
    assert audited.label_names == ("anger", "joy")
    assert audited.refused == ()


def test_rows_keep_their_numbers_and_lines_where_others_are_left_out(tmp_path: Path) -> None:
    audited = read(write_csv(tmp_path / "posts.csv", [("", "joy"), ("so sad", ""), *ROWS]))

    assert (audited.examples[0].row, audited.examples[0].place) == (2, "line 4")


def test_a_text_that_has_none_of_several_labels_is_usable(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    sets = [["joy"], [], ["joy", "anger"], ["anger"]]
    rows = [{"text": f"post {number}", "labels": sets[number % 4]} for number in range(40)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    audited = read(path)

    assert [example.labels for example in audited.examples[:4]] == [(1,), (), (0, 1), (0,)]
    assert (audited.is_multi_label, audited.refused) == (True, ())


def test_rows_without_text_or_label_are_one_error(tmp_path: Path) -> None:
    audited = read(write_csv(tmp_path / "posts.csv", [*ROWS, ("  ", "joy"), ("so sad", "")]))

    (finding,) = found(audited.refused, "D001")
    assert (finding.severity, finding.count) == ("error", 2)
    assert [(row.row, row.note) for row in finding.rows] == [(20, "no text"), (21, "no label")]


def test_what_is_not_text_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    lines = [json.dumps({"text": text, "label": label}) for text, label in [*ROWS, (17, "joy")]]
    path.write_text("\n".join(lines), encoding="utf-8")

    (finding,) = found(read(path).refused, "D001")

    assert [(row.text, row.note) for row in finding.rows] == [("17", "not a text")]


@pytest.mark.parametrize(
    ("extra", "title"),
    [
        ([("so afraid", "fear")], "The label 'fear' has 1 distinct text"),
        ([("so afraid", "fear"), ("So  Afraid", "fear")], "The label 'fear' has 1 distinct text"),
    ],
)
def test_what_training_refuses_is_an_error_in_its_own_words(
    tmp_path: Path, extra: list[tuple[str, str]], title: str
) -> None:
    audited = read(write_csv(tmp_path / "posts.csv", [*ROWS, *extra]))

    (finding,) = found(audited.refused, "D002")
    assert finding.severity == "error"
    assert title in finding.title
    assert finding.advice


def test_labels_that_training_refuses_are_audited_as_they_are_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", ROWS)
    write_csv(tmp_path / "test.csv", [("so afraid", "fear"), ("so happy", "joy")])

    audited = read(tmp_path)

    assert [finding.id for finding in audited.refused] == ["D002"]
    assert audited.label_names == ("anger", "fear", "joy")
    assert len(audited.examples) == 22


def test_a_source_of_one_class_is_audited_all_the_same(tmp_path: Path) -> None:
    audited = read(write_csv(tmp_path / "posts.csv", [(text, "joy") for text, _ in ROWS]))

    assert "one class" in found(audited.refused, "D002")[0].title
    assert len(audited.examples) == 20


def test_a_folder_without_train_is_an_error(tmp_path: Path) -> None:
    write_csv(tmp_path / "test.csv", ROWS)

    assert "no train split" in found(read(tmp_path).refused, "D002")[0].title


def test_a_source_without_a_usable_row_has_no_examples(tmp_path: Path) -> None:
    audited = read(write_csv(tmp_path / "posts.csv", [("", "joy"), (" ", "anger")]))

    assert audited.examples == ()
    assert [finding.id for finding in audited.refused] == ["D001", "D002"]


def test_a_held_out_split_without_labels_is_left_out_with_a_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", ROWS)
    write_csv(tmp_path / "test.csv", [("so happy", ""), ("so sad", "")])

    audited = read(tmp_path)

    assert {example.split for example in audited.examples} == {"train"}
    assert audited.notes == ("The split test has no labelled rows and is ignored.",)


def test_names_of_mapping_txt_are_the_labels_even_where_training_refuses_them(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "val_labels.txt").write_text("0\n1\n0\n1\n0\n7\n", encoding="utf-8")

    audited = read(tmp_path)

    assert set(audited.label_names) == {"anger", "joy", "7"}


def test_other_columns_stand_beside_the_examples(tmp_path: Path) -> None:
    rows = [(*row, f"author {number}") for number, row in enumerate([("", "joy"), *ROWS])]
    path = write_csv(tmp_path / "posts.csv", rows, header=("text", "label", "author"))

    audited = read(path)

    assert list(audited.columns) == ["author"]
    assert audited.columns["author"][0] == "author 1"
    assert len(audited.columns["author"]) == len(audited.examples)


def test_a_column_that_a_split_lacks_is_empty_there(tmp_path: Path) -> None:
    rows = [(*row, "web") for row in ROWS]
    write_csv(tmp_path / "train.csv", rows, header=("text", "label", "origin"))
    write_csv(tmp_path / "test.csv", ROWS)

    assert read(tmp_path).columns["origin"] == ["web"] * 20 + [None] * 20


def test_shards_are_named_in_the_places(tmp_path: Path) -> None:
    write_csv(tmp_path / "train-00000-of-00002.csv", ROWS[:10])
    write_csv(tmp_path / "train-00001-of-00002.csv", ROWS[10:])

    assert read(tmp_path).examples[10].place == "train-00001-of-00002.csv, line 2"


def test_a_loaded_data_set_gives_the_same_texts() -> None:
    source = load_source("sample:emotion")

    examples = examples_of(source)

    assert [example.text for example in examples if example.split == "test"] == source["test"].texts
    assert len(examples) == 600


def test_of_a_saved_data_set_columns_of_single_values_are_read(tmp_path: Path) -> None:
    rows = {
        "text": [text for text, _ in ROWS],
        "label": [label for _, label in ROWS],
        "stars": list(range(20)),
        "tags": [["a", "b"]] * 20,
    }
    Dataset.from_dict(rows).save_to_disk(str(tmp_path / "saved"))

    assert list(read(tmp_path / "saved").columns) == ["stars"]
