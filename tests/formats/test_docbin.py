"""spaCy's DocBin, as spaCy 3.8.18 wrote it."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

import pytest

from table_files import refusal, values
from textune.errors import DataError
from textune.formats.tables import column_names

# DocBin().add(doc).to_bytes() for five documents of spacy.blank("en").
PACKED = base64.b64decode(
    "eJzrXF6WWlScmZ+32EDPcGliSUlR8VxHZ08vbx9fP/+As4xHzjIePct4bFlJfnZqXvFRjg/5LmsS8i32t8NoBjIBIwH5JbMu"
    "i5/6kMQMo8m1hxCo3vFMVve43UwYTSt7EuQe3VvLduoTjKaVPcsW5PP2H/oqC6PJNYdQ/AgsXn9wO2eMzNa5M5y4TpixkWsP"
    "ISD4w+3QZ6vMMhhNK3uYyi9p7j5ekg2jaWXPK/GXlXUmsbwwmlb2MJgq2h5Ykh4Ip2kEViY2TnM25r+/akVDaJ1b4R1a2eOr"
    "Pa33wpNN0jCaVvZozf2Q2aJxOJbW/nHa8UY8pSxCH0bTyp6n7j8fLo3q2rt146ypYgzs9bSyh0WPc9vSlN3SMJpW9jD2y3Lu"
    "uv/iAIymlT30KndCvzmnlzirMsJoWtmzWfS1ethqtUoYTa45hBy4U0yqu/ftH2UYTa49hMCC9WvzxRIYOmE0rexZVlyQmJxa"
    "fESMEeRzKGZkBPOA9PKc1Lz0koziIyIsQD6sNGcCYlCLZXlxSVFmXnrxHQbJBQu5FiosVFyotFBnoe4KQyNjE1Mzc4tFKflL"
    "MxILCiq3ZOaVpBblJZYAm2KJOZnFYMaizOIl2Xn55UtyUhNTFueplyzOyy9ZVJy/pCQjs3hpSX5KYuWS8ozEksWPGqYA8Rwg"
    "nrvy2fSlz+asebFq3pIP82c0LElOLCme2rQ4K7/ytP0HiOuWJualpxadhvkQIgnjQSVhahugWh+gyj5A0soIEWRcmpaTmF48"
    "tXFTRmJxfGkeyOF58ZDQO0QLwdVAOi8+vSi/tKB46hHGCcgIANjUYlw="
)

# A document whose words are names of spaCy's own.
SYMBOLS = base64.b64decode(
    "eJzrXF6WWlScmZ+32EDPcGliSUlR8VxHZ08vbx9fP/+As4xHzjIePct4bFlJfnZqXvFRZofljAxgAKPJBYS0T5pVbLosjS8dRlNm"
    "G26wgRGVphXYKSbV3fv2jzKMppU9fKLGugXfewpgNK3s6YWG1/4JATxh7xIaaWVPKpQ+d01e5+ym2Fm0skcESrOIijzqLz4bQSt7"
    "lhUXJCanFh/hYGRkYAQChuU5qXnpJRnFR1g4gNLLi0uKMvPSi+csWKizwtkxyMXTz9FnmZuPo7uRwcKIFcmJRSmZeYk5S5ITi1OX"
    "peUkphsZLMlNLMpelleam5RatLgkI3VhBVC2pHhi0+LK1OLT9h8g9i7Kyz8Nc8NSkMbiiY2bMhKL40vzsvPyy/PiIe46tBpI58Wn"
    "F+WXFhRPPMI4AQAqYHtv"
)


@pytest.fixture
def docbin(tmp_path: Path) -> Path:
    path = tmp_path / "train.spacy"
    path.write_bytes(PACKED)
    return path


def test_documents_are_rows_with_text_and_cats(docbin: Path) -> None:
    assert values(docbin) == [
        {"text": "so happy today!", "cats": {"joy": 1.0, "anger": 0.0}},
        {"text": "don't  know\nwhat “this” is — 日本語 😀", "cats": {"joy": 0.0, "anger": 1.0}},
        {"text": "", "cats": {}},
        {"text": " lead", "cats": {"joy": 0.5, "anger": 0.5}},
        {"text": "internationalisation, 12345678 ", "cats": {"joy": 1, "anger": 1}},
    ]


def test_a_word_may_be_a_name_of_spacys_own(tmp_path: Path) -> None:
    path = tmp_path / "train.spacy"
    path.write_bytes(SYMBOLS)

    text = "mark the number, case CARDINAL X FLAG20"
    assert values(path) == [{"text": text, "cats": {"yes": 1.0, "no": 0.0}}]


def test_the_columns_are_text_and_cats(docbin: Path) -> None:
    assert column_names(docbin) == ["text", "cats"]


@pytest.mark.parametrize(
    "content", [PACKED[:-5], PACKED[:40], b"x" * 50, b"\x78\x9c", zlib.compress(b"\x81\xa1")]
)
def test_a_damaged_docbin_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "train.spacy"
    path.write_bytes(content)

    assert "is not a DocBin of spaCy 3, or it is damaged" in refusal(path).message


def test_any_byte_may_be_wrong(tmp_path: Path) -> None:
    unpacked = zlib.decompress(PACKED)
    path = tmp_path / "train.spacy"
    outcomes = set()
    for place in range(0, len(unpacked), 7):
        path.write_bytes(zlib.compress(unpacked[:place] + b"\xc1" + unpacked[place + 1 :]))
        try:
            outcomes.add(len(values(path)))
        except DataError as error:
            outcomes.add(error.message.partition(":")[0])

    assert outcomes == {5, f"{path} is not a DocBin of spaCy 3, or it is damaged"}
