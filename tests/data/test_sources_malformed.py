"""Whatever bytes a data file holds, a source is loaded or a message says why not.

Small valid files are damaged: bytes inserted, deleted, changed, repeated, cut off, and nasty fragments put
in. The suite tries 1,000 of them; TEXTUNE_FUZZ_CASES sets another number (`make fuzz`).
"""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType

import numpy as np
import pyarrow as pa
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from kinds_of_files import KINDS, ROWS_OF_KINDS
from source_files import sizes
from textune.annotations.registry import TextToWrite, target_formats
from textune.data.dataset import UNKNOWN
from textune.data.dataset import Dataset as Labelled
from textune.data.sources import load_source
from textune.errors import TextuneError
from textune.formats.text_pairs import sides_of
from textune.recipe.settings import DataSettings

CASES = int(os.environ.get("TEXTUNE_FUZZ_CASES", "1000"))
SECONDS_PER_CASE = 10

ROWS = [
    ("so happy today", "joy"),
    ("what a day, what a “day”", "joy"),
    ("nothing but sun ☀️", "joy"),
    ('he said "no"', "anger"),
    ("why, oh why", "anger"),
    ("leave me alone\nplease", "anger"),
]
LABELS = ["anger", "joy"]
TOOLS = ("label-studio", "doccano", "prodigy", "argilla", "fasttext")
NASTY = [
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    "text,label\r\nü,joy\r\n".encode("utf-16"),
    b'"',
    b'""',
    b'"""',
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b",",
    b"\t",
    b";",
    "\u2028".encode(),
    "\u0085".encode(),
    "\u200b".encode(),
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\\u0000",
    b"\x92",
    b"\x81",
    b"null",
    b"NaN",
    b"-1",
    b"1e999",
    b"9" * 5000,
    b"[" * 100_000,
    b'{"a":' * 2000,
    b"{}",
    b"[]",
    b"true",
    b"x" * 1_000_001,
    b"text",
    b"label",
    b"PAR1",
    b"\x1f\x8b",
    b"PK\x03\x04",
]


# Fragments find more than noise does, and text files have more ways to be wrong than binary ones.
WAYS = ["insert", "delete", "flip", "repeat", "truncate", "splice", "splice", "splice"]
OFTEN = ["csv", "tsv", "jsonl", "test split"]


