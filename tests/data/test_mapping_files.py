"""Names of label ids that the user gives: as a list, and in files of several kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from source_files import named_labels, refusal, write_csv, write_tweeteval
from textune.data.held_out import load_held_out
from textune.data.mapping_files import read_names
from textune.data.sources import load_source
from textune.errors import DataError
from textune.recipe.settings import DataSettings


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "posts.csv", [(f"post {number}", str(number % 2)) for number in range(30)])


def test_ids_are_named_by_a_list(posts: Path) -> None:
    loaded = load_source(str(posts), DataSettings(label_names=["joy", "anger"]))

    assert list(loaded.label_names) == ["joy", "anger"]
    by_text = dict(zip(loaded["train"].texts, named_labels(loaded, "train"), strict=True))
    assert all(name == ["joy", "anger"][int(text.split()[1]) % 2] for text, name in by_text.items())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("emotions.txt", "joy\nanger\n\n"),
        ("mapping.txt", "0\tjoy\n1\tanger"),
        ("mapping.txt", "0\tjoy\t_red_heart_\n1\tanger\t_fire_\n"),
        ("names.csv", "1,anger\n0,joy\n"),
        ("names.txt", "0: joy\n1: anger\n"),
        ("names.txt", "0 joy\n1 anger\n"),
        ("names.csv", "id,name\n0,joy\n1,anger\n"),
        ("names.csv", "name,id\nanger,1\njoy,0\n"),
        ("names.tsv", "joy\t0\nanger\t1\n"),
        ("names.json", '["joy", "anger"]'),
        ("names.json", '{"0": "joy", "1": "anger"}'),
        ("names.json", '{"joy": 0, "anger": 1}'),
        ("config.json", '{"id2label": {"0": "joy", "1": "anger"}, "hidden_size": 16}'),
    ],
)
def test_a_file_of_names_is_read_as_people_write_them(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")

    assert read_names(tmp_path / name) == {0: "joy", 1: "anger"}


@pytest.mark.parametrize("lines", [["7 days", "30 days"], ["grade: 1", "grade: 2"], ["joy", "Top, 10"]])
def test_a_name_may_hold_a_number(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "names.txt").write_text("\n".join(lines), encoding="utf-8")

    assert list(read_names(tmp_path / "names.txt").values()) == lines


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("names.txt", "joy\n\nanger\n", "line 2: there is no name"),
        ("names.txt", "0\tjoy\nanger\n", "line 2: expected an id, a tab and a name, found 'anger'"),
        ("names.txt", "0\tjoy\n1\tanger\nfear\n", "line 3: expected an id, a tab and a name"),
        (
            "names.txt",
            "0 joy\n1\tanger\n2\tfear\n",
            "line 1: expected an id, a tab and a name, found '0 joy'",
        ),
        ("names.txt", "0\tjoy\tglee\n1\tanger\tfury\n", "line 1: expected an id, a tab and a name"),
        ("names.txt", "0\tjoy\n\n0\tanger\n", "line 3: the name 'anger' of the id 0 or its id occurs twice"),
        ("names.txt", "joy\njoy\n", "line 2: the name 'joy' of the id 1 or its id occurs twice"),
        ("names.json", "joy", "is not JSON"),
        ("names.json", '{"joy": "anger"}', "maps no ids to names"),
        ("names.json", "[1, 2]", "maps no ids to names"),
    ],
)
def test_a_file_of_names_that_is_wrong_is_reported(
    tmp_path: Path, name: str, content: str, fault: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match=fault) as caught:
        read_names(tmp_path / name)

    assert caught.value.hint


def test_a_file_of_names_that_is_missing_is_reported(posts: Path, tmp_path: Path) -> None:
    error = refusal(posts, label_names=str(tmp_path / "names.txt"))

    assert error.message == f"There is no file or folder {tmp_path / 'names.txt'}."


def test_ids_that_the_list_lacks_are_reported(posts: Path) -> None:
    assert "the label 1 has no name" in refusal(posts, label_names=["joy"]).message


def test_names_stay_where_a_list_repeats_them(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "posts.csv", [(f"post {n}", ["joy", "anger"][n % 2]) for n in range(30)])

    loaded = load_source(str(path), DataSettings(label_names=["joy", "anger"]))

    assert list(loaded.label_names) == ["joy", "anger"]


def test_names_of_the_source_are_left_aside_on_request(tmp_path: Path) -> None:
    loaded = load_source(str(write_tweeteval(tmp_path)), DataSettings(label_names="none"))

    assert list(loaded.label_names) == ["0", "1"]


def test_a_mapping_beside_tables_names_their_ids(posts: Path, tmp_path: Path) -> None:
    posts.rename(tmp_path / "train.csv")
    (tmp_path / "mapping.txt").write_text("0\tjoy\n1\tanger\n", encoding="utf-8")

    loaded = load_source(str(tmp_path))

    assert list(loaded.label_names) == ["joy", "anger"]
    assert loaded.notes[0] == "Labels are named after mapping.txt."


@pytest.mark.parametrize("mapping", ["0\tjoy\n1\tanger\n", "joy\nanger\n", "0,joy\n1,anger\n"])
def test_a_mapping_is_read_alike_in_a_text_folder_and_beside_tables(tmp_path: Path, mapping: str) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "mapping.txt").write_text(mapping, encoding="utf-8")

    assert list(load_source(str(tmp_path)).label_names) == ["joy", "anger"]


@pytest.mark.parametrize("blank", ["", " "])
def test_a_mapping_beside_tables_names_ids_although_some_rows_have_none(tmp_path: Path, blank: str) -> None:
    write_csv(tmp_path / "train.csv", [(f"post {number}", str(number % 2)) for number in range(30)])
    write_csv(tmp_path / "test.csv", [("post a", blank), ("post b", blank)])
    (tmp_path / "mapping.txt").write_text("0\tjoy\n1\tanger\n", encoding="utf-8")

    loaded = load_source(str(tmp_path))

    assert list(loaded.label_names) == ["joy", "anger"]


def test_a_mapping_beside_tables_names_ids_in_lists_of_one(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"post {number}", "label": [number % 2]}) for number in range(30)]
    (tmp_path / "train.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "mapping.txt").write_text("0\tjoy\n1\tanger\n", encoding="utf-8")

    assert list(load_source(str(tmp_path)).label_names) == ["joy", "anger"]


def test_a_mapping_names_ids_of_a_table_beside_one_with_names(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [(f"post {number}", str(number % 2)) for number in range(30)])
    write_csv(
        tmp_path / "test.csv", [(f"new {number}", ["joy", "anger"][number % 2]) for number in range(10)]
    )
    (tmp_path / "mapping.txt").write_text("0\tjoy\n1\tanger\n", encoding="utf-8")

    loaded = load_source(str(tmp_path))

    assert named_labels(loaded, "test") == ["joy", "anger"] * 5
    assert loaded.notes[0] == "Labels are named after mapping.txt."


def test_a_mapping_beside_tables_with_names_is_reported_as_not_used(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [(f"post {n}", ["joy", "anger"][n % 2]) for n in range(30)])
    (tmp_path / "mapping.txt").write_text("0\tsad\n1\tglad\n", encoding="utf-8")

    loaded = load_source(str(tmp_path))

    assert list(loaded.label_names) == ["anger", "joy"]
    assert loaded.notes[0] == "mapping.txt is not used, since not all labels are ids."


def test_a_mapping_beside_a_table_that_stores_its_names_is_not_said_to_name_them(tmp_path: Path) -> None:
    features = Features(text=Value("string"), label=ClassLabel(names=["glad", "sad"]))
    rows = {"text": [f"post {number}" for number in range(30)], "label": [0, 1] * 15}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "train.parquet")
    (tmp_path / "mapping.txt").write_text("0\tjoy\n1\tanger\n", encoding="utf-8")

    loaded = load_source(str(tmp_path))

    assert list(loaded.label_names) == ["glad", "sad"]
    assert not any("mapping.txt" in note for note in loaded.notes)


def test_names_that_a_run_remembers_do_not_replace_those_of_another_source(tmp_path: Path) -> None:
    settings = DataSettings(label_names=["joy", "anger"])

    held_out = load_held_out(
        str(write_tweeteval(tmp_path)), settings, split="test", label_names=["joy", "anger"], given=set()
    )

    assert held_out["test"].labels.tolist() == [1, 0] * 3  # 0 is anger in that source.


def test_names_that_a_run_remembers_name_the_ids_of_a_source_without_names(posts: Path) -> None:
    settings = DataSettings(label_names=["joy", "anger"])

    held_out = load_held_out(str(posts), settings, split="test", label_names=["anger", "joy"], given=set())

    assert held_out["test"].labels.tolist()[:2] == [1, 0]


def stored_ids(path: Path, names: list[str]) -> None:
    """Write ten rows for each of the ids, whose names the file stores."""
    ids = list(range(len(names))) * 10
    columns = {"text": [f"{path.stem} {row}" for row in range(len(ids))], "label": ids}
    features = Features({"text": Value("string"), "label": ClassLabel(names=names)})
    Dataset.from_dict(columns, features=features).to_parquet(path)


@pytest.mark.parametrize("names", [["a", "b", "c"], "none"])
def test_no_names_can_be_given_to_ids_that_mean_something_else_in_another_file(
    tmp_path: Path, names: Any
) -> None:
    stored_ids(tmp_path / "train.parquet", ["anger", "joy", "love"])
    stored_ids(tmp_path / "test.parquet", ["joy", "love"])

    error = refusal(tmp_path, label_names=names)

    assert "train.parquet stores 'anger' for the id 0, and" in error.message
    assert "test.parquet stores 'joy': data.label_names cannot mean both" in error.message


def test_stored_names_cannot_change_places(tmp_path: Path) -> None:
    stored_ids(tmp_path / "train.parquet", ["anger", "joy", "love"])

    error = refusal(tmp_path, label_names=["joy", "love", "anger"])

    assert "data.label_names gives the name 'anger' to the id 2, but" in error.message


def test_stored_names_can_be_replaced_by_others(tmp_path: Path) -> None:
    stored_ids(tmp_path / "train.parquet", ["anger", "joy", "love"])

    loaded = load_source(str(tmp_path), DataSettings(label_names=["Wut", "joy", "Liebe"]))

    assert list(loaded.label_names) == ["Wut", "joy", "Liebe"]
