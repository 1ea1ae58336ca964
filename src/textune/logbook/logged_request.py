"""One request in the log: the numbers behind its answer, as bytes and back.

In: features, logits and what else is known of a request's texts. Out: the bytes of a record, whose numbers
are little-endian, and which only the `LogHeader` of its journal explains. Does not know files.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.formats.text_pairs import AnyText, TextPair

LOG_FORMAT = 1
_FIRST = struct.Struct("<dIH")
"""A request's second since 1970, its number of texts, and the length of its id."""
_STORED = {"float16": "<f2", "float32": "<f4"}
_HALF_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class LogHeader:
    """What the records of one journal have in common.

    Attributes:
        run: The name of the run that was served.
        model_sha256: The hash of its classifier.
        problem_type: The kind of label, see `textune.tasks`.
        label_names: The classes' names, in the order of the logits.
        width: The number of features of a text; 0: the log has none.
        feature_type: `float16`, or `float32` where that is too small for the features.
        sample: The share of the requests that is kept.
        has_texts: Whether the texts are kept.
        pairs: Whether they are pairs.
        runtime: What computed, such as `onnx`.
    """

    run: str
    model_sha256: str
    problem_type: str
    label_names: tuple[str, ...]
    width: int
    feature_type: str = "float16"
    sample: float = 1.0
    has_texts: bool = False
    pairs: bool = False
    runtime: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the header as JSON values."""
        return {"format": LOG_FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> LogHeader:
        """Return the header of JSON values; raise a `ValueError` if they are not those of a header."""
        values = dict(values)
        if values.pop("format", None) != LOG_FORMAT:
            raise ValueError("another version of textune wrote this")
        try:
            return cls(**{**values, "label_names": tuple(values["label_names"])})
        except (KeyError, TypeError) as error:
            raise ValueError("not the header of a log") from error


@dataclass(frozen=True, eq=False)
class LoggedRequest:
    """The texts of one request, and what the classifier made of them.

    Attributes:
        seconds: When it was answered, in seconds since 1970.
        id: Its id, as in the server's log of requests.
        logits: (texts, classes), from which the probabilities come.
        truncated: Which texts were truncated, (texts,).
        features: What the head reads, (texts, width), if that is known.
        texts: The texts, if they are kept.
    """

    seconds: float
    id: str
    logits: NDArray[np.float32]
    truncated: NDArray[np.bool_]
    features: NDArray[np.floating[Any]] | None = None
    texts: Sequence[AnyText] | None = None


def feature_type_of(features: NDArray[np.float32] | None) -> str:
    """Return the type in which features like these are kept: 16 bits, unless some are near what they hold."""
    if features is None or not features.size:
        return "float16"
    return "float16" if float(np.abs(features).max()) < _HALF_LARGEST / 8 else "float32"


def narrowed(features: NDArray[np.floating[Any]], feature_type: str) -> NDArray[np.floating[Any]]:
    """Return features in the type in which they are kept; what is too large becomes the largest number."""
    if feature_type == "float16" and features.dtype != np.float16:
        features = np.clip(features, -_HALF_LARGEST, _HALF_LARGEST)
    narrow: NDArray[np.floating[Any]] = features.astype(feature_type, copy=False)
    return narrow


def to_bytes(request: LoggedRequest, header: LogHeader) -> bytes:
    """Return a request as the bytes of a record; raise a `ValueError` if it does not fit the header."""
    count, name = len(request.logits), request.id.encode()
    parts = [
        _FIRST.pack(request.seconds, count, len(name)),
        name,
        np.ascontiguousarray(request.truncated, dtype=bool).tobytes(),
        np.ascontiguousarray(request.logits, dtype="<f4").tobytes(),
    ]
    if request.logits.shape != (count, len(header.label_names)):
        raise ValueError(f"{request.logits.shape} is not the shape of the logits")
    if header.width:
        if request.features is None or request.features.shape != (count, header.width):
            raise ValueError("the features are not of the width that the log has")
        narrow = narrowed(request.features, header.feature_type)
        parts.append(narrow.astype(_STORED[header.feature_type], copy=False).tobytes())
    if header.has_texts:
        # JSON keeps half of a surrogate pair, which UTF-8 does not.
        parts.append(json.dumps(request.texts).encode())
    return b"".join(parts)


def from_bytes(payload: bytes, header: LogHeader) -> LoggedRequest:
    """Return the request of a record; raise a `ValueError` if these are not the bytes of one."""
    try:
        seconds, count, name_length = _FIRST.unpack_from(payload)
        rest = _Rest(payload, _FIRST.size)
        name = rest.take(name_length).decode()
        truncated = rest.array("?", count)
        logits = rest.array("<f4", count, len(header.label_names))
        features = texts = None
        if header.width:
            features = rest.array(_STORED[header.feature_type], count, header.width)
        if header.has_texts:
            texts = json.loads(payload[rest.place :])
            if header.pairs:
                texts = [TextPair(*pair) for pair in texts]
    except (struct.error, TypeError, KeyError) as error:
        raise ValueError("not a record of a log") from error
    return LoggedRequest(seconds, name, logits, truncated, features, texts)


class _Rest:
    """What has not been read of some bytes."""

    def __init__(self, payload: bytes, place: int) -> None:
        self._payload, self.place = payload, place

    def take(self, length: int) -> bytes:
        start, self.place = self.place, self.place + length
        if self.place > len(self._payload):
            raise ValueError("the record is too short")
        return self._payload[start : self.place]

    def array(self, kind: str, *shape: int) -> NDArray[Any]:
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        return np.frombuffer(self.take(size), dtype=kind).reshape(shape)
