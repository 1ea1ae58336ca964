"""Compressed files and archives are read as they are, by their first bytes; damage is a message."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from table_files import refusal, values, write, write_parquet
from textune.data.columns import ColumnChoice
from textune.data.sources import read_source
from textune.errors import DataError

CSV = b"text,label\nso happy,joy\nalone,sadness\n"
ROWS = [{"text": "so happy", "label": "joy"}, {"text": "alone", "label": "sadness"}]


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def sizes(path: Path) -> dict[str, int]:
    source = read_source(str(path), ColumnChoice())
    return {split: len(rows.texts) for split, rows in source.splits.items()}


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("name", ["posts.csv{}", "posts.csv", "POSTS.CSV{}"])
def test_a_compressed_table_is_read(name: str, suffix: str, tmp_path: Path) -> None:
    assert values(write(tmp_path / name.format(suffix), PACK[suffix](CSV))) == ROWS


@pytest.mark.parametrize("suffix", PACK)
def test_two_streams_in_one_compressed_file_are_both_read(suffix: str, tmp_path: Path) -> None:
    first, second = CSV[:20], CSV[20:]

    assert values(write(tmp_path / f"posts.csv{suffix}", PACK[suffix](first) + PACK[suffix](second))) == ROWS


def test_a_compressed_parquet_file_is_read(tmp_path: Path) -> None:
    content = write_parquet(tmp_path / "posts.parquet", ROWS).read_bytes()

    assert values(write(tmp_path / "again.parquet.gz", gzip.compress(content))) == ROWS


@pytest.mark.parametrize("suffix", PACK)
def test_a_file_that_ends_too_early_is_refused(suffix: str, tmp_path: Path) -> None:
    content = PACK[suffix](CSV * 500)
    error = refusal(write(tmp_path / f"posts.csv{suffix}", content[: len(content) // 2]))

    assert f"posts.csv{suffix} cannot be unpacked" in error.message
    assert "damaged, incomplete" in error.hint


def test_folders_hold_compressed_splits(tmp_path: Path) -> None:
    write(tmp_path / "train.csv.gz", gzip.compress(CSV))
    write(tmp_path / "test.csv.gz", gzip.compress(CSV))

    assert sizes(tmp_path) == {"train": 2, "test": 2}


@pytest.mark.parametrize("name", ["posts.csv", "data/posts.tsv.gz", "posts"])
def test_an_archive_of_one_table_is_that_table(name: str, tmp_path: Path) -> None:
    content = CSV.replace(b",", b"\t") if "tsv" in name else CSV
    packed = gzip.compress(content) if name.endswith(".gz") else content

    path = write_zip(tmp_path / "posts.zip", {name: packed, "__MACOSX/._posts.csv": b"\0", ".hidden": b""})

    assert sizes(path) == {"train": 2}


@pytest.mark.parametrize("folder", ["", "emotion/", "a/b/"])
def test_an_archive_of_splits_is_that_folder(folder: str, tmp_path: Path) -> None:
    members = {f"{folder}train.csv": CSV, f"{folder}test.csv": CSV, f"{folder}README.md": b"Read me."}

    assert sizes(write_zip(tmp_path / "posts.zip", members)) == {"train": 2, "test": 2}


def test_an_archive_in_the_layout_of_tweeteval_is_read(tmp_path: Path) -> None:
    members = {
        "emotion/train_text.txt": b"so happy\nalone\n",
        "emotion/train_labels.txt": b"1\n0\n",
        "emotion/mapping.txt": b"0\tsadness\n1\tjoy\n",
    }

    source = read_source(str(write_zip(tmp_path / "emotion.zip", members)), ColumnChoice())

    assert list(source.splits["train"].texts) == ["so happy", "alone"]


def test_a_row_in_an_archive_is_named_with_its_file(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "posts.zip", {"data/train.csv": b"text,label\nso happy\n"})

    with pytest.raises(DataError, match=r"posts\.zip/data/train\.csv, line 2: the row has 1 cell"):
        read_source(str(path), ColumnChoice())


def test_an_archive_with_several_folders_of_splits_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "posts.zip", {"a/train.csv": CSV, "b/train.csv": CSV})

    with pytest.raises(DataError, match="several folders with splits: a, b"):
        read_source(str(path), ColumnChoice())


def test_a_workbook_is_not_taken_for_an_archive_of_tables(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "posts.xlsx", {"xl/workbook.xml": b"<workbook/>"})

    with pytest.raises(DataError, match="it is an Excel workbook"):
        read_source(str(path), ColumnChoice())


def test_a_tar_archive_is_answered_with_how_to_unpack_it(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("train.csv")
        member.size = len(CSV)
        archive.addfile(member, io.BytesIO(CSV))

    error = refusal(write(tmp_path / "posts.csv.gz", packed.getvalue()))

    assert "is a tar archive" in error.message
    assert "tar -xf posts.csv.gz" in error.hint


def test_a_compressed_file_of_another_schema_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table({"text": ["so happy"], "label": [1]})
    parquet.write_table(table, tmp_path / "posts.parquet")
    packed = bz2.compress((tmp_path / "posts.parquet").read_bytes())

    assert values(write(tmp_path / "again.parquet.bz2", packed)) == [{"text": "so happy", "label": 1}]
