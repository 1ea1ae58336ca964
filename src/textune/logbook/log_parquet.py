"""A finished part of the log as a Parquet file, one row per text, which any tool reads.

Columns: `time`, `request` (the request's id), `number` (the text's place in it), `text` and `text_pair` if
they are kept, `truncated`, `predicted` (the most probable label, also where the server withheld it; where a
text can have several labels, there is none), `scores` (every label's probability), `logits`, and `features`
if the classifier gives them. The file's metadata hold the `LogHeader` under `textune`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.files import atomic_path
from textune.formats.text_pairs import text_columns
from textune.logbook.log_block import LogBlock, block_of
from textune.logbook.logged_request import LoggedRequest, LogHeader
from textune.run.predictions import texts_in
from textune.tasks.registry import label_kind
from textune.tasks.single_label import decide

PARQUET = ".parquet"
_METADATA = b"textune"
_ROWS_AT_ONCE = 4096


def write_log_parquet(path: Path, header: LogHeader, requests: Iterable[LoggedRequest]) -> None:
    """Write the requests of a journal, whole or not at all; a `StorageError` says why it is impossible."""
    from pyarrow import parquet

    with atomic_path(path) as temporary:
        writer = None
        for part in _parts(requests):
            table = _table(block_of(header, part))
            writer = writer or parquet.ParquetWriter(temporary, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()


def read_log_parquet(path: Path) -> Iterator[LogBlock]:
    """Yield the rows of such a file, some thousand at a time; raise a `ValueError` if it is another file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            header = LogHeader.from_json(json.loads(metadata.get(_METADATA, b"{}")))
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                yield _block(pa.table(batch), header)
    except (pa.ArrowException, KeyError) as error:
        raise ValueError("not a file of a log") from error


def _parts(requests: Iterable[LoggedRequest]) -> Iterator[list[LoggedRequest]]:
    part, rows = list[LoggedRequest](), 0
    for request in requests:
        part.append(request)
        rows += len(request.logits)
        if rows >= _ROWS_AT_ONCE:
            yield part
            part, rows = [], 0
    if part:
        yield part


def _table(block: LogBlock) -> Any:
    import pyarrow as pa

    header, kind = block.header, label_kind(block.header.problem_type)
    probabilities = kind.probabilities(block.logits).astype(np.float32)
    columns: dict[str, Any] = {
        "time": pa.array((block.seconds * 1e6).round().astype("int64")).cast(pa.timestamp("us", "UTC")),
        "request": pa.array(block.requests, pa.string()),
        "number": _numbers(block.numbers),
    }
    if block.texts is not None:
        columns |= {
            # What is not valid Unicode cannot be written as such.
            name: pa.array([_whole(text) for text in texts], pa.string())
            for name, texts in text_columns(block.texts).items()
        }
    columns["truncated"] = pa.array(block.truncated)
    if not kind.is_multi_label:
        names = pa.array(header.label_names, pa.string())
        columns["predicted"] = names.take(pa.array(decide(probabilities)))
    columns["scores"] = pa.StructArray.from_arrays(
        [_numbers(column) for column in probabilities.T], names=list(header.label_names)
    )
    columns["logits"] = _vectors(block.logits)
    if block.features is not None:
        columns["features"] = _vectors(block.features)
    table = pa.table(columns)
    return table.replace_schema_metadata({_METADATA: json.dumps(header.to_json()).encode()})


def _block(table: Any, header: LogHeader) -> LogBlock:
    return LogBlock(
        header,
        seconds=table["time"].cast("int64").to_numpy() / 1e6,
        requests=table["request"].to_pylist(),
        numbers=table["number"].to_numpy(),
        truncated=table["truncated"].to_numpy(),
        logits=_matrix(table["logits"]),
        features=_matrix(table["features"]) if header.width else None,
        texts=list(texts_in(table)) if header.has_texts else None,
    )


def _numbers(values: NDArray[Any]) -> Any:
    import pyarrow as pa

    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, buffer])


def _vectors(matrix: NDArray[Any]) -> Any:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(_numbers(matrix.ravel()), matrix.shape[1])


def _matrix(column: Any) -> NDArray[Any]:
    vectors = column.combine_chunks()
    return np.asarray(vectors.flatten().to_numpy(zero_copy_only=False)).reshape(len(vectors), -1)


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
