"""Exports as sources: labels, splits, agreement, places, and what is refused."""

from __future__ import annotations

import gzip
import json
import random
import shlex
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict

from exported_files import labelled, read, texts_to_classify, write, write_array, write_lines
from textune.data.columns import ColumnChoice
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source
from textune.data.label_cells import LabelSet
from textune.data.sources import load_source, read_source
from textune.errors import DataError
from textune.prediction.inputs import read_texts
from textune.recipe.settings import DataSettings


def answer(text: str, label: str, person: str = "ann", **more: object) -> dict[str, object]:
    """Return a person's answer as Prodigy exports it."""
    choice = {"options": [], "accept": [label], "answer": "accept", "_annotator_id": person}
    return {"text": text, "_input_hash": text, **choice, **more}


def answers(count: int, *labels: str) -> list[dict[str, object]]:
    """Return answers about different texts, with the labels in turn."""
    return [answer(f"text {number}", labels[number % len(labels)]) for number in range(count)]


def test_an_export_is_a_source_like_any_other(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "posts.jsonl", answers(40, "joy", "anger"))

    source = load_source(str(export))

    assert source.label_names == ("anger", "joy")
    assert sum(map(len, source.values())) == 40
    assert all(
        int(text.split()[1]) % 2 != label
        for text, label in zip(source["test"].texts, source["test"].labels, strict=True)
    )


def test_labels_keep_every_character(tmp_path: Path) -> None:
    names = ("a, b", "1,2", "c#", "x|y", "['z']")
    export = write_lines(tmp_path / "posts.jsonl", answers(50, *names))

    assert load_source(str(export)).label_names == tuple(sorted(names))


def test_numbers_as_labels_are_in_their_order(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "posts.jsonl", answers(60, "10", "9", "1"))

    assert load_source(str(export)).label_names == ("1", "9", "10")


def test_several_labels_of_a_text_make_all_labels_sets(tmp_path: Path) -> None:
    rows = [*answers(40, "joy", "anger"), answer("hm", "joy") | {"accept": ["joy", "anger"]}]

    source = load_source(str(write_lines(tmp_path / "posts.jsonl", rows)))

    assert source.is_multi_label
    assert (
        source["train"].labels.sum() + source["validation"].labels.sum() + source["test"].labels.sum() == 42
    )


def doccano(*labels: str) -> dict[str, Any]:
    return {"id": 1, "text": f"about {labels}", "label": list(labels), "Comments": []}


def test_a_text_without_labels_may_be_one_that_nobody_has_looked_at(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "a.jsonl", [doccano("joy", "anger"), doccano(), doccano("joy")])

    source = read_source(str(export), ColumnChoice())

    assert source.splits["train"].labels == [LabelSet(("anger", "joy")), LabelSet(("joy",))]
    assert source.notes == (
        "a.jsonl is a doccano export: 3 texts, 2 labelled, 1 without annotation.",
        "Left out 1 text without any label. If they have none of the labels: --set data.label_kind=multi",
    )


def test_a_text_without_labels_has_none_of_several_on_request(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "a.jsonl", [doccano("joy", "anger"), doccano(), doccano("joy")])

    source = read_source(str(export), ColumnChoice(kind="multi"))

    assert source.splits["train"].labels[1] == LabelSet(())


def test_several_labels_of_a_text_are_refused_where_each_must_have_one(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "a.jsonl", [doccano("joy", "anger"), doccano("joy"), doccano("anger")])

    with pytest.raises(
        DataError, match=r"1 of 3 rows has several labels, such as \['anger', 'joy'\]: .*a.jsonl, line 1"
    ):
        load_source(str(export), DataSettings(label_kind="single"))


def test_annotators_decide_on_each_of_several_labels(tmp_path: Path) -> None:
    votes = [("joy", "love"), ("joy",), ("joy", "love"), ("love",)]
    people = [
        answer("hm", "x") | {"accept": list(own), "_annotator_id": f"p{n}"} for n, own in enumerate(votes)
    ]
    source = read_source(str(write_lines(tmp_path / "a.jsonl", people)), ColumnChoice())

    assert source.splits["train"].labels == [LabelSet(("joy", "love"))]
    assert source.notes[1].endswith(
        "A label counts if more than half of them gave it; if half did, it is not known."
    )
    assert [each.votes for each in source.disagreements] == ["joy + love 2, joy 1, love 1"]


