"""Sources that Python holds: which forms there are, and which splits, texts and labels they become."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from textune.data.columns import ColumnChoice
from textune.data.held_out import load_held_out
from textune.data.in_memory import as_source, data_of_run
from textune.data.sources import load_source, read_source
from textune.errors import DataError
from textune.recipe.settings import DataSettings

TEXTS = [f"{word} number {number}" for number in range(12) for word in ("happy", "sad")]
LABELS = ["joy", "sadness"] * 12


def load(data: Any, **settings: Any) -> Any:
    name, held = as_source(data)
    return load_source(held or str(name), DataSettings(**settings))


def refusal(data: Any, **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(data, **settings)
    return str(caught.value)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"text": TEXTS, "label": LABELS, **columns})


def polars_frame() -> Any:
    return pytest.importorskip("polars").DataFrame({"text": TEXTS, "label": LABELS})


FORMS: dict[str, Callable[[], Any]] = {
    "a pair of lists": lambda: (TEXTS, LABELS),
    "a pair of arrays": lambda: (np.array(TEXTS), np.array(LABELS, dtype=object)),
    "a pair of series": lambda: (pd.Series(TEXTS), pd.Series(LABELS)),
    "a pair of a dataset's columns": lambda: (datasets.Dataset.from_pandas(frame())["text"], LABELS),
    "a list of pairs": lambda: list(zip(TEXTS, LABELS, strict=True)),
    "an iterator of pairs": lambda: zip(TEXTS, LABELS, strict=True),
    "a list of dicts": lambda: frame().to_dict("records"),
    "a generator of dicts": lambda: (row for row in frame().to_dict("records")),
    "a dict of columns": lambda: {"text": TEXTS, "label": tuple(LABELS)},
    "a dict of generators": lambda: {"text": (text for text in TEXTS), "label": iter(LABELS)},
    "a DataFrame of pandas": frame,
    "a DataFrame of polars": polars_frame,
    "an Arrow table": lambda: pa.table({"text": TEXTS, "label": LABELS}),
    "a Dataset": lambda: datasets.Dataset.from_dict({"text": TEXTS, "label": LABELS}),
    "a dict of splits": lambda: {"train": (TEXTS, LABELS)},
    "a DatasetDict": lambda: datasets.DatasetDict(train=datasets.Dataset.from_pandas(frame())),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_data(form: str) -> None:
    assert load(FORMS[form]()).fingerprint == load((TEXTS, LABELS)).fingerprint


def test_a_file_and_its_data_frame_give_the_same_data(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "texts.csv", index=False)

    assert load(pd.read_csv(tmp_path / "texts.csv")).fingerprint == load(tmp_path / "texts.csv").fingerprint


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (frame(), "python:DataFrame"),
        ((TEXTS, LABELS), "python:tuple"),
        ({"train": frame()}, "python:dict"),
        (datasets.DatasetDict(), "python:DatasetDict"),
        ("texts.csv", "texts.csv"),
        (Path("texts.csv"), "texts.csv"),
    ],
)
def test_a_source_is_named_after_its_type(data: Any, name: str) -> None:
    assert as_source(data)[0] == name


def test_rows_are_taken_by_position_whatever_the_index() -> None:
    shuffled = pd.Series(LABELS, index=range(len(LABELS))[::-1])

    assert load((TEXTS, shuffled)).fingerprint == load((TEXTS, LABELS)).fingerprint


@pytest.mark.parametrize("index", [range(23, -1, -1), [*range(23), 99], list("abcdefghijklmnopqrstuvwx")])
@pytest.mark.parametrize("form", [tuple, lambda pair: dict(zip(("text", "label"), pair, strict=True))])
def test_series_with_different_indexes_are_refused(
    form: Callable[[tuple[pd.Series, pd.Series]], Any], index: Any
) -> None:
    error = refusal(form((pd.Series(TEXTS), pd.Series(LABELS, index=index))))

    assert "the indexes of 'text' and 'label' differ, for instance" in error
    assert "labels.loc[texts.index]" in error


def test_series_with_the_same_index_are_rows_of_one_table() -> None:
    index = range(23, -1, -1)
    pair = (pd.Series(TEXTS, index=index), pd.Series(LABELS, index=index))

    assert load(pair).fingerprint == load((TEXTS, LABELS)).fingerprint


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array([0, 1] * 12), ("0", "1")),
        (np.array([1.0, 2.0] * 12), ("1", "2")),
        (np.array([np.int64(3), np.int64(7)] * 12, dtype=object), ("3", "7")),
        (np.array([True, False] * 12), ("false", "true")),
        (pd.Series([True, False] * 12, dtype="boolean"), ("false", "true")),
        (pd.Series([1, 2] * 12, dtype="Int64"), ("1", "2")),
        (pd.Categorical(LABELS), ("joy", "sadness")),
        (pd.Categorical([5, 9] * 12), ("5", "9")),
        (pa.chunked_array([LABELS]).dictionary_encode(), ("joy", "sadness")),
        ([np.str_(label) for label in LABELS], ("joy", "sadness")),
    ],
)
def test_a_label_has_the_same_name_whatever_holds_it(labels: Any, names: tuple[str, ...]) -> None:
    assert load((TEXTS, labels)).label_names == names


def test_class_labels_keep_their_names_and_their_order() -> None:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["b", "a"]))
    rows = datasets.Dataset.from_dict({"text": TEXTS, "label": [0, 1] * 12}, features=features)

    assert load(rows).label_names == ("b", "a")


def test_class_labels_beside_a_frame_are_read_by_their_names() -> None:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["b", "a"]))
    rows = datasets.Dataset.from_dict({"text": TEXTS[:4], "label": [0, 1, 0, 1]}, features=features)
    loaded = load({"train": (TEXTS, ["a", "b"] * 12), "test": rows})

    assert [loaded.label_names[label] for label in loaded["test"].labels] == ["b", "a", "b", "a"]


def test_a_dict_of_splits_may_mix_forms_and_other_names() -> None:
    loaded = load({"Train": frame(), "dev": (TEXTS[:4], LABELS[:4]), "extra": [("so", "joy")]})

    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 20, "validation": 4, "test": 4}
    assert "Ignored splits: extra." in loaded.notes


def test_columns_with_other_names_are_named_by_settings() -> None:
    renamed = frame().rename(columns={"text": "Body", "label": "Kind"})
    loaded = load(renamed, text_column="Body", label_column="Kind")

    assert loaded.fingerprint == load((TEXTS, LABELS)).fingerprint


def test_columns_that_are_pairs_of_strings_are_columns() -> None:
    name, held = as_source({"Body": ("a", "b"), "Kind": ("x", "y")})
    raw = read_source(held or str(name), ColumnChoice("Body", "Kind"))

    assert raw.splits["train"].texts == ["a", "b"]


def test_other_columns_are_read_on_request_if_they_hold_plain_values() -> None:
    _, held = as_source(frame(id=range(24), parts=[["a"]] * 24))
    raw = read_source(held or "", ColumnChoice(others=True))

    assert raw.splits["train"].others == {"id": list(range(24))}


EXPORTS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "doccano": lambda text, label: {"id": 1, "text": text, "label": [label], "Comments": []},
    "spaCy": lambda text, label: {"text": text, "cats": {name: name == label for name in ("joy", "sadness")}},
    "Prodigy": lambda text, label: {"text": text, "label": label, "answer": "accept", "_task_hash": 1},
}


@pytest.mark.parametrize("tool", EXPORTS)
@pytest.mark.parametrize("form", [list, pd.DataFrame], ids=["list", "frame"])
def test_what_a_tool_exported_is_read_as_from_its_file(tool: str, form: Callable[[Any], Any]) -> None:
    rows = [EXPORTS[tool](text, label) for text, label in zip(TEXTS, LABELS, strict=True)]

    assert load(form(rows)).fingerprint == load((TEXTS, LABELS)).fingerprint


def test_a_rejected_label_is_not_a_label_in_memory_either() -> None:
    rows = [EXPORTS["Prodigy"](text, label) for text, label in zip(TEXTS, LABELS, strict=True)]
    rejected = {"text": "so", "label": "joy", "answer": "reject", "_task_hash": 2}

    assert load([*rows, rejected]).fingerprint == load((TEXTS, LABELS)).fingerprint


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT, ""])
def test_a_missing_text_is_named_by_its_row(missing: Any) -> None:
    texts = [*TEXTS[:2], missing, *TEXTS[3:]]

    assert "1 row without a text (empty, or only spaces): python:tuple, row 3." in refusal((texts, LABELS))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
def test_a_missing_label_is_named_by_its_row_and_split(missing: Any) -> None:
    labels = [*LABELS[:2], missing, *LABELS[3:]]
    message = refusal({"train": (TEXTS, labels), "test": (TEXTS, LABELS)})

    assert "1 row without a label: python:dict, split train, row 3." in message


def test_a_text_that_is_not_valid_unicode_is_named_by_its_row() -> None:
    assert "column 'text', row 2: 'half \\ud83d' is broken" in refusal((["so", "half \ud83d"], ["a", "b"]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((TEXTS, LABELS[:-1]), "'text' has 24 values, but 'label' has 23."),
        ({"text": TEXTS, "label": LABELS[1:]}, "'text' has 24 values, but 'label' has 23."),
        (TEXTS, "python:list has texts, but no labels."),
        (pd.Series(TEXTS), "python:Series is not a table of labelled texts."),
        (pd.DataFrame({"text": TEXTS}), "python:DataFrame has no column with a usual name for the label."),
        ((TEXTS, np.array(LABELS).reshape(-1, 1)), "column 'label': the array has 2 dimensions"),
        (("so happy", "joy"), "column 'text': str is not a sequence of values."),
        ((TEXTS, set(LABELS)), "column 'label': set is not a sequence of values."),
        ((TEXTS, 7), "column 'label': int is not a sequence of values."),
        ([("so", "joy"), ("sad",)], "row 2: \"('sad',)\" is not a pair of text and label."),
        ([["so", "joy"]], "python:list is a list of list, not of labelled texts."),
        ([], "python:list is not a table of labelled texts."),
        (iter([]), "is not a table of labelled texts."),
        (pd.DataFrame({"text": [], "label": []}), "python:DataFrame has no rows."),
        ((TEXTS, LABELS, LABELS), "python:tuple is not a table of labelled texts."),
        (7, "python:int is not a table of labelled texts."),
        ({"holdout": (TEXTS, LABELS)}, "python:dict has no split 'train'. It has: holdout."),
        ({"test": (TEXTS, LABELS)}, "python:dict has no train split; it has test."),
    ],
)
def test_what_is_not_labelled_data_is_refused_with_what_it_is(data: Any, message: str) -> None:
    assert message in refusal(data)


def test_two_columns_of_one_name_are_refused() -> None:
    double = pd.DataFrame([["a", "b", "joy"]], columns=["text", "text", "label"])

    assert "python:DataFrame has the column 'text' 2 times." in refusal(double)


def test_a_streamed_dataset_is_refused_with_what_to_do() -> None:
    rows = datasets.Dataset.from_dict({"text": TEXTS, "label": LABELS}).to_iterable_dataset()

    assert "Load it without streaming." in refusal(rows)


def test_a_query_of_polars_is_refused_with_what_to_do() -> None:
    assert "Run it: pass data.collect()" in refusal(polars_frame().lazy())


def test_the_name_alone_is_refused_with_what_to_do() -> None:
    message = refusal("python:DataFrame")

    assert "'python:DataFrame' stands for data in Python's memory, which no file holds." in message


def test_held_out_data_needs_no_train_split() -> None:
    _, held = as_source({"test": (TEXTS[:3], LABELS[:3])})
    assert held is not None
    loaded = load_held_out(held, DataSettings(), split="test", label_names=("sadness", "joy"))

    assert loaded["test"].labels.tolist() == [1, 0, 1]


def test_of_its_own_data_a_run_is_measured_on_the_split_that_training_made() -> None:
    _, held = as_source(frame())
    assert held is not None
    own = load_source(held)
    loaded = load_held_out(
        held, DataSettings(), split="test", label_names=own.label_names, own_fingerprint=own.fingerprint
    )

    assert loaded["test"].texts == own["test"].texts
    assert any("only the test split made from it is measured" in note for note in loaded.notes)


def test_a_resumed_run_gets_its_data_under_the_name_that_it_began_with() -> None:
    held = data_of_run((TEXTS, LABELS), "python:DataFrame")

    assert held is not None
    assert held.name == "python:DataFrame"


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (None, "python:DataFrame", "textune.resume(RUN, data=...)"),
        ("texts.csv", "python:DataFrame", "which no file holds"),
        ((TEXTS, LABELS), "texts.csv", "This run reads its data from texts.csv."),
    ],
)
def test_a_resumed_run_gets_data_if_and_only_if_no_file_holds_it(data: Any, name: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        data_of_run(data, name)

    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [np.array, list, tuple])
def test_a_cell_may_hold_an_array_of_one_label(kind: Callable[[list[str]], Any]) -> None:
    loaded = load(frame(label=[kind([label]) for label in LABELS]))

    assert list(loaded.label_names) == ["joy", "sadness"]


def test_lists_of_labels_are_no_tools_export() -> None:
    texts, labels = (
        [f"text {number}" for number in range(40)],
        [["joy", "anger"], ["joy"], ["anger"], []] * 10,
    )

    notes = load((texts, labels)).notes

    assert (
        notes[0] == "10 of 40 rows have several labels, in lists; 10 have none: every text can have several "
        "of 2 labels."
    )
