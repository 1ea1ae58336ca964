"""What the audit finds in TweetEval: its own faults, and planted ones.

Those are planted into a part of it, and into all of it by `make torture` and `make bench-audit`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import textune
from audited_examples import found
from planted_faults import LEAK, Planted, plant
from textune.commands.audit import AuditResult
from tweeteval_part import IS_WHOLE, part_of_tweeteval


@pytest.fixture(scope="module")
def as_published(tweeteval: Path) -> AuditResult:
    return textune.audit(str(tweeteval), quick=True)


@pytest.fixture(scope="module")
def planted(tweeteval: Path, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    part = part_of_tweeteval(
        tweeteval, tmp_path_factory.mktemp("part") / "emotion", train=1000, val=150, test=300
    )
    return plant(part, tmp_path_factory.mktemp("planted"), seed=0, divisor=1 if IS_WHOLE else 3)


@pytest.fixture(scope="module")
def audited(planted: Planted) -> AuditResult:
    return textune.audit(str(planted.folder), model="embedded:minilm")


def rows_found(result: AuditResult, id: str, split: str) -> set[int]:
    return {row.row for finding in found(result.findings, id) for row in finding.rows if row.split == split}


def test_tweeteval_has_seven_texts_twice_in_train(as_published: AuditResult) -> None:
    counts = [(finding.count, finding.title) for finding in found(as_published.findings, "D003")]

    assert (7, True) in [(count, "in train" in title) for count, title in counts]


def test_tweeteval_has_one_row_of_each_held_out_split_in_train(as_published: AuditResult) -> None:
    leaks = found(as_published.findings, "D004")

    assert [finding.count for finding in leaks] == [1, 1]
    assert [row.split for finding in leaks for row in finding.rows] == [
        "train",
        "validation",
        "train",
        "test",
    ]


def test_tweeteval_has_one_text_with_different_labels(as_published: AuditResult) -> None:
    (finding,) = found(as_published.findings, "D007")

    assert finding.count == 1
    assert len({row.note for row in finding.rows}) == 2


def test_tweeteval_as_published_has_no_error(as_published: AuditResult) -> None:
    assert not as_published.has_errors


def test_all_planted_copies_are_found_and_are_an_error(planted: Planted, audited: AuditResult) -> None:
    assert rows_found(audited, "D004", "test") >= planted.copies
    assert audited.has_errors


def test_all_planted_conflicts_are_found(planted: Planted, audited: AuditResult) -> None:
    assert rows_found(audited, "D007", "validation") >= planted.disputed


def test_the_planted_column_is_found(audited: AuditResult) -> None:
    assert f"'{LEAK}'" in found(audited.findings, "D018")[0].title


def test_the_first_suspects_hold_five_times_as_many_changed_labels_as_chance(
    planted: Planted, audited: AuditResult
) -> None:
    first = [suspect.example.row for suspect in audited.suspects[: planted.first]]

    assert len(planted.flipped.intersection(first)) >= 5 * planted.chance
