"""Splits of rows that have any number of labels: their shares, what stays together, what they depend on."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from textune.data.stratification import divide_rows, make_multi_label_splits

TEXTS = [f"post number {number}" for number in range(400)]
# Anger with every fourth text, joy with every other, fear with every 40th; a fourth of the texts have none.
LABELS = np.array([[n % 4 == 0, n % 2 == 0, n % 40 == 0, n % 4 == 3] for n in range(400)], dtype=np.int64)


def split(
    texts: list[str], labels: NDArray[np.int64], *, test_fraction: float = 0.2, seed: int = 0
) -> dict[str, list[int]]:
    return make_multi_label_splits(
        texts, labels, validation_fraction=0.1, test_fraction=test_fraction, seed=seed
    )


def with_rare(count: int) -> tuple[list[str], NDArray[np.int64]]:
    """The texts with another label, which a number of further texts have."""
    labels = np.zeros((400 + count, 5), dtype=np.int64)
    labels[:400, :4] = LABELS
    labels[400:, 4] = 1
    return [*TEXTS, *(f"rare {number}" for number in range(count))], labels


def test_every_row_is_in_one_split_in_its_order() -> None:
    made = split(TEXTS, LABELS)

    assert sorted(made["train"] + made["validation"] + made["test"]) == list(range(400))
    assert made["test"] == sorted(made["test"])


def test_each_label_is_divided_by_the_shares() -> None:
    made = split(TEXTS, LABELS)

    assert LABELS[made["test"]].sum(axis=0).tolist() == [20, 40, 2, 20]
    assert LABELS[made["validation"]].sum(axis=0).tolist() == [10, 20, 1, 10]


def test_sets_of_labels_are_divided_by_the_shares() -> None:
    made = split(TEXTS, LABELS)

    both = (LABELS == [1, 1, 1, 0]).all(axis=1)
    none = (LABELS == 0).all(axis=1)
    assert [sum(rows[made[name]]) for rows in (both, none) for name in ("train", "validation", "test")] == [
        7, 1, 2, 70, 10, 20
    ]  # fmt: skip


def test_a_share_of_nothing_makes_no_split() -> None:
    made = split(TEXTS, LABELS, test_fraction=0)

    assert (made["test"], len(made["validation"])) == ([], 40)


def test_the_splits_are_the_same_on_every_computer() -> None:
    made = split(TEXTS[:30], LABELS[:30])

    assert (made["validation"], made["test"]) == ([9, 15, 24], [3, 8, 12, 13, 17, 26])


def test_the_order_of_the_rows_does_not_matter() -> None:
    forwards, backwards = split(TEXTS, LABELS), split(TEXTS[::-1], LABELS[::-1])

    assert {TEXTS[row] for row in forwards["test"]} == {TEXTS[::-1][row] for row in backwards["test"]}


def test_another_seed_makes_other_splits() -> None:
    assert split(TEXTS, LABELS, seed=3) != split(TEXTS, LABELS, seed=4)


def test_texts_that_are_alike_but_for_case_and_spaces_stay_together() -> None:
    texts = [*TEXTS, *(f"  {text.upper()} " for text in TEXTS)]

    made = split(texts, np.concatenate([LABELS, LABELS[::-1]]))

    assert {row for row in made["test"] if row < 400} == {row - 400 for row in made["test"] if row >= 400}


def test_a_label_with_three_texts_is_in_every_split() -> None:
    texts, labels = with_rare(3)

    made = split(texts, labels)

    assert [labels[made[name], 4].sum() for name in ("train", "validation", "test")] == [1, 1, 1]


def test_a_label_with_one_text_is_in_train() -> None:
    texts, labels = with_rare(1)

    assert 400 in split(texts, labels)["train"]


def test_labels_that_are_not_known_do_not_count() -> None:
    unknown = LABELS.copy()
    unknown[LABELS == 0] = -1

    assert split(TEXTS, unknown) == split(TEXTS, LABELS)


def test_folds_have_the_same_number_of_every_label() -> None:
    folds = np.array(divide_rows(TEXTS, LABELS, shares=[0.2] * 5, seed=0))

    assert [LABELS[folds == fold].sum(axis=0).tolist() for fold in range(5)] == [[20, 40, 2, 20]] * 5


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abcdefghijklmnop"), st.sets(st.integers(0, 3))), min_size=1),
    seed=st.integers(0, 10),
)
def test_any_rows_are_split_without_loss_or_leak(rows: list[tuple[str, set[int]]], seed: int) -> None:
    texts = [text for text, _ in rows]
    labels = np.array([[int(label in own) for label in range(4)] for _, own in rows], dtype=np.int64)

    made = split(texts, labels, seed=seed)

    assert sorted(row for part in made.values() for row in part) == list(range(len(rows)))
    assert sum(len({texts[row] for row in part}) for part in made.values()) == len(set(texts))
    assert (labels[made["train"]].any(axis=0) == labels.any(axis=0)).all()
