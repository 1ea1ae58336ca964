"""A request becomes bytes and is read back from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kept_requests import LABELS, WIDTH, kept_header, kept_request
from textune.formats.text_pairs import TextPair
from textune.logbook.logged_request import LogHeader, feature_type_of, from_bytes, narrowed, to_bytes


def test_a_request_is_read_back_as_it_was() -> None:
    request = kept_request(7, texts=3)

    again = from_bytes(to_bytes(request, kept_header()), kept_header())

    assert (again.seconds, again.id, again.texts) == (request.seconds, "id-7", None)
    np.testing.assert_array_equal(again.logits, request.logits)
    np.testing.assert_array_equal(again.truncated, [False, True, False])
    np.testing.assert_array_equal(again.features, request.features)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pairs", "texts"),
    [(False, ["so happy", "\n\u2028 \ud800 ü"]), (True, [TextPair("a", "b"), TextPair("", "ü")])],
    ids=["single texts", "pairs"],
)
def test_texts_are_kept_to_the_character_where_they_are_kept(pairs: bool, texts: Any) -> None:
    header = kept_header(has_texts=True, pairs=pairs)

    again = from_bytes(to_bytes(replace(kept_request(1, texts=2), texts=texts), header), header)

    assert again.texts == texts


def test_texts_are_not_in_the_bytes_unless_the_header_says_so() -> None:
    request = replace(kept_request(1), texts=["a secret"])

    assert b"secret" not in to_bytes(request, kept_header())


def test_features_take_two_bytes_each() -> None:
    with_features, without = (to_bytes(kept_request(1), kept_header(width=width)) for width in (WIDTH, 0))

    assert len(with_features) - len(without) == 2 * WIDTH


def test_features_near_what_16_bits_hold_are_kept_in_32() -> None:
    assert feature_type_of(np.array([[3.0, -20.0]], np.float32)) == "float16"
    assert feature_type_of(np.array([[3.0, -20_000.0]], np.float32)) == "float32"
    assert feature_type_of(None) == "float16"


def test_a_feature_that_is_too_large_after_all_becomes_the_largest_number() -> None:
    features = narrowed(np.array([[1e9, -1e9, 0.5]], np.float32), "float16")

    assert features.tolist() == [[65504.0, -65504.0, 0.5]]


def test_a_request_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        to_bytes(kept_request(1), kept_header(label_names=("a", "b")))
    with pytest.raises(ValueError, match="width"):
        to_bytes(kept_request(1), kept_header(width=WIDTH + 1))


@pytest.mark.parametrize("length", [0, 5, 14, 20, 30])
def test_bytes_that_are_too_few_are_no_request(length: int) -> None:
    payload = to_bytes(kept_request(1), kept_header())

    with pytest.raises(ValueError, match=r"record"):
        from_bytes(payload[:length], kept_header())


def test_a_header_is_read_back_from_its_json() -> None:
    header = kept_header(sample=0.1, has_texts=True, runtime="onnx")

    assert LogHeader.from_json(header.to_json()) == header
    assert header.label_names == LABELS


@pytest.mark.parametrize("values", [{}, {"format": 99}, {"format": 1}, {"format": 1, "label_names": 3}])
def test_other_json_is_no_header(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"version|header"):
        LogHeader.from_json(values)
