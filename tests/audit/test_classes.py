"""How many rows every class has."""

from __future__ import annotations

from collections.abc import Mapping

from audited_examples import examples_from, found, look, with_sets
from textune.audit.classes import find_class_faults
from textune.audit.findings import Finding

NAMES = ("anger", "joy", "fear")


def faults(counts: Mapping[str, Mapping[str, int]]) -> list[Finding]:
    """Return the findings on splits with this many rows per class."""
    rows = [
        (split, f"{split} {label} {number}", label)
        for split, by_label in counts.items()
        for label, count in by_label.items()
        for number in range(count)
    ]
    return look(find_class_faults, examples_from(rows, NAMES), NAMES, test_fraction=0.2)


EVEN = {"anger": 200, "joy": 200, "fear": 200}


def test_balanced_classes_are_described_by_their_shares() -> None:
    (finding,) = faults({"train": {"anger": 300, "joy": 200, "fear": 500}})

    assert (finding.id, finding.severity) == ("D009", "info")
    assert finding.title == "3 classes in train: fear 50 %, anger 30 %, joy 20 %"


def test_a_class_of_a_tenth_of_the_largest_is_a_warning() -> None:
    (finding,) = found(faults({"train": {"anger": 2000, "joy": 1900, "fear": 200}}), "D009")

    assert (finding.severity, finding.count) == ("warning", 1)
    assert "10 times the rows" in finding.advice


def test_a_test_split_with_other_shares_is_a_warning() -> None:
    findings = found(faults({"train": EVEN, "test": {"anger": 150, "joy": 50, "fear": 50}}), "D009")

    assert [finding.severity for finding in findings] == ["info", "warning"]
    assert "anger has 33 % of train and 60 % of test" in findings[1].title


def test_shares_that_differ_by_chance_are_none() -> None:
    findings = found(faults({"train": EVEN, "test": {"anger": 36, "joy": 30, "fear": 30}}), "D009")

    assert [finding.severity for finding in findings] == ["info"]


def test_a_class_of_few_test_rows_is_too_small_to_measure() -> None:
    (finding,) = found(faults({"train": EVEN, "test": {"anger": 40, "joy": 40, "fear": 29}}), "D010")

    assert "in test, too few to measure: fear (29)" in finding.title
    assert "±14 %" in finding.advice


def test_the_test_split_to_be_made_is_counted_in_advance() -> None:
    (finding,) = found(faults({"train": {"anger": 200, "joy": 200, "fear": 100}}), "D010")

    assert "in the test split to be made, too few to measure: fear (20)" in finding.title


def test_a_class_of_few_training_rows_is_hardly_learned() -> None:
    findings = found(faults({"train": {"anger": 200, "joy": 200, "fear": 19}, "test": EVEN}), "D010")

    assert [finding.title for finding in findings] == [
        "1 class with fewer than 20 rows in train, too few to learn: fear (19)"
    ]


def test_a_class_without_a_row_in_a_held_out_split_is_named() -> None:
    (finding,) = found(faults({"train": EVEN, "test": EVEN, "validation": {"anger": 50, "joy": 50}}), "D010")

    assert finding.title == "1 class with no row in validation: fear (0)"


def sets(counts: Mapping[str, Mapping[str, int]]) -> list[Finding]:
    """Return the findings on splits with this many rows per set of labels."""
    rows = [
        (split, f"{split} {labels} {number}", labels)
        for split, by_set in counts.items()
        for labels, count in by_set.items()
        for number in range(count)
    ]
    examples = with_sets(rows, NAMES)
    return look(find_class_faults, examples, NAMES, test_fraction=0.2, is_multi_label=True)


def test_the_share_of_a_label_is_that_of_the_rows_that_have_it() -> None:
    (finding,) = sets({"train": {"anger joy": 200, "joy": 300, "": 300, "fear": 200}})

    assert finding.title == "3 labels in train: joy 50 %, anger 20 %, fear 20 %"


def test_a_label_with_another_share_in_test_is_a_warning() -> None:
    train = {"anger joy": 200, "fear": 200, "": 200}

    findings = found(sets({"train": train, "test": {"anger joy": 150, "fear": 50, "": 50}}), "D009")

    assert [finding.severity for finding in findings] == ["info", "warning"]
    assert findings[1].title == (
        "3 of 3 labels with another share in test than in train: anger has 33 % of train and 60 % of test"
    )


def test_rare_labels_are_called_labels() -> None:
    (finding,) = found(sets({"train": {"anger": 200, "joy": 200, "fear": 19}, "test": EVEN}), "D010")

    assert finding.title == "1 label with fewer than 20 rows in train, too few to learn: fear (19)"


def test_no_rows_give_no_finding() -> None:
    assert faults({}) == []