def as_csv(folder: Path) -> Path:
    with (folder / "posts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *ROWS])
    return folder / "posts.csv"


def as_tsv(folder: Path) -> Path:
    lines = [
        "tweet\temotion",
        *(f"{text.split(chr(34))[0].split()[0]} {row}\t{row % 2}" for row, (text, _) in enumerate(ROWS)),
    ]
    (folder / "posts.tsv").write_bytes("\r\n".join(lines).encode())
    return folder / "posts.tsv"


def as_test_split(folder: Path) -> Path:
    as_csv(folder).rename(folder / "train.csv")
    return as_csv(folder).rename(folder / "test.csv")


def as_jsonl(folder: Path) -> Path:
    lines = [json.dumps({"text": text, "label": label}) for text, label in ROWS]
    (folder / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "posts.jsonl"


def as_json(folder: Path) -> Path:
    rows = [{"text": text, "label": label} for text, label in ROWS]
    (folder / "posts.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return folder / "posts.json"


def as_published(folder: Path) -> Path:
    lines = ["text\tlabel", *(f"{text.splitlines()[0]}\t{label}" for text, label in ROWS)]
    (folder / "posts.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "posts.txt"


def as_gzip(folder: Path) -> Path:
    (folder / "posts.csv.gz").write_bytes(gzip.compress(as_csv(folder).read_bytes(), mtime=0))
    return folder / "posts.csv.gz"


def as_bzip2(folder: Path) -> Path:
    (folder / "posts.jsonl.bz2").write_bytes(bz2.compress(as_jsonl(folder).read_bytes()))
    return folder / "posts.jsonl.bz2"


def as_zstd(folder: Path) -> Path:
    with pa.output_stream(str(folder / "posts.csv.zst"), compression="zstd") as file:
        file.write(as_csv(folder).read_bytes())
    return folder / "posts.csv.zst"


def as_archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "posts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("data/train.csv"), as_csv(folder).read_bytes())
    return folder / "posts.zip"


def as_parquet(folder: Path) -> Path:
    table = pa.Table.from_pylist([{"text": text, "label": label} for text, label in ROWS])
    parquet.write_table(table, folder / "posts.parquet")
    return folder / "posts.parquet"


def as_tweeteval_texts(folder: Path) -> Path:
    texts = [text.replace("\n", " ") for text, _ in ROWS]
    (folder / "train_text.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (folder / "train_labels.txt").write_text("1\n1\n1\n0\n0\n0\n", encoding="utf-8")
    (folder / "mapping.txt").write_text("0\tanger\n1\tjoy", encoding="utf-8")
    return folder / "train_text.txt"


def as_tweeteval_labels(folder: Path) -> Path:
    as_tweeteval_texts(folder)
    return folder / "train_labels.txt"


def as_tweeteval_mapping(folder: Path) -> Path:
    as_tweeteval_texts(folder)
    return folder / "mapping.txt"


def as_saved_rows(folder: Path) -> Path:
    rows = Dataset.from_dict({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]})
    rows.save_to_disk(folder / "saved")
    return folder / "saved" / "data-00000-of-00001.arrow"


def as_saved_state(folder: Path) -> Path:
    as_saved_rows(folder)
    return folder / "saved" / "state.json"


def as_saved_features(folder: Path) -> Path:
    as_saved_rows(folder)
    return folder / "saved" / "dataset_info.json"


def as_export(tool: str, folder: Path) -> Path:
    target = target_formats()[tool]
    file = folder / f"posts{target.suffix}"
    target.write([TextToWrite(" ".join(text.split()), (label,)) for text, label in ROWS], LABELS, file)
    return file


def as_manifest(folder: Path) -> Path:
    kind = "groundtruth/text-classification"
    lines = [
        json.dumps({"source": text, "job": 0, "job-metadata": {"class-name": label, "type": kind}})
        for text, label in ROWS
    ]
    (folder / "posts.manifest").write_text("\n".join(lines), encoding="utf-8")
    return folder / "posts.manifest"


def as_vertex(folder: Path) -> Path:
    with (folder / "posts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("training", *row) for row in ROWS])
    return folder / "posts.csv"


def as_rows_of_a_tool(row_of: Callable[[int, str, str], dict[str, object]], folder: Path) -> Path:
    rows = [row_of(number, text, label) for number, (text, label) in enumerate(ROWS)]
    (folder / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder / "posts.jsonl"


def json_min(number: int, text: str, label: str) -> dict[str, object]:
    return {"id": number, "text": text, "mood": label, "annotator": 1, "annotation_id": 1, "lead_time": 1.5}


def spacy_cats(number: int, text: str, label: str) -> dict[str, object]:
    return {"text": text, "cats": {name: float(name == label) for name in LABELS}}


def flat_argilla(number: int, text: str, label: str) -> dict[str, object]:
    answer = {"": [label], ".users": ["a"], ".status": ["submitted"]}
    return {"text": text, **{f"label.responses{ending}": value for ending, value in answer.items()}}


def as_indented(folder: Path) -> Path:
    objects = [json.dumps({"text": text, "label": label}, indent=1) for text, label in ROWS]
    (folder / "posts.jsonl").write_text("\n".join(objects), encoding="utf-8")
    return folder / "posts.jsonl"


def as_xz(folder: Path) -> Path:
    (folder / "posts.json.xz").write_bytes(lzma.compress(as_json(folder).read_bytes()))
    return folder / "posts.json.xz"


def as_azure(folder: Path) -> Path:
    documents = []
    for number, (text, label) in enumerate(ROWS):
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
        documents.append({"location": f"{number}.txt", "class": {"category": label}})
    assets = {"projectKind": "CustomSingleLabelClassification", "documents": documents}
    project = {"projectFileVersion": "2022-05-01", "assets": assets}
    (folder / "posts.json").write_text(json.dumps(project), encoding="utf-8")
    return folder / "posts.json"


FORMATS: dict[str, Callable[[Path], Path]] = {
    **{name: kind.write for name, kind in KINDS.items()},
    "csv": as_csv,
    "tsv": as_tsv,
    "test split": as_test_split,
    "jsonl": as_jsonl,
    "json": as_json,
    "published": as_published,
    "gzip": as_gzip,
    "bzip2": as_bzip2,
    "zstd": as_zstd,
    "archive": as_archive,
    "parquet": as_parquet,
    "TweetEval texts": as_tweeteval_texts,
    "TweetEval labels": as_tweeteval_labels,
    "TweetEval mapping": as_tweeteval_mapping,
    "saved rows": as_saved_rows,
    "saved state": as_saved_state,
    "saved features": as_saved_features,
    **{tool: partial(as_export, tool) for tool in TOOLS},
    **{
        row_of.__name__: partial(as_rows_of_a_tool, row_of) for row_of in (json_min, spacy_cats, flat_argilla)
    },
    "indented": as_indented,
    "xz": as_xz,
    "manifest": as_manifest,
    "Vertex AI": as_vertex,
    "Azure": as_azure,
}


def source_of(file: Path) -> str:
    """What to give as the source, so that the file is read."""
    return str(file if file.name.startswith("posts.") else file.parent)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One valid file of every format, each in a folder of its own."""
    return {name: write(tmp_path_factory.mktemp("pristine")) for name, write in FORMATS.items()}


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Fail, rather than hang, if reading does not end."""

    def fail(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def settings_of(name: str) -> DataSettings:
    """Return how files of a format are read."""
    return KINDS[name].settings if name in KINDS else DataSettings()


def outcome(file: Path, name: str) -> Labelled | TextuneError:
    with time_limit(SECONDS_PER_CASE):
        try:
            return load_source(source_of(file), settings_of(name))
        except TextuneError as error:
            return error


def is_sound(source: Labelled, name: str) -> bool:
    """Return whether a source keeps its promises: full splits, meaningful texts, labels with names.

    Pairs stay pairs, and what can have several labels still can.
    """
    number, settings = len(source.label_names), settings_of(name)
    sides = {len(sides_of(text)) for rows in source.values() for text in rows.texts}
    labels = [rows.labels for rows in source.values()]
    matrices = labels if source.is_multi_label else [np.eye(number)[ids] for ids in labels]
    return (
        source.is_multi_label is bool(settings.label_columns or settings.label_kind == "multi")
        and list(source) == ["train", "validation", "test"]
        and min(sizes(source).values()) >= 2
        and sides == {2 if settings.text_pair_column else 1}
        and all(side.strip() for rows in source.values() for text in rows.texts for side in sides_of(text))
        and all(matrix.shape[1] == number for matrix in matrices)
        and {*np.unique(np.concatenate(matrices)).tolist()} <= {0, 1, UNKNOWN}
        and bool((matrices[0] == 1).any(axis=0).all())
    )


def damage(content: bytes, chance: Random) -> bytes:
    """Change bytes once, at some place and in some way."""
    start = chance.randint(0, len(content))
    end = min(len(content), start + chance.randint(1, 8))
    before, part, after = content[:start], content[start:end], content[end:]
    damaged = {
        "insert": before + chance.randbytes(chance.randint(1, 4)) + part + after,
        "delete": before + after,
        "flip": before + bytes(byte ^ chance.randint(1, 127) for byte in part) + after,
        "repeat": before + part * 3 + after,
        "truncate": before,
        "splice": before + chance.choice(NASTY) + part + after,
    }
    return damaged[chance.choice(WAYS)]


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_to_be_damaged_are_valid(name: str, pristine: dict[str, Path]) -> None:
    source = outcome(pristine[name], name)

    assert isinstance(source, Labelled)
    assert is_sound(source, name)
    assert sum(sizes(source).values()) in {len(ROWS), 2 * len(ROWS), ROWS_OF_KINDS}


@settings(
    max_examples=CASES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# True randomness, seeded by Hypothesis: what it draws by itself crowds at the ends of a range.
@given(name=st.sampled_from([*FORMATS, *OFTEN, *OFTEN]), chance=st.randoms(use_true_random=True))
def test_a_damaged_file_is_read_or_refused_with_a_message(
    name: str, chance: Random, pristine: dict[str, Path]
) -> None:
    file = pristine[name]
    valid = file.read_bytes()
    content = valid
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        content = damage(content, chance)
    file.write_bytes(content)
    try:
        result = outcome(file, name)
    finally:
        file.write_bytes(valid)

    assert is_sound(result, name) if isinstance(result, Labelled) else result.message and result.hint