def test_an_export_measures_a_classifier(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "posts.jsonl", answers(4, "joy", "anger"))

    held_out = load_held_out(str(export), DataSettings(), split="test", label_names=["joy", "anger", "fear"])

    assert held_out["test"].labels.tolist() == [0, 1, 0, 1]


def test_agreement_is_measured_where_several_people_labelled(tmp_path: Path) -> None:
    pairs = [("a", "joy", "joy"), ("b", "anger", "anger"), ("c", "joy", "joy"), ("d", "joy", "anger")]
    rows = [
        answer(text, label, who) for text, *labels in pairs for label, who in zip(labels, "xy", strict=True)
    ]

    notes = read(write_lines(tmp_path / "posts.jsonl", [*rows, answer("e", "joy", "x")])).notes

    assert notes == (
        "posts.jsonl is a Prodigy export: 9 rows about 5 texts, 4 labelled, 1 tied; 2 annotators.",
        "Where several annotators labelled a text, they all agree on 3 of 4, 75.0% (Krippendorff's alpha "
        "0.53). The most frequent label counts.",
        "Left out, since as many annotators gave one label as another: posts.jsonl, line 7.",
    )


def test_disagreement_is_kept_with_its_place(tmp_path: Path) -> None:
    rows = [
        answer("a", "joy", "x"),
        answer("b", "joy", "x"),
        answer("b", "joy", "y"),
        answer("b", "anger", "z"),
    ]

    (one,) = read(write_lines(tmp_path / "posts.jsonl", rows)).disagreements

    assert (one.split, one.row, one.text, one.place) == ("train", 1, "b", "posts.jsonl, line 2")
    assert one.votes == "joy 2, anger 1"


def test_splits_inside_are_used(tmp_path: Path) -> None:
    rows = [answer("a", "joy", meta={"split": "train"}), answer("b", "joy", meta={"split": "dev"})]

    assert labelled(write_lines(tmp_path / "posts.jsonl", rows)) == {
        "train": [("a", "joy")],
        "validation": [("b", "joy")],
    }


@pytest.mark.parametrize("last", ["test ", "TEST", "eval"])
def test_splits_inside_are_named_as_those_of_a_table(tmp_path: Path, last: str) -> None:
    rows = [answer("a", "joy", meta={"split": "train"}), answer("b", "joy", meta={"split": last})]

    assert labelled(write_lines(tmp_path / "posts.jsonl", rows)) == {
        "train": [("a", "joy")],
        "test": [("b", "joy")],
    }


def test_other_splits_inside_never_join_train(tmp_path: Path) -> None:
    names = ["train", "test", "holdout"]
    rows = [answer(name, "joy", meta={"split": name}) for name in names]

    source = read(write_lines(tmp_path / "posts.jsonl", rows))

    assert {split: rows.texts for split, rows in source.splits.items()} == {
        "train": ["train"],
        "test": ["test"],
    }
    assert "Ignored splits of the column 'split': 'holdout' (1 row)." in source.notes


def test_a_misspelt_split_inside_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = [answer(name, "joy", meta={"split": name}) for name in ("train", "test", "tset")]

    with pytest.raises(DataError, match=r"holds 'tset' here: .*posts.jsonl, line 3"):
        read(write_lines(tmp_path / "posts.jsonl", rows))


def test_splits_inside_are_left_aside_on_request(tmp_path: Path) -> None:
    rows = [answer("a", "joy", meta={"split": "train"}), answer("b", "joy", meta={"split": "test"})]
    export = write_lines(tmp_path / "posts.jsonl", rows)

    source = read_source(str(export), ColumnChoice.of(DataSettings(split_column="none")))

    assert {split: rows.texts for split, rows in source.splits.items()} == {"train": ["a", "b"]}


