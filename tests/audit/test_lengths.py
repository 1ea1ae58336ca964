"""What a model can read of the texts."""

from __future__ import annotations

import numpy as np

from audited_examples import in_train, places
from textune.audit.lengths import describe_lengths, describe_unknown


def test_lengths_are_described_where_nothing_is_cut() -> None:
    finding = describe_lengths(in_train("a", "b", "c"), np.array([10, 20, 512]), max_length=512, model="tiny")

    assert (finding.id, finding.severity, finding.count) == ("D011", "info", 0)
    assert "median 20 tokens" in finding.title
    assert "maximum 512" in finding.title


def test_the_texts_that_are_cut_are_listed_with_their_lengths() -> None:
    finding = describe_lengths(
        in_train("a", "b", "c"), np.array([10, 1513, 513]), max_length=512, model="tiny"
    )

    assert places(finding) == [("train", 1), ("train", 2)]
    assert [row.note for row in finding.rows] == ["1,513 tokens", "513 tokens"]


def test_one_in_a_hundred_cut_is_a_warning() -> None:
    lengths = np.array([513] + [10] * 99)

    assert describe_lengths(in_train(*"x" * 100), lengths, max_length=512, model="tiny").severity == "warning"


def test_fewer_are_worth_knowing() -> None:
    lengths = np.array([513] + [10] * 199)

    assert describe_lengths(in_train(*"x" * 200), lengths, max_length=512, model="tiny").severity == "info"


def test_texts_that_are_mostly_unknown_are_listed() -> None:
    (finding,) = describe_unknown(in_train("a", "b", "c"), np.array([0.0, 0.5, 0.4]), model="tiny")

    assert places(finding) == [("train", 1)]
    assert finding.rows[0].note == "50 % unknown"
