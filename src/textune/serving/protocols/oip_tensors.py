"""Tensors of the Open Inference Protocol: from and to JSON, and the bytes of Triton's binary extension.

In: the parts of a request. Out: strings, and parts of a response. Does not know what the strings are. Format:
the binary tensor data extension of Triton, which KServe has as well.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from textune.serving.refusals import Refusal

Parameter = str | bool | int | float
"""A value among the parameters of a request or of a tensor."""

_LENGTH = struct.Struct("<I")


class OutputTensor(TypedDict):
    """A tensor of a response; without data where it follows as bytes."""

    name: str
    shape: list[int]
    datatype: Literal["FP32", "BOOL", "BYTES"]
    parameters: NotRequired[dict[str, Parameter]]
    data: NotRequired[list[float | bool | str]]


@dataclass(frozen=True)
class Tensor:
    """A tensor to send: numbers (FP32), truth values (BOOL), or strings (BYTES)."""

    name: str
    datatype: Literal["FP32", "BOOL", "BYTES"]
    shape: tuple[int, ...]
    values: Sequence[Any] | NDArray[Any]

    def as_json(self) -> OutputTensor:
        """Return the tensor with its data, in row-major order."""
        flat = self.values if self.datatype == "BYTES" else np.asarray(self.values).ravel().tolist()
        return {**self._head(), "data": list(flat)}

    def as_bytes(self) -> tuple[OutputTensor, bytes]:
        """Return the tensor without its data, and the bytes of the data."""
        if self.datatype == "BYTES":
            encoded = [str(value).encode() for value in self.values]
            data = b"".join(_LENGTH.pack(len(value)) + value for value in encoded)
        else:
            data = np.asarray(self.values, dtype="<f4" if self.datatype == "FP32" else "?").tobytes()
        return {**self._head(), "parameters": {"binary_data_size": len(data)}}, data

    def _head(self) -> OutputTensor:
        return {"name": self.name, "shape": list(self.shape), "datatype": self.datatype}


def split_body(body: bytes, header_length: str | None) -> tuple[bytes, bytes]:
    """Return the JSON of a body, and the bytes of tensors after it.

    `header_length` is the header that gives the length of the JSON, if it was sent.
    """
    if header_length is None:
        return body, b""
    length = int(header_length) if header_length.isdigit() and len(header_length) < 12 else -1
    if not 0 <= length <= len(body):
        raise Refusal(422, "Inference-Header-Content-Length: It is not the length of a part of the body.")
    return body[:length], body[length:]


def strings_of_bytes(data: bytes, place: str) -> list[str]:
    """Return the strings of a tensor of bytes: each is its length, in four bytes, and UTF-8."""
    strings, start = [], 0
    while start < len(data):
        if start + _LENGTH.size > len(data):
            raise Refusal(422, f"{place}: The last string has no length.")
        (length,) = _LENGTH.unpack_from(data, start)
        start += _LENGTH.size
        if start + length > len(data):
            raise Refusal(422, f"{place}: A string is longer than the data.")
        try:
            strings.append(data[start : start + length].decode())
        except UnicodeDecodeError:
            raise Refusal(422, f"{place}: A string is not valid UTF-8.") from None
        start += length
    return strings


def flatten_strings(data: Sequence[Any], place: str) -> list[str]:
    """Return the strings of data that is flat, or nested as its shape is."""
    flat: list[str] = []
    for value in data:
        if isinstance(value, list):
            flat += flatten_strings(value, place)
        elif isinstance(value, str):
            flat.append(value)
        else:
            raise Refusal(422, f"{place}: The elements of a BYTES tensor are strings.")
    return flat


def check_shape(shape: Sequence[int], count: int, place: str) -> None:
    """Raise a `Refusal` unless a shape is one text per row, as [n] or as [n, 1], and has `count` elements."""
    if not shape or shape[0] < 0 or any(side != 1 for side in shape[1:]):
        raise Refusal(422, f"{place}.shape: It has one text per row: [n] or [n, 1].")
    if shape[0] != count:
        raise Refusal(422, f"{place}.shape: It is not that of the {count:,} texts of the data.")
    if not count:
        raise Refusal(422, f"{place}: It has no elements.")
