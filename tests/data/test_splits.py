"""Splits that textune makes: their shares, what stays together, what they depend on."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.data.splits import make_folds, make_splits, normalise_text
from textune.errors import DataError

TEXTS = [f"post number {number}" for number in range(200)]
LABELS = ["joy" if number % 4 else "anger" for number in range(200)]


def split(
    texts: list[str],
    labels: list[str],
    *,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> dict[str, list[int]]:
    return make_splits(
        texts, labels, validation_fraction=validation_fraction, test_fraction=test_fraction, seed=seed
    )


def test_every_row_is_in_one_split() -> None:
    made = split(TEXTS, LABELS)

    assert sorted(made["train"] + made["validation"] + made["test"]) == list(range(200))


def test_rows_keep_their_order() -> None:
    made = split(TEXTS, LABELS)

    assert [made["train"], made["validation"], made["test"]] == [
        sorted(rows) for rows in (made["train"], made["validation"], made["test"])
    ]


def test_each_class_is_divided_by_the_shares_asked_for() -> None:
    made = split(TEXTS, LABELS)

    assert Counter(LABELS[row] for row in made["test"]) == {"joy": 30, "anger": 10}
    assert Counter(LABELS[row] for row in made["validation"]) == {"joy": 15, "anger": 5}


def test_a_share_of_nothing_makes_no_split() -> None:
    made = split(TEXTS, LABELS, test_fraction=0)

    assert made["test"] == []
    assert len(made["validation"]) == 20


def test_the_same_seed_makes_the_same_splits() -> None:
    assert split(TEXTS, LABELS, seed=3) == split(TEXTS, LABELS, seed=3)


def test_another_seed_makes_other_splits() -> None:
    assert split(TEXTS, LABELS, seed=3) != split(TEXTS, LABELS, seed=4)


def test_the_order_of_the_rows_does_not_matter() -> None:
    forwards, backwards = split(TEXTS, LABELS), split(TEXTS[::-1], LABELS[::-1])

    assert {TEXTS[row] for row in forwards["test"]} == {TEXTS[::-1][row] for row in backwards["test"]}


def test_the_splits_are_the_same_on_every_computer() -> None:
    made = split(TEXTS[:20], LABELS[:20])

    assert (made["validation"], made["test"]) == ([3, 14, 16], [0, 7, 11, 19])


def test_texts_that_are_alike_but_for_case_and_spaces_stay_together() -> None:
    texts = [*TEXTS, *(f"  {text.upper()} " for text in TEXTS)]

    made = split(texts, LABELS * 2)

    assert {row % 200 for row in made["test"] if row < 200} == {
        row % 200 for row in made["test"] if row >= 200
    }
    assert len(made["test"]) == 80


def test_a_text_whose_labels_disagree_stays_together() -> None:
    texts, labels = [*TEXTS, *TEXTS[:100]], [*LABELS, *(["joy"] * 100)]

    made = split(texts, labels)

    assert {row for row in made["test"] if row < 100} == {row - 200 for row in made["test"] if row >= 200}


def test_a_text_that_is_repeated_very_often_does_not_swell_a_small_split() -> None:
    made = split([*TEXTS, *(["again and again"] * 100)], [*LABELS, *(["joy"] * 100)])

    assert 200 in made["train"]
    assert Counter(LABELS[row] for row in made["test"] if row < 200) == {"joy": 50, "anger": 10}


def test_a_class_of_three_texts_is_in_every_split() -> None:
    made = split([*TEXTS, "a", "b", "c"], [*LABELS, "fear", "fear", "fear"])

    assert [
        sum(row >= 200 for row in rows) for rows in (made["train"], made["validation"], made["test"])
    ] == [1, 1, 1]


@pytest.mark.parametrize("labels", [["fear"] * 2, ["fear"]], ids=["two", "one"])
def test_a_class_of_too_few_texts_is_named_with_what_is_missing(labels: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        split([*TEXTS, *(f"fear {number}" for number, _ in enumerate(labels))], [*LABELS, *labels])

    assert f"The label 'fear' has {len(labels)} distinct text" in caught.value.message
    assert "the 2 splits to make (test and validation)" in caught.value.message
    assert "at least 3" in caught.value.hint


def test_repeats_do_not_count_as_texts_of_a_class() -> None:
    with pytest.raises(DataError, match="'fear' has 2 distinct texts"):
        split([*TEXTS, "a", "A", " a", "b"], [*LABELS, *(["fear"] * 4)])


@pytest.mark.parametrize(
    ("one", "other"), [("So  happy", "so happy"), ("STRASSE", "straße"), ("\ta\u00a0b\n", "A B")]
)
def test_case_and_spaces_are_normalised(one: str, other: str) -> None:
    assert normalise_text(one) == normalise_text(other)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abcdefghijklmnop"), st.sampled_from("xyz")), min_size=1),
    validation_fraction=st.floats(0.01, 0.49),
    test_fraction=st.floats(0.01, 0.49),
    seed=st.integers(0, 10),
)
def test_any_rows_are_split_without_loss_or_leak_or_refused(
    rows: list[tuple[str, str]], validation_fraction: float, test_fraction: float, seed: int
) -> None:
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    try:
        made = split(
            texts, labels, validation_fraction=validation_fraction, test_fraction=test_fraction, seed=seed
        )
    except DataError:
        return

    parts = [made["train"], made["validation"], made["test"]]
    assert sorted(row for part in parts for row in part) == list(range(len(rows)))
    assert sum(len({texts[row] for row in part}) for part in parts) == len(set(texts))
    assert all(part for part in parts)


def test_folds_spread_every_class_evenly() -> None:
    folds = make_folds(TEXTS, LABELS, folds=5)

    assert Counter(folds) == dict.fromkeys(range(5), 40)
    assert Counter(
        fold for fold, label in zip(folds, LABELS, strict=True) if label == "anger"
    ) == dict.fromkeys(range(5), 10)


def test_a_text_that_occurs_twice_is_in_one_fold() -> None:
    folds = make_folds([*TEXTS, "Post  number 3"], [*LABELS, "anger"], folds=5)

    assert folds[200] == folds[3]


def test_folds_do_not_depend_on_the_order_of_the_rows() -> None:
    backwards = make_folds(TEXTS[::-1], LABELS[::-1], folds=5)

    assert backwards[::-1] == make_folds(TEXTS, LABELS, folds=5)
