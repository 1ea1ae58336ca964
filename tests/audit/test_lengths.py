"""What a model can read of the texts."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from audited_examples import in_train, look, places
from textune.audit.checks import Find
from textune.audit.encoded_texts import TokenCounts
from textune.audit.findings import Finding
from textune.audit.lengths import find_lengths, find_unknown_texts


def look_at(find: Find, *, lengths: list[int], unknown: list[float] | None = None) -> list[Finding]:
    """Return what a check finds in texts of these lengths, for a model that reads 512 tokens."""
    counts = TokenCounts([], np.array(lengths), np.array(unknown or [0.0] * len(lengths)))
    encoder = SimpleNamespace(tokens=counts, max_length=512, folder=SimpleNamespace(name="tiny"))
    return look(find, in_train(*"x" * len(lengths)), encoder=encoder)


def test_lengths_are_described_where_nothing_is_cut() -> None:
    (finding,) = look_at(find_lengths, lengths=[10, 20, 512])

    assert (finding.id, finding.severity, finding.count) == ("D011", "info", 0)
    assert "median 20 tokens" in finding.title
    assert "maximum 512" in finding.title


def test_the_texts_that_are_cut_are_listed_with_their_lengths() -> None:
    (finding,) = look_at(find_lengths, lengths=[10, 1513, 513])

    assert places(finding) == [("train", 1), ("train", 2)]
    assert [row.note for row in finding.rows] == ["1,513 tokens", "513 tokens"]


def test_one_in_a_hundred_cut_is_a_warning() -> None:
    (finding,) = look_at(find_lengths, lengths=[513] + [10] * 99)

    assert finding.severity == "warning"


def test_fewer_are_worth_knowing() -> None:
    (finding,) = look_at(find_lengths, lengths=[513] + [10] * 199)

    assert finding.severity == "info"


def test_texts_that_are_mostly_unknown_are_listed() -> None:
    (finding,) = look_at(find_unknown_texts, lengths=[10, 10, 10], unknown=[0.0, 0.5, 0.4])

    assert places(finding) == [("train", 1)]
    assert finding.rows[0].note == "50 % unknown"
