"""`textune export`: a run's classifier for another runtime, checked against the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.context import Context, Observer
from textune.errors import RequestError
from textune.export.exporting import choose_precision, describe_manifest, read_check_texts, write_and_measure
from textune.export.parity import ParityRow, check_parity, remarks_on
from textune.export.writing import check_place, new_export, write_manifest
from textune.model.threshold import copy_thresholds
from textune.run.layout import open_run
from textune.runtimes.exports import export_name, exports_folder
from textune.runtimes.processor import available_cores
from textune.runtimes.registry import find_runtime


@dataclass(frozen=True)
class ExportResult:
    """An export's folder, its measurements, and remarks on where it does worse.

    The rows measure the run's model, the export, and between them, for an export in lower precision, fp32
    with the same runtime; `texts` texts were measured on `cores` cores. `textune export --json` prints
    `document`.
    """

    path: Path
    rows: tuple[ParityRow, ...]
    texts: int
    cores: int
    remarks: tuple[str, ...]
    document: dict[str, Any]


def export(
    run: str | Path,
    *,
    runtime: str,
    int8: bool = False,
    bf16: bool = False,
    out: str | Path | None = None,
    force: bool = False,
    observer: Observer | None = None,
) -> ExportResult:
    """Export a run's classifier to another runtime, and check it on the texts of the run's test split.

    Args:
        run: A finished run's folder.
        runtime: The name of a runtime for exports, such as `onnx`.
        int8: Compute in int8 where that is faster.
        bf16: Compute in bf16, if the runtime and the processor support it.
        out: The export folder, by default in the run's `exports/`; replaces an export that is there.
        force: Keep the export even if it agrees with the model less than required.
        observer: Receives progress and notes.

    Raises:
        RequestError: The run, the runtime or the folder is wrong.
        VerificationError: The export agrees with the model less than required, and was deleted.
    """
    ctx = Context(observer)
    chosen = find_runtime(runtime)
    precision = choose_precision(chosen, int8=int8, bf16=bf16)
    finished = open_run(Path(run).expanduser())
    if out == "":
        raise RequestError(
            "The name of the export folder is empty.", "Give a name with --out, or remove --out."
        )
    place = Path(out).expanduser() if out else exports_folder(finished) / export_name(runtime, precision)
    check_place(place)
    texts = read_check_texts(finished)
    with new_export(place) as folder:
        rows = write_and_measure(finished, chosen, precision, folder, texts, ctx=ctx)
        remarks = [*remarks_on(rows), *check_parity(rows[-1], precision=precision, forced=force)]
        copy_thresholds(finished.model, folder)
        write_manifest(folder, describe_manifest(finished, rows, texts))
    agreement, speed = rows[-1].agreement, rows[-1].speed
    document = {
        "runtime": runtime,
        "path": str(place),
        "bytes": sum(file.stat().st_size for file in place.iterdir()),
        "label_agreement": agreement.labels,
        "max_probability_difference": agreement.largest_difference,
        "macro_f1_difference": agreement.macro_f1_difference.difference,
        "texts_per_second": speed.texts_per_second,
        "latency_ms": speed.latency_ms,
    }
    return ExportResult(place, tuple(rows), len(texts.texts), available_cores(), tuple(remarks), document)
