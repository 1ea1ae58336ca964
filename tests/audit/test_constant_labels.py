"""Labels that no text or every text has."""

from __future__ import annotations

from audited_examples import examples_from, look, with_sets
from textune.audit.constant_labels import find_constant_labels

ROWS = [("train", "so happy", "joy"), ("train", "oh", "joy anger"), ("train", "hm", "joy")]


def test_a_label_that_every_text_of_train_has_is_found() -> None:
    examples = with_sets([*ROWS, ("train", "ah", "joy?"), ("test", "no", "")])

    (finding,) = look(find_constant_labels, examples, is_multi_label=True)

    assert finding.title == "1 label that every text of train has: joy"


def test_a_label_that_no_text_of_train_has_is_found() -> None:
    examples = with_sets([*ROWS, ("train", "ah", "")])

    (finding,) = look(find_constant_labels, examples, is_multi_label=True, unused_labels=("fear", "love"))

    assert finding.title == "2 labels that no text of train has: fear, love"


def test_classes_that_exclude_each_other_are_not_looked_at() -> None:
    assert look(find_constant_labels, examples_from(ROWS[:1]), unused_labels=("fear",)) == []
