"""CSV, JSONL and Parquet, as `textune convert` writes them for other programs.

The columns are text and label, or text, prediction and score.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.annotations.registry import TargetFormat, TextToWrite, register_tools
from textune.errors import DataError
from textune.files import atomic_path


def write_json_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _records(rows: Sequence[TextToWrite], names: Sequence[str] = ()) -> Iterable[dict[str, Any]]:
    """Yield the columns of each row; all rows have the same ones."""
    are_predicted = any(row.predictions for row in rows)
    are_mappings = any(row.unknown for row in rows)
    for row in rows:
        if are_predicted:
            yield {"text": row.text, "prediction": row.prediction, "score": row.score}
        else:
            label = _mapping(row, names) if are_mappings else _label(row)
            yield {"text": row.text, "label": label}


def _mapping(row: TextToWrite, names: Sequence[str]) -> dict[str, int | None] | None:
    """Return for every label whether a text has it, or None if that is not known; None: not labelled."""
    if not (row.is_labelled or row.unknown):
        return None
    return {name: None if name in row.unknown else int(name in row.labels) for name in names}


def _label(row: TextToWrite) -> Any:
    """Return a label or, of a text that can have several, a list; None: not labelled."""
    if row.can_have_several or len(row.labels) > 1:
        return list(row.labels) if row.is_labelled else None
    return "".join(row.labels) or None


def _write_jsonl(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    write_json_lines(path, _records(rows, names))


def _write_csv(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    _check_single(rows, "CSV")
    records = list(_records(rows))
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0], lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writeheader()
        writer.writerows(records)


def _write_parquet(rows: Sequence[TextToWrite], names: Sequence[str], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    _check_single(rows, "Parquet")
    with atomic_path(path) as temporary:
        parquet.write_table(pa.Table.from_pylist(list(_records(rows))), temporary)


def _check_single(rows: Sequence[TextToWrite], kind: str) -> None:
    several = (n for n, row in enumerate(rows, start=1) if len(row.labels) > 1 or row.can_have_several)
    if number := next(several, None):
        what = "has several labels" if len(rows[number - 1].labels) > 1 else "can have several labels"
        raise DataError(f"Text {number:,} {what}, which a column of {kind} cannot hold.", "Convert to jsonl.")


register_tools(TargetFormat("csv", ".csv", _write_csv, holds_splits=False))
register_tools(TargetFormat("jsonl", ".jsonl", _write_jsonl, holds_splits=False, holds_unknown=True))
register_tools(TargetFormat("parquet", ".parquet", _write_parquet, holds_splits=False))
