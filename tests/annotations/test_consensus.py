"""One label from several answers, and how far people agree."""

from __future__ import annotations

import pytest

from textune.annotations.consensus import complete_answers, join_answers, join_label_sets, krippendorff_alpha
from textune.annotations.registry import Answer

A, B, C = ("a",), ("b",), ("c",)


def answers(*labels: tuple[str, ...]) -> list[Answer]:
    return [Answer(each) for each in labels]


def test_the_label_of_most_people_wins() -> None:
    assert join_answers(answers(A, B, A)) == (A, "", "a 2, b 1")


def test_a_plurality_is_enough() -> None:
    assert join_answers(answers(A, B, A, C)) == (A, "", "a 2, b 1, c 1")


@pytest.mark.parametrize("votes", [(A, B), (A, B, C), (A, A, B, B, C)])
def test_a_tie_at_the_top_has_no_winner(votes: list[tuple[str, ...]]) -> None:
    labels, reason, _ = join_answers(answers(*votes))

    assert (labels, reason) == ((), "tied")


def test_a_verdict_does_not_vote() -> None:
    assert join_answers([Answer(A), Answer(verdict="skipped"), Answer(verdict="skipped")]) == (A, "", "")


def test_without_labels_the_most_frequent_verdict_is_the_reason() -> None:
    skipped = Answer(verdict="skipped")

    assert join_answers([Answer(verdict="rejected"), skipped, skipped]) == ((), "skipped", "")


def test_partial_answers_of_a_person_are_one_answer() -> None:
    parts = [Answer(A, annotator="x", is_partial=True), Answer(B, annotator="x", is_partial=True)]

    assert [answer.labels for answer in complete_answers([*parts, Answer(A, annotator="y")])] == [
        A,
        ("a", "b"),
    ]


def test_alpha_is_one_for_full_agreement() -> None:
    assert krippendorff_alpha([[A, A], [B, B, B]]) == 1


def test_alpha_is_that_of_the_published_example() -> None:
    # Krippendorff 2011, section C: four observers, twelve units, nominal data.
    units = [
        [1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
        [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [5, 5, 5], [1, 1], [3],
    ]  # fmt: skip

    alpha = krippendorff_alpha([[(str(value),) for value in unit] for unit in units])

    assert alpha == pytest.approx(0.743, abs=5e-4)


def test_alpha_is_unknown_if_all_gave_one_label() -> None:
    assert krippendorff_alpha([[A, A], [A, A]]) is None


def test_of_several_labels_each_needs_more_than_half_of_the_people() -> None:
    given = answers(("a", "b"), ("a",), ("a", "c"))

    assert join_label_sets(given, "abc") == (A, (), "", "a + b 1, a 1, a + c 1")


def test_what_half_of_the_people_gave_is_not_known() -> None:
    assert join_label_sets(answers(("a", "b"), ("a",)), "abc")[:3] == (A, B, "")


def test_people_who_agree_on_no_label_have_no_majority() -> None:
    labels, _, reason, votes = join_label_sets(answers(A, B, C), "abc")

    assert (labels, reason, votes) == ((), "tied", "a 1, b 1, c 1")


def test_people_may_agree_that_there_is_no_label() -> None:
    none = Answer(has_none="yes")

    assert join_label_sets([none, none, Answer(A)], "abc") == ((), (), "", "none 2, a 1")


def test_an_answer_that_may_mean_none_of_the_labels_does_so_on_request() -> None:
    blank = Answer(verdict="left empty", has_none="unclear")

    assert join_label_sets([blank], "ab") == ((), (), "left empty", "")
    assert join_label_sets([blank], "ab", blank_is_none=True) == ((), (), "", "")


def test_a_label_that_nobody_was_asked_about_is_not_known() -> None:
    yes = Answer(A, is_partial=True, asked=A)
    no = Answer((), "rejected", is_partial=True, asked=B)

    assert join_label_sets(complete_answers([yes, no]), "abc") == (A, C, "", "")


def test_a_verdict_does_not_vote_on_several_labels() -> None:
    assert join_label_sets([Answer(A), Answer(verdict="skipped")], "ab") == (A, (), "", "")
