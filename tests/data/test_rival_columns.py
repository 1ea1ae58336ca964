"""Columns with a word for labels in their names, which could be the label as well."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value, disable_progress_bars

from source_files import refusal, write_csv
from textune.data.held_out import load_held_out
from textune.data.sources import load_source
from textune.errors import DataError
from textune.recipe.settings import DataSettings

LABELS = ["anger", "joy"] * 15
REVIEWED = [*LABELS[:-3], "anger", "anger", "anger"]


def write(path: Path, **columns: Sequence[Any]) -> Path:
    """Write thirty posts with columns."""
    rows = [(f"post {row}", *(str(values[row]) for values in columns.values())) for row in range(30)]
    return write_csv(path, rows, header=("text", *columns))


@pytest.mark.parametrize("name", ["gold_label", "goldLabel", "label 2", "Final-Class", "gold"])
def test_another_column_of_the_same_classes_that_differ_in_rows_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, **{name: REVIEWED})

    error = refusal(path)

    assert error.message == f"{path} has several columns that could hold the label: 'label', '{name}'."
    assert error.hint == "Choose one: --set data.label_column=label"


@pytest.mark.parametrize("chosen", ["label", "gold_label"])
def test_a_choice_settles_it(tmp_path: Path, chosen: str) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, gold_label=REVIEWED)

    loaded = load_source(str(path), DataSettings(label_column=chosen))

    assert not any("could be the label" in note for note in loaded.notes)


def test_a_label_with_another_usual_name_has_rivals_too(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", emotion=LABELS, gold_label=REVIEWED)

    assert "could hold the label: 'emotion', 'gold_label'" in refusal(path).message


def test_the_same_classes_in_other_rows_are_not_other_names_for_them(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, gold_label=LABELS[1:] + LABELS[:1])

    assert "several columns that could hold the label" in refusal(path).message


def test_names_that_differ_from_the_names_of_the_label_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, label_text=REVIEWED)

    assert "could hold the label: 'label', 'label_text'" in refusal(path).message


@pytest.mark.parametrize("name", ["predicted_label", "label_model", "old_label"])
def test_predictions_beside_the_label_are_not_preferred_but_mentioned(tmp_path: Path, name: str) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", label=LABELS, **{name: REVIEWED})))

    assert loaded.notes[0] == (
        f"The labels are those of 'label'. The column '{name}' could be the label, too, and differs in 2 of "
        f"30 rows. To learn that: --set data.label_column={name}"
    )


@pytest.mark.parametrize("name", ["gold_label", "goldlabel", "final_label", "corrected"])
def test_other_classes_that_are_meant_to_be_the_label_are_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, **{name: ["good", "good", "bad"] * 10})

    assert f"could hold the label: 'label', '{name}'" in refusal(path).message


@pytest.mark.parametrize("name", ["gold", "corrected"])
def test_yes_and_no_about_the_label_are_not_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, **{name: ["yes", "no", "no"] * 10})

    assert load_source(str(path)).label_names == tuple(sorted(set(LABELS)))


def test_names_that_do_not_fit_the_numbers_of_the_label_are_refused(tmp_path: Path) -> None:
    numbers = [row % 2 for row in range(30)]
    path = write(tmp_path / "posts.csv", label=numbers, gold_label=REVIEWED)

    assert "could hold the label: 'label', 'gold_label'" in refusal(path).message


def test_a_column_of_other_classes_is_mentioned(tmp_path: Path) -> None:
    kinds = ["news", "sport", "arts"] * 10

    loaded = load_source(str(write(tmp_path / "posts.csv", label=LABELS, topic_label=kinds)))

    assert "The column 'topic_label' could be the label, too. To learn" in loaded.notes[0]


def test_coarser_classes_of_the_same_numbers_are_mentioned(tmp_path: Path) -> None:
    path = write(
        tmp_path / "posts.csv",
        label=[row % 6 for row in range(30)],
        coarse_label=[row % 3 for row in range(30)],
    )

    assert "The column 'coarse_label' could be the label, too" in load_source(str(path)).notes[0]


def test_labels_that_were_reviewed_in_few_rows_are_mentioned(tmp_path: Path) -> None:
    gold = [*["anger"] * 4, *[""] * 26]

    loaded = load_source(str(write(tmp_path / "posts.csv", label=LABELS, gold_label=gold)))

    assert "'gold_label' could be the label, too, and differs in 2 of 4 rows" in loaded.notes[0]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gold_label", LABELS),
        ("gold_label", [label.upper() for label in LABELS]),
        ("label_confidence", ["1.0", "0.67", "0.33"] * 10),
        ("annotation_id", list(range(30))),
        ("is_gold", ["0", "0", "1"] * 10),
        ("gold_label", ["", *["x"] * 29]),
    ],
)
def test_a_column_that_agrees_or_cannot_be_the_label_is_not_mentioned(
    tmp_path: Path, name: str, values: list[Any]
) -> None:
    loaded = load_source(str(write(tmp_path / "posts.csv", label=LABELS, **{name: values})))

    assert f"'{name}'" not in " ".join(loaded.notes)


def test_names_stored_for_ids_are_compared_with_names(tmp_path: Path) -> None:
    disable_progress_bars()
    features = Features(
        text=Value("string"), label=ClassLabel(names=["anger", "joy"]), gold_label=Value("string")
    )
    columns = {"text": [f"post {row}" for row in range(30)], "label": LABELS, "gold_label": REVIEWED}
    Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "saved")

    assert "could hold the label: 'label', 'gold_label'" in refusal(tmp_path / "saved").message


def test_a_column_that_a_run_remembers_and_a_file_lacks_leaves_rivals_to_be_told_apart(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "posts.csv", label=LABELS, category=REVIEWED)
    settings = DataSettings(label_column="mood")

    with pytest.raises(DataError, match="could hold the label: 'label', 'category'"):
        load_held_out(str(path), settings, split="test", label_names=["anger", "joy"], given=set())
