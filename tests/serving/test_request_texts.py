"""The texts of a request: single ones and pairs in all their forms, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from textune.formats.text_pairs import TextPair
from textune.serving.limits import Limits
from textune.serving.refusals import Refusal
from textune.serving.request_texts import TextObject, is_batch, texts_of

LIMITS = Limits(texts=3, characters=10)
AB = TextObject(text="a", text_pair="b")


def test_the_texts_of_all_forms_come_as_one_list() -> None:
    assert texts_of("a", LIMITS) == ["a"]
    assert texts_of(["a", "b"], LIMITS) == ["a", "b"]
    assert texts_of([["a"], ["b"]], LIMITS) == ["a", "b"]
    assert texts_of(TextObject(text="a"), LIMITS) == ["a"]
    assert texts_of([TextObject(text="a"), TextObject(text="b")], LIMITS) == ["a", "b"]


@pytest.mark.parametrize("inputs", [AB, [AB], [["a", "b"]]])
def test_a_pair_is_an_object_or_a_list_inside_a_batch(inputs: Any) -> None:
    assert texts_of(inputs, LIMITS, pairs=True) == [TextPair("a", "b")]


def test_a_list_of_two_texts_is_a_pair_only_where_lists_are_pairs() -> None:
    assert texts_of(["a", "b"], LIMITS, pairs=True, listed_pairs=True) == [TextPair("a", "b")]
    assert not is_batch(["a", "b"], listed_pairs=True)
    assert is_batch([["a", "b"]], listed_pairs=True)
    assert is_batch(["a", "b"])


@pytest.mark.parametrize(
    ("inputs", "status", "said"),
    [
        (["a"] * 4, 413, "inputs: 4 texts exceed the limit of 3 per request."),
        (["a", "b" * 11], 413, "inputs[1]: 11 characters exceed the limit of 10 per text."),
        (["a", " \n"], 422, "inputs[1]: the text is empty."),
        ("", 422, "inputs: the text is empty."),
        ("\x1c\x85\ufeff", 422, "inputs: the text is empty."),
    ],
)
def test_texts_beyond_the_limits_are_refused_by_their_number(inputs: Any, status: int, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts_of(inputs, LIMITS)

    assert (caught.value.status_code, caught.value.detail) == (status, said)


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ("a", "inputs"),
        (TextObject(text="a"), "inputs"),
        (["a", "b"], "inputs[0]"),
        ([AB, TextObject(text="a")], "inputs[1]"),
        ([["a", "b"], ["a"]], "inputs[1]"),
    ],
)
def test_a_single_text_for_a_classifier_of_pairs_is_refused(inputs: Any, place: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts_of(inputs, LIMITS, pairs=True)

    assert caught.value.status_code == 422
    assert caught.value.detail == (
        f"{place}: This classifier takes pairs of texts, and this is a single text. A pair is "
        '{"text": ..., "text_pair": ...}.'
    )


@pytest.mark.parametrize(
    ("inputs", "place"),
    [(AB, "inputs"), ([TextObject(text="a"), AB], "inputs[1]"), ([["a", "b"]], "inputs[0]")],
)
def test_a_pair_for_a_classifier_of_single_texts_is_refused(inputs: Any, place: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts_of(inputs, LIMITS)

    assert caught.value.status_code == 422
    assert caught.value.detail == f"{place}: This classifier takes single texts, and this is a pair of texts."


@pytest.mark.parametrize(
    ("count", "said"), [(1, "this is a single text"), (3, "A list of 3 texts is not a pair")]
)
def test_a_list_of_another_number_of_texts_is_no_pair(count: int, said: str) -> None:
    with pytest.raises(Refusal, match=said) as caught:
        texts_of(["a"] * count, LIMITS, pairs=True, listed_pairs=True)

    assert caught.value.status_code == 422


@pytest.mark.parametrize(
    ("inputs", "status", "said"),
    [
        ([["a", "b"]] * 4, 413, "inputs: 4 texts exceed the limit of 3 per request."),
        ([["a" * 6, "b" * 5]], 413, "inputs[0]: 11 characters exceed the limit of 10 per pair."),
        ([["a", " "]], 422, "inputs[0][1]: the text is empty."),
        (TextObject(text="", text_pair="b"), 422, "inputs.text: the text is empty."),
        ([TextObject(text="a", text_pair="\n")], 422, "inputs[0].text_pair: the text is empty."),
        (
            TextObject.model_construct(text="a", text_pair="\ud83d"),
            422,
            "inputs.text_pair: the text contains a surrogate without its other half.",
        ),
    ],
)
def test_both_texts_of_a_pair_count_and_must_hold_something(inputs: Any, status: int, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts_of(inputs, LIMITS, pairs=True)

    assert (caught.value.status_code, caught.value.detail) == (status, said)
