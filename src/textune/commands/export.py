"""`textune export`: a run's classifier for another runtime, checked against the run before it is kept."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import textune
from textune.context import Observer, Silence
from textune.errors import RequestError, VerificationError
from textune.export.parity import (
    LabelledTexts,
    Row,
    describe_row,
    find_fault,
    measure_predictor,
    remarks_on,
)
from textune.export.writing import check_place, new_export, write_reading
from textune.extras import check_export_extras
from textune.model.threshold import read_abstention, write_abstention
from textune.run.layout import Run, open_run
from textune.runtimes.exports import (
    GRAPHS,
    TOKENIZER,
    Export,
    Reading,
    export_name,
    exports_folder,
    model_sha256,
)
from textune.runtimes.processor import (
    available_cores,
    computes_in_bf16,
    multiplies_whole_bytes,
    processor_name,
)

if TYPE_CHECKING:
    from textune.model.classifier import TextClassifier

_TEXTS = 1500
"""The most texts of the test split on which an export is checked: some seconds of work."""


@dataclass(frozen=True)
class ExportResult:
    """What an export gave.

    Attributes:
        path: The export folder.
        rows: The figures of the run's model, of fp32 with the same runtime where the export is in less, and
            of the export.
        texts: On how many texts they rest.
        cores: How many cores the runtimes had.
        remarks: Sentences on where the export does worse.
        document: What `textune export --json` prints.
    """

    path: Path
    rows: tuple[Row, ...]
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
    """Write a run's classifier for another runtime, and check it on the texts of the run's test split.

    Args:
        run: A finished run's folder.
        runtime: `onnx` or `openvino`.
        int8: Multiply with the weights in 8 bits.
        bf16: Compute in bf16, which OpenVINO can on processors that have it.
        out: The folder to make, in place of an export that is there; by default in the run's `exports/`.
        force: Keep the export even if it agrees less with the model than is allowed.
        observer: Hears how it goes.

    Raises:
        RequestError: The run, the runtime or the folder is wrong.
        VerificationError: The export agrees less with the model than is allowed. Nothing is kept.
    """
    observer = observer or Silence()
    precision = _choose_precision(runtime, int8=int8, bf16=bf16)
    finished = open_run(Path(run).expanduser())
    if out == "":
        raise RequestError("The export folder's name is empty.", "Give one with --out, or leave it out.")
    place = Path(out).expanduser() if out else exports_folder(finished) / export_name(runtime, precision)
    check_place(place)
    observer.stage("Loading the classifier")
    start = time.perf_counter()
    classifier = _load_classifier(finished)
    load_seconds = time.perf_counter() - start
    texts = _read_texts(finished.predictions / "test.parquet", classifier.label_names)
    reading = _describe_reading(finished, classifier, runtime, precision)
    facts: dict[str, Any] = {}
    with new_export(place, facts=facts) as folder:
        rows = _write_and_measure(finished, classifier, reading, folder, texts, load_seconds, observer)
        remarks = remarks_on(rows)
        if fault := find_fault(rows[-1], precision=precision):
            remarks.append(_refuse(rows[-1].name, fault, forced=force))
        if (abstention := read_abstention(finished.model)) is not None:
            write_abstention(folder, abstention)
        facts.update(_describe(finished, rows, texts))
    document = _document(reading, place, rows[-1])
    return ExportResult(place, tuple(rows), len(texts.texts), available_cores(), tuple(remarks), document)


def _choose_precision(runtime: str, *, int8: bool, bf16: bool) -> str:
    """Return the precision that is asked for, once it is known that the runtime can compute in it here."""
    if runtime not in GRAPHS:
        raise RequestError(f"There is no runtime '{runtime}'.", f"The runtimes are {' and '.join(GRAPHS)}.")
    if int8 and bf16:
        raise RequestError("An export computes in int8 or in bf16, not in both.", "Leave one of them out.")
    if bf16 and runtime != "openvino":
        raise RequestError(
            "ONNX Runtime does not compute in bf16 on a CPU.", "Use --runtime openvino, or --int8 instead."
        )
    if bf16 and not computes_in_bf16():
        raise RequestError("This machine's processor does not compute in bf16.", "Leave --bf16 out.")
    precision = "int8" if int8 else "bf16" if bf16 else "fp32"
    check_export_extras(runtime, precision=precision)
    return precision


def _load_classifier(run: Run) -> TextClassifier:
    from textune.encoder.placement import Placement
    from textune.model.storage import load_classifier

    return load_classifier(run.model).placed(Placement("cpu", "fp32", "eager"))


def _read_texts(path: Path, label_names: Sequence[str]) -> LabelledTexts:
    """Return the texts of a split as the run keeps them; of more than can be checked soon, some."""
    from pyarrow import parquet

    table = parquet.read_table(path, columns=["text", "label"])
    if len(table) > _TEXTS:
        table = table.take(np.sort(np.random.default_rng(0).choice(len(table), _TEXTS, replace=False)))
    numbers = {name: number for number, name in enumerate(label_names)}
    labels = np.array([numbers[name] for name in table["label"].to_pylist()])
    return LabelledTexts(table["text"].to_pylist(), labels)


def _describe_reading(run: Run, classifier: TextClassifier, runtime: str, precision: str) -> Reading:
    from textune.recipe.recipes import load_recipe

    return Reading(
        runtime=runtime,
        precision=precision,
        label_names=classifier.label_names,
        temperature=1.0,  # Calibration has divided the last layer's weights by it.
        max_length=classifier.max_length,
        padding_id=classifier.tokenizer.pad_token_id,
        whole_bytes=runtime == "onnx" and precision == "int8" and multiplies_whole_bytes(),
        emoji=load_recipe(str(run.recipe)).prepare.emoji,
    )


def _write_and_measure(
    run: Run,
    classifier: TextClassifier,
    reading: Reading,
    folder: Path,
    texts: LabelledTexts,
    load_seconds: float,
    observer: Observer,
) -> list[Row]:
    """Write the export into a folder; return the figures of the model, of fp32, and of the export."""
    from textune.encoder.placement import Placement
    from textune.export.graphs import write_graph, write_onnx
    from textune.prediction.predictor import TorchPredictor
    from textune.runtimes.graph_predictor import ExportPredictor

    observer.stage("Measuring the run's model")
    predictor = TorchPredictor(classifier, placement=Placement("cpu", "fp32", "eager"))
    model = measure_predictor(predictor, texts.texts, load_seconds=load_seconds)
    rows = [describe_row("torch", run.model, model, model, texts)]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        observer.stage("Writing the graph")
        source = write_onnx(classifier, scratch)
        exact = replace(reading, precision="fp32", whole_bytes=False)
        for each in dict.fromkeys([exact, reading]):
            observer.stage(f"Measuring {each.name}")
            place = folder if each == reading else scratch / "fp32"
            place.mkdir(exist_ok=True)
            write_graph(source, place, each)
            _write_reading(place, classifier, each)
            start = time.perf_counter()
            opened = ExportPredictor(Export(place, each, {}))
            found = measure_predictor(opened, texts.texts, load_seconds=time.perf_counter() - start)
            rows.append(describe_row(each.name, place, found, model, texts))
            del opened
    return rows


def _write_reading(folder: Path, classifier: TextClassifier, reading: Reading) -> None:
    """Write how texts become rows of the graph, and logits probabilities."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(classifier.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(reading.max_length, direction=classifier.tokenizer.truncation_side)
    tokenizer.save(str(folder / TOKENIZER))
    write_reading(folder, reading)