def test_a_field_of_a_task_may_be_the_chosen_column_of_splits(tmp_path: Path) -> None:
    result = [{"from_name": "mood", "value": {"choices": ["joy"]}}]
    data = [{"text": "a", "part": "train"}, {"text": "b", "part": "test"}]
    export = write_array(
        tmp_path / "posts.json", [{"data": each, "annotations": [{"result": result}]} for each in data]
    )
    chosen = ColumnChoice.of(DataSettings(text_column="text", split_column="part"))

    assert read_source(str(export), chosen).splits["test"].texts == ["b"]
    with pytest.raises(DataError, match="has no column 'parts'"):
        read_source(str(export), ColumnChoice.of(DataSettings(text_column="text", split_column="parts")))


def test_disagreement_is_kept_with_its_row_in_the_split_inside(tmp_path: Path) -> None:
    votes = [("a", "train", "joy"), ("b", "test", "joy"), ("c", "test", "joy"), ("c", "test", "joy")]
    rows = [
        answer(text, label, str(n), meta={"split": split}) for n, (text, split, label) in enumerate(votes)
    ]
    rows.append(answer("c", "anger", "x", meta={"split": "test"}))

    (one,) = read(write_lines(tmp_path / "posts.jsonl", rows)).disagreements

    assert (one.split, one.row, one.text, one.place) == ("test", 1, "c", "posts.jsonl, line 3")


