"""Candidates for near-duplicates: texts that share bands of hashes."""

from __future__ import annotations

import numpy as np
import pytest

from textune.audit import sketches
from textune.audit.sketches import Buckets, hash_runs, similarities, sort_into_buckets

POST = "the weather is lovely today and i cannot wait to be outside with my friends"


def runs_of_each(texts: list[list[str]]) -> list[set[int]]:
    """Return the hashes of each text's runs."""
    hashes, starts = hash_runs(texts)
    return [set(part.tolist()) for part in np.split(hashes, starts[1:])]


def candidates(texts: list[list[str]]) -> list[int]:
    """Return the candidates of the last text, with all others added."""
    buckets = sort_into_buckets(texts, len(texts))
    for number in range(len(texts) - 1):
        buckets.add(number)
    found: list[int] = buckets.candidates(len(texts) - 1).tolist()
    return found


def test_a_text_has_a_hash_for_each_of_its_runs_of_characters() -> None:
    whole, part = runs_of_each([["abcdefgh"], ["bcdefg"]])

    assert (len(whole), len(part)) == (4, 2)
    assert part < whole


@pytest.mark.parametrize("short", ["", "a", "abcd", "é", "😀"])
def test_a_text_shorter_than_a_run_is_one(short: str) -> None:
    found = runs_of_each([[short], ["abcdefgh"], [short + "!"]])

    assert [len(each) for each in found[:2]] == [1, 4]
    assert found[0].isdisjoint(found[2])


def test_no_run_reaches_from_a_text_into_the_next() -> None:
    together, alone = runs_of_each([["abcdefg"], ["hijklmn"]]), runs_of_each([["hijklmn"]])

    assert together[1] == alone[0]


def test_the_sides_of_a_pair_have_hashes_of_their_own() -> None:
    first, second = runs_of_each([["abcdef", "uvwxyz"], ["uvwxyz", "abcdef"]])

    assert (len(first), len(second)) == (4, 4)
    assert first.isdisjoint(second)


def test_the_same_text_is_a_candidate_and_another_is_none() -> None:
    assert candidates([[POST], ["nothing of this is in it"], [POST]]) == [0]


def test_a_text_with_a_changed_word_is_a_candidate() -> None:
    assert candidates([[POST], [POST.replace("lovely", "awful")]]) == [0]


def test_the_numbers_of_texts_that_are_hashed_together_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sketches, "_TEXTS_AT_ONCE", 2)

    assert candidates([["something else"], [POST], ["yet another thing"], [POST]]) == [1]


def test_a_text_that_was_not_added_is_no_candidate() -> None:
    buckets = sort_into_buckets([[POST], [POST]], 2)

    assert buckets.candidates(1).tolist() == []


def test_of_many_candidates_those_that_share_the_most_bands_are_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sketches, "_MOST_CANDIDATES", 1)
    keys = np.array([[1, 1, 1], [2, 3, 3], [4, 5, 5]], dtype=np.uint32)
    buckets = Buckets(keys, np.ones(3, dtype=np.int32))
    buckets.add(0)
    buckets.add(1)

    assert buckets.candidates(2).tolist() == [1]


def test_the_similarity_is_the_share_of_common_runs() -> None:
    others = ["abcdefghi", "uvwxyz", "abcdefg abcdefg", "defgh"]
    sets = [{text[start : start + 5] for start in range(len(text) - 4)} for text in ("abcdefgh", *others)]

    found = similarities(
        ["abcdefgh"], [[other] for other in others], np.array([len(each) for each in sets[1:]])
    )

    assert found.tolist() == [len(sets[0] & each) / len(sets[0] | each) for each in sets[1:]]


def test_different_runs_of_a_text_are_counted() -> None:
    assert sort_into_buckets([["abcabcabcabc"], ["no"]], 2).run_counts.tolist() == [3, 1]
