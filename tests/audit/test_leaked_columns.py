"""Other columns that give the label away."""

from __future__ import annotations

import random
from typing import Any

import pytest

from audited_examples import look, with_sets
from textune.audit.findings import Example
from textune.audit.leaked_columns import find_leaked_columns

chooser = random.Random(3)
LABELS = [number % 3 for number in range(300)]
NAMES = [("anger", "joy", "fear")[label] for label in LABELS]


def leaks(values: list[Any], labels: list[int] = LABELS) -> list[str]:
    """Return the titles of the findings on one column."""
    examples = tuple(Example("train", row, f"text {row}", (label,), "") for row, label in enumerate(labels))
    return [finding.title for finding in look(find_leaked_columns, examples, columns={"extra": values})]


def leaks_of_sets(values: list[Any], sets: list[str]) -> list[str]:
    """Return the titles of the findings on one column beside sets of labels."""
    examples = with_sets(("train", f"text {row}", labels) for row, labels in enumerate(sets))
    found = look(find_leaked_columns, examples, columns={"extra": values}, is_multi_label=True)
    return [finding.title for finding in found]


def test_a_column_that_gives_one_of_several_labels_away_is_found() -> None:
    sets = [f"{'joy' if row % 3 else ''} {'anger' if chooser.random() < 0.5 else ''}" for row in range(300)]

    (title,) = leaks_of_sets([f"joy={bool(row % 3)}" for row in range(300)], sets)

    assert title == (
        "The column 'extra' alone predicts 100 % of the label 'joy' (the more frequent answer is 67 %)"
    )


@pytest.mark.parametrize(
    "values",
    [
        NAMES,
        [label + 7 for label in LABELS],
        [f"data/{name}/{number:04}.txt" for number, name in enumerate(NAMES)],
        [label + chooser.uniform(-0.4, 0.4) for label in LABELS],
        [str(label * 10 + chooser.randrange(10)) for label in LABELS],
        [None if name == "joy" else f"{name}-{chooser.randrange(5)}" for name in NAMES],
    ],
    ids=["a copy", "other numbers", "a path", "a score", "numbers as text", "missing for one class"],
)
def test_a_column_that_gives_the_label_away_is_found(values: list[Any]) -> None:
    (title,) = leaks(values)

    assert title.startswith("The column 'extra' alone predicts ")


def test_one_in_thirty_mistakes_does_not_hide_it() -> None:
    values = ["joy" if number % 30 == 0 else name for number, name in enumerate(NAMES)]

    assert len(leaks(values)) == 1


@pytest.mark.parametrize(
    "values",
    [
        list(range(300)),
        [f"id-{number}" for number in range(300)],
        [chooser.random() for _ in LABELS],
        ["en"] * 300,
        [None] * 300,
        [name if chooser.random() < 0.7 else "joy" for name in NAMES],
        [b"\x00" * label for label in LABELS],
        [f"this is a long sentence by somebody who was full of {name} at that time" for name in NAMES],
    ],
    ids=["row numbers", "identifiers", "noise", "constant", "empty", "a weak hint", "bytes", "prose"],
)
def test_other_columns_are_left_alone(values: list[Any]) -> None:
    assert leaks(values) == []


def test_a_column_no_better_than_the_most_frequent_class_is_not_a_leak() -> None:
    labels = [0] * 290 + [1] * 10

    assert leaks(["web" if number % 2 else "app" for number in range(300)], labels) == []


def test_row_numbers_of_a_sorted_file_give_the_label_away() -> None:
    assert len(leaks(list(range(300)), sorted(LABELS))) == 1