def _refuse(name: str, fault: str, *, forced: bool) -> str:
    """Raise a `VerificationError` that names an export's fault, or return a sentence if it is kept."""
    if forced:
        return f"{name} is kept as you asked, although {fault}."
    raise VerificationError(
        f"The export was not kept: {fault}.",
        "Leave --int8 or --bf16 out, or keep it all the same with --force."
        if "-" in name
        else "Classify with --runtime torch, or keep it all the same with --force.",
    )


def _describe(run: Run, rows: Sequence[Row], texts: LabelledTexts) -> Mapping[str, Any]:
    """Return what the manifest says."""
    import torch
    import transformers

    model, export = rows[0], rows[-1]
    return {
        "model_sha256": model_sha256(run),
        "versions": {
            "textune": textune.__version__,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "check": {"texts": len(texts.texts), **asdict(export.agreement)},
        "processor": processor_name(),
        "cores": available_cores(),
        "speeds": {"model": asdict(model.speed), "export": asdict(export.speed)},
    }


def _document(reading: Reading, place: Path, row: Row) -> dict[str, Any]:
    return {
        "runtime": reading.runtime,
        "path": str(place),
        "bytes": sum(file.stat().st_size for file in place.iterdir()),
        "label_agreement": row.agreement.labels,
        "max_probability_difference": row.agreement.largest_difference,
        "macro_f1_difference": row.agreement.macro_f1_difference.value,
        "texts_per_second": row.speed.texts_per_second,
        "latency_ms": row.speed.latency_ms,
    }
