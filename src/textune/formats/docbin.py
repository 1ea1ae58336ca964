"""spaCy's DocBin (`.spacy`): one row per document with its text and `cats`; read without spaCy.

Structure: spacy 3.8, spacy/tokens/_serialize.py. A DocBin is MessagePack in zlib. A token is the 64-bit hash
of its text (MurmurHash64A, seed 1), which the table of strings contains. Words that are names of spaCy's own,
such as "number", are their places in its list of symbols instead (spacy/symbols.pyx).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from textune.errors import DataError
from textune.formats.lines import open_data_file
from textune.formats.registry import Format, Row, register
from textune.wording import first_line

_MAX_BYTES = 1 << 31
_ORTH = 65  # The number of the attribute with a token's text.
_MASK = (1 << 64) - 1
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = dict(zip(range(0xCA, 0xD4), "fdBHIQbhiq", strict=True))
_ATTRIBUTES = (
    "IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM "
    "LIKE_EMAIL IS_STOP IS_OOV_DEPRECATED IS_BRACKET IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY"
)
_PARTS_OF_SPEECH = (
    "ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD "
    "SENT_START SPACY PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT "
    "SCONJ SYM VERB X EOL SPACE"
)
_ENTITIES = (
    "PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY "
    "QUANTITY ORDINAL CARDINAL acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm "
    "conj cop csubj csubjpass dep det dobj expl hmod hyph infmod intj iobj mark meta neg nmod nn "
    "npadvmod nsubj nsubjpass num number oprd obj obl parataxis partmod pcomp pobj poss possessive "
    "preconj prep prt punct quantmod relcl rcmod root xcomp acl ENT_KB_ID MORPH ENT_ID IDX _"
)
_SYMBOLS = (
    "",
    *_ATTRIBUTES.split(),
    *(f"FLAG{number}" for number in range(19, 64)),
    *_PARTS_OF_SPEECH.split(),
    *(f"DEPRECATED{number:03}" for number in range(1, 277)),
    *_ENTITIES.split(),
)
# The first bytes of values with a length, and the format of that length.
_TEXTS = {0xD9: "B", 0xDA: "H", 0xDB: "I"}
_BYTES = {0xC4: "B", 0xC5: "H", 0xC6: "I"}
_LISTS = {0xDC: "H", 0xDD: "I"}
_MAPS = {0xDE: "H", 0xDF: "I"}


def _rows(path: Path, columns: Collection[str]) -> Iterator[Row]:
    with open_data_file(path) as file:
        packed = file.read()
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(packed, _MAX_BYTES)
        if not stream.eof:
            raise ValueError("it is cut off, or larger than 2 GiB")
        for number, values in enumerate(_documents(_MessagePack(data).value()), start=1):
            yield Row(number, {name: values[name] for name in columns} if columns else values)
    except (zlib.error, struct.error, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path} is not a DocBin of spaCy 3, or it is damaged: {first_line(error)}.",
            "Write it again with DocBin.to_disk.",
        ) from error


def _documents(packed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    import numpy as np  # Help lists the formats, and needs no NumPy.

    attributes = packed["attrs"]
    tokens = np.frombuffer(packed["tokens"], "<u8").reshape(-1, len(attributes))[:, attributes.index(_ORTH)]
    strings = {_hash(text.encode()): text for text in packed["strings"]} | dict(enumerate(_SYMBOLS))
    words = zip(tokens.tolist(), np.frombuffer(packed["spaces"], bool).tolist(), strict=True)
    pieces = [strings[word] + " " * space for word, space in words]
    ends = np.cumsum(np.frombuffer(packed["lengths"], "<i4")).tolist()
    if (ends[-1] if ends else 0) != len(pieces):
        raise ValueError("the lengths of its documents do not fit its tokens")
    for start, end, cats in zip([0, *ends], ends, packed["cats"], strict=False):
        yield {"text": "".join(pieces[start:end]), "cats": cats}


def _hash(text: bytes) -> int:
    """Return the MurmurHash64A of a text, by which spaCy names it."""
    mixer, whole = 0xC6A4A7935BD1E995, len(text) // 8 * 8
    value = 1 ^ (len(text) * mixer & _MASK)
    for (block,) in struct.iter_unpack("<Q", text[:whole]):
        block = block * mixer & _MASK
        value = (value ^ ((block ^ block >> 47) * mixer & _MASK)) * mixer & _MASK
    if rest := text[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * mixer & _MASK
    value = (value ^ value >> 47) * mixer & _MASK
    return value ^ value >> 47


class _MessagePack:
    """A reader of MessagePack values, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self) -> Any:
        """Return the next value."""
        kind = self._number("B")
        if kind < 0x80 or kind >= 0xE0:
            return kind if kind < 0x80 else kind - 0x100
        if kind in _CONSTANTS or kind in _NUMBERS:
            return _CONSTANTS[kind] if kind in _CONSTANTS else self._number(_NUMBERS[kind])
        if kind < 0x90 or kind in _MAPS:
            count = range(kind & 15 if kind < 0x90 else self._number(_MAPS[kind]))
            return {self.value(): self.value() for _ in count}
        if kind < 0xA0 or kind in _LISTS:
            return [self.value() for _ in range(kind & 15 if kind < 0xA0 else self._number(_LISTS[kind]))]
        if kind < 0xC0 or kind in _TEXTS:
            return self._bytes(kind & 31 if kind < 0xC0 else self._number(_TEXTS[kind])).decode()
        return self._bytes(self._number(_BYTES[kind]))

    def _number(self, kind: str) -> Any:
        (value,) = struct.unpack_from(f">{kind}", self._data, self._at)
        self._at += struct.calcsize(kind)
        return value

    def _bytes(self, size: int) -> bytes:
        self._at += size
        if self._at > len(self._data):
            raise ValueError("it is cut off")
        return self._data[self._at - size : self._at]


register(Format("DocBin", (".spacy",), _rows, lambda path: ["text", "cats"], unit="row"))
