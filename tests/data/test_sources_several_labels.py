"""Sources whose texts can have several labels, from files and from memory to a checked data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas
import pytest

from source_files import sizes, write_csv
from textune.data.dataset import MULTI_LABEL, Dataset
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.recipe.settings import DataSettings

NAMES = ("anger", "fear", "joy")
SETS = [["joy"], ["anger", "fear"], [], ["fear"], ["joy", "anger"]]


def rows(number: int = 60) -> tuple[list[str], list[list[str]]]:
    return [f"post {n}" for n in range(number)], [SETS[n % 5] for n in range(number)]


def named_sets(source: Dataset) -> dict[str, set[str]]:
    """The names of each text's labels."""
    return {
        text: {name for name, has in zip(source.label_names, labels, strict=True) if has}
        for split in source.values()
        for text, labels in zip(split.texts, split.labels.tolist(), strict=True)
    }


EXPECTED = {text: set(labels) for text, labels in zip(*rows(), strict=True)}


def write_json_rows(path: Path) -> str:
    path.write_text(
        "".join(json.dumps({"text": t, "labels": own}) + "\n" for t, own in zip(*rows(), strict=True))
    )
    return str(path)


def write_frame(path: Path) -> str:
    frame = pandas.DataFrame(dict(zip(("text", "label"), rows(), strict=True)))
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return str(path)


@pytest.mark.parametrize("name", ["posts.jsonl", "posts.csv", "posts.parquet"])
def test_files_with_lists_of_labels_are_read(name: str, tmp_path: Path) -> None:
    write = write_json_rows if name.endswith("jsonl") else write_frame

    source = load_source(write(tmp_path / name))

    assert (named_sets(source), source.label_names, source.problem_type) == (EXPECTED, NAMES, MULTI_LABEL)


def test_a_separator_is_found_and_confirmed_in_a_note(tmp_path: Path) -> None:
    texts, labels = rows()
    cells = [(text, ";".join(own)) for text, own in zip(texts, labels, strict=True) if own]

    source = load_source(str(write_csv(tmp_path / "posts.csv", cells)))

    assert named_sets(source) == {text: own for text, own in EXPECTED.items() if own}
    assert source.notes[:2] == (
        "24 of 48 rows have several labels, separated by semicolons: every text can have several of 3 "
        "labels.",
        "If such a cell is a single name: --set data.label_separator=none",
    )


def test_the_splits_that_are_made_have_the_same_shares_of_every_label(tmp_path: Path) -> None:
    source = load_source(write_frame(tmp_path / "posts.parquet"))

    assert sizes(source) == {"train": 43, "validation": 5, "test": 12}
    assert source["test"].labels.sum(axis=0).tolist() == [4, 5, 5]
    assert "All splits have the same shares of every label." in source.notes[-1]


def in_memory(data: Any, **settings: Any) -> Dataset:
    _, held = as_source(data)
    assert held is not None
    return load_source(held, DataSettings(**settings))


def hugging_face(feature: Any, labels: list[Any]) -> datasets.Dataset:
    features = datasets.Features(text=datasets.Value("string"), labels=datasets.List(feature))
    return datasets.Dataset.from_dict({"text": rows()[0], "labels": labels}, features=features)


def ids() -> list[list[int]]:
    return [[NAMES.index(name) for name in own] for own in rows()[1]]


def indicators() -> list[list[int]]:
    return [[int(name in own) for name in NAMES] for own in rows()[1]]


@pytest.mark.parametrize(
    "data",
    [
        rows(),
        (rows()[0], [set(own) for own in rows()[1]]),
        pandas.DataFrame({"text": rows()[0], "labels": rows()[1]}),
        [{"text": text, "labels": own} for text, own in zip(*rows(), strict=True)],
        hugging_face(datasets.ClassLabel(names=list(NAMES)), ids()),
        hugging_face(datasets.Value("string"), rows()[1]),
        datasets.DatasetDict(train=hugging_face(datasets.ClassLabel(names=list(NAMES)), ids())),
    ],
    ids=["pair", "sets", "frame", "dicts", "ids", "names", "dict"],
)
def test_data_in_memory_may_have_several_labels_per_text(data: Any) -> None:
    assert named_sets(in_memory(data)) == EXPECTED


@pytest.mark.parametrize(
    "labels",
    [indicators(), np.array(indicators()), np.array(indicators(), dtype=bool)],
    ids=["lists", "array", "bool"],
)
def test_a_matrix_of_zeros_and_ones_needs_the_names_of_its_columns(labels: Any) -> None:
    assert named_sets(in_memory((rows()[0], labels), label_names=list(NAMES))) == EXPECTED


def test_a_table_of_zeros_and_ones_has_names(tmp_path: Path) -> None:
    assert named_sets(in_memory((rows()[0], pandas.DataFrame(indicators(), columns=NAMES)))) == EXPECTED


def test_texts_of_all_splits_are_read_by_the_names_of_train(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [("a", "joy;anger"), ("b", "joy"), ("c", "anger"), ("d", "joy")])
    write_csv(tmp_path / "dev.csv", [("e", "joy"), ("f", "anger")])
    write_csv(tmp_path / "test.csv", [("g", "anger;joy"), ("h", "anger")])

    source = load_source(str(tmp_path))

    assert source["test"].labels.tolist() == [[1, 1], [1, 0]]


def test_a_label_with_a_single_row_is_learned_and_said_so(tmp_path: Path) -> None:
    texts, labels = rows()

    source = in_memory((texts, [*labels[:-1], ["pride"]]))

    assert source["train"].labels.sum(axis=0)[source.label_names.index("pride")] == 1
    assert "Train has a single row with the label 'pride': it can hardly be learned." in source.notes
    assert "The split test has no row with the label: pride." in source.notes


def test_measuring_on_the_own_source_takes_the_split_that_training_made(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "posts.parquet")
    source = load_source(path)

    held_out = load_held_out(
        path,
        DataSettings(),
        split="test",
        label_names=source.label_names,
        problem_type=source.problem_type,
        own_fingerprint=source.fingerprint,
    )

    assert named_sets(held_out).keys() == set(source["test"].texts)
    assert held_out.problem_type == MULTI_LABEL
