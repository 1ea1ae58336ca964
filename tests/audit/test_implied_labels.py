"""Labels that imply each other."""

from __future__ import annotations

from audited_examples import examples_from, look, with_sets
from textune.audit.findings import Finding
from textune.audit.implied_labels import find_implied_labels

NAMES = ("sport", "football", "politics")


def implied(*sets: tuple[int, str]) -> list[Finding]:
    """Return the findings on texts with these sets of labels, each so many times."""
    rows = [("train", f"text {number}", labels) for count, labels in sets for number in range(count)]
    return look(find_implied_labels, with_sets(rows, NAMES), NAMES, is_multi_label=True)


def test_a_label_that_nearly_always_comes_with_another_is_described() -> None:
    (finding,) = implied((39, "sport football"), (1, "football"), (40, "sport"), (40, "politics"))

    assert (finding.severity, finding.count) == ("info", 1)
    assert finding.title == (
        "1 pair of labels of which one nearly always comes with the other: football implies sport (98 % of "
        "40 texts)"
    )


def test_labels_that_nearly_always_come_together_are_a_warning() -> None:
    (finding,) = implied((40, "sport football"), (1, "sport"), (60, "politics"))

    assert finding.severity == "warning"
    assert finding.title == "1 pair of labels that nearly always come together: sport and football"


def test_what_is_not_known_implies_nothing() -> None:
    assert implied((19, "sport football"), (40, "football sport?"), (60, "politics")) == []


def test_few_texts_imply_nothing() -> None:
    assert implied((19, "sport football"), (40, "sport"), (40, "politics")) == []


def test_a_label_of_most_texts_is_implied_by_nothing() -> None:
    assert implied((40, "sport football"), (140, "sport"), (10, "politics")) == []


def test_classes_that_exclude_each_other_are_not_looked_at() -> None:
    assert look(find_implied_labels, examples_from([("train", "so happy", "joy")])) == []