def test_a_folder_of_exports_has_the_splits_that_they_are_named_after(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", answers(4, "joy", "anger"))
    task = {
        "data": {"text": "x"},
        "annotations": [{"result": [{"from_name": "l", "value": {"choices": ["joy"]}}]}],
    }
    write_array(tmp_path / "test.json", [task])

    source = read(tmp_path)

    assert labelled(tmp_path)["test"] == [("x", "joy")]
    assert [note.partition(":")[0] for note in source.notes] == [
        "train.jsonl is a Prodigy export",
        "test.json is a Label Studio export",
    ]


def test_an_export_beside_a_table_is_refused(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", answers(4, "joy", "anger"))
    write(tmp_path / "test.csv", "text,label\nso happy,joy\n")

    with pytest.raises(DataError, match=r"train.jsonl is an export .* but .*test.csv is an ordinary table"):
        read(tmp_path)


def test_the_command_that_converts_an_export_is_one_whatever_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "our posts"
    folder.mkdir()
    export = write_lines(folder / "train.jsonl", answers(4, "joy", "anger"))
    write(folder / "test.csv", "text,label\nso happy,joy\n")

    with pytest.raises(DataError) as caught:
        read(folder)

    words = shlex.split(caught.value.hint.partition(": ")[2])
    assert words == ["textune", "convert", str(export), str(export.with_suffix(".csv")), "--to", "csv"]


def test_a_compressed_export_is_read(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "posts.jsonl", answers(2, "joy", "anger"))
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(export.read_bytes()))

    assert labelled(packed) == labelled(export)


def test_settings_for_tables_make_it_a_table(tmp_path: Path) -> None:
    lines = "joy,so happy\nanger,go away\njoy,what a day\nanger,leave me alone\n"
    table = write(tmp_path / "posts.csv", lines)
    choice = ColumnChoice.of(DataSettings(header=False, text_column="2", label_column="1"))

    assert next(read_texts(table, choice)).others == {"1": "joy"}


def test_a_value_that_is_not_a_text_is_not_classified(tmp_path: Path) -> None:
    task = {"data": {"text": 3}, "annotations": []}

    with pytest.raises(DataError, match=r"posts.json, row 2 holds 3, not a text"):
        texts_to_classify(
            write_array(tmp_path / "posts.json", [{"data": {"text": "a"}, "annotations": []}, task])
        )


def test_damage_is_a_message_and_never_changes_how_many_texts_there_are(tmp_path: Path) -> None:
    chooser = random.Random(1)
    result = [{"from_name": "mood", "value": {"choices": ["joy"]}}]
    tasks = [
        {
            "id": number,
            "data": {"text": f"text {number}"},
            "annotations": [{"id": number, "result": result, "was_cancelled": number % 3 == 0}],
            "predictions": [],
        }
        for number in range(5)
    ]
    whole = json.dumps(tasks)
    wrong = []
    for _ in range(400):
        place, cut = chooser.randrange(len(whole)), chooser.randrange(3)
        path = write(
            tmp_path / "posts.json", whole[:place] + chooser.choice('{}[]",:x0 ') + whole[place + cut :]
        )
        try:
            read(path)
            wrong += [path.read_text()] if len(texts_to_classify(path)) != 5 else []
        except DataError as error:
            wrong += [] if error.hint else [str(error)]

    assert wrong == []


def test_a_chosen_column_that_the_tool_does_not_know_makes_it_a_table(tmp_path: Path) -> None:
    rows = [{"id": 1, "text": "so happy", "label": ["x"], "topic": "joy"}]

    source = read(write_lines(tmp_path / "posts.jsonl", rows), "text", "topic")

    assert source.splits["train"].labels == ["joy"]


def test_an_unlabelled_split_beside_a_labelled_one_is_left_out(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", answers(4, "joy", "anger"))
    write_lines(tmp_path / "test.jsonl", [{**answer("x", "joy"), "answer": "ignore"}])

    source = read(tmp_path)

    assert list(source.splits) == ["train"]
    assert "test.jsonl is a Prodigy export: 1 text, 0 labelled, 1 ignored; 1 annotator." in source.notes


def test_a_saved_dataset_may_hold_an_export(tmp_path: Path) -> None:
    rows = {
        "text": ["so happy", "later"],
        "label.responses": [["joy", "joy"], []],
        "label.responses.users": [["a", "b"], []],
        "label.responses.status": [["submitted", "draft"], []],
    }
    DatasetDict({"train": Dataset.from_dict(rows)}).save_to_disk(tmp_path / "saved")

    assert labelled(tmp_path / "saved") == {"train": [("so happy", "joy")]}
    assert (
        read(tmp_path / "saved")
        .notes[0]
        .endswith("2 records, 1 labelled, 1 without annotation; 2 annotators.")
    )


def test_several_texts_of_a_task_are_joined(tmp_path: Path) -> None:
    result = [{"from_name": "mood", "value": {"choices": ["joy"]}}]
    data = {"title": "so happy", "body": "what a day"}
    export = write_array(tmp_path / "posts.json", [{"data": data, "annotations": [{"result": result}]}])
    choice = ColumnChoice.of(DataSettings(text_column=["title", "body"]))

    assert read_source(str(export), choice).splits["train"].texts == ["so happy\nwhat a day"]
    assert [row.text for row in read_texts(export, choice)] == ["so happy\nwhat a day"]


def test_names_for_numbers_name_only_numbers(tmp_path: Path) -> None:
    numbered = write_lines(tmp_path / "numbers.jsonl", answers(40, "0", "1"))
    named = write_lines(tmp_path / "names.jsonl", answers(40, "joy", "anger"))
    settings = DataSettings(label_names=["joy", "anger"])

    first, second = load_source(str(numbered), settings), load_source(str(named), settings)

    assert first.label_names == second.label_names == ("joy", "anger")
    assert first.fingerprint == second.fingerprint


def test_an_export_in_memory_beside_a_table_is_refused() -> None:
    table = [{"text": "so happy", "label": "joy"}]
    _, data = as_source({"train": answers(4, "joy", "anger"), "test": table})

    with pytest.raises(DataError, match=r"split train is an export .* but .*split test is an ordinary table"):
        load_source(data or "")


@pytest.mark.parametrize("given", [set(), {"label_column"}])
def test_an_export_is_recognised_in_memory_as_in_its_file(tmp_path: Path, given: set[str]) -> None:
    rows = answers(4, "joy", "anger")
    export = write_lines(tmp_path / "posts.jsonl", rows)
    choice = ColumnChoice.of(DataSettings(label_column="answer"), given=given)
    _, data = as_source(rows)

    in_file, in_memory = (read_source(source or "", choice).splits["train"] for source in (str(export), data))

    assert in_memory.labels == in_file.labels == (["accept"] * 4 if given else ["joy", "anger"] * 2)
