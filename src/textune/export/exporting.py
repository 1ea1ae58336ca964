"""The steps of an export: from a run's classifier to the files of an export and their measurements."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from textune.context import Context
from textune.data.dataset import Split
from textune.encoder.placement import Placement
from textune.encoder.separator import stored_separator
from textune.errors import ExportError, MissingExtraError, RequestError, TextuneError, VerificationError
from textune.export.parity import ParityRow, describe_row, measure_predictor
from textune.files import write_json
from textune.model.outside_threshold import read_outside_threshold
from textune.model.threshold import read_thresholds_of
from textune.run.layout import Run, model_sha256
from textune.run.predictions import read_predictions
from textune.run.stored_recipe import run_recipe
from textune.runtimes.export_predictor import ExportPredictor
from textune.runtimes.exports import DESCRIPTION, READING, Export, ExportDescription
from textune.runtimes.processor import (
    available_cores,
    computes_in_bf16,
    multiplies_whole_bytes,
    processor_name,
)
from textune.runtimes.registry import Runtime, all_runtimes
from textune.wording import first_line

_TEXTS = 1500
"""The maximum number of test texts on which an export is checked, which takes a few seconds."""
_CHARACTERS = 500_000
"""The maximum number of characters of those texts where windows are read: about 1,000 windows of 128."""
_REFERENCE = Placement("cpu", "fp32", "eager")
"""Where the run's classifier is loaded to be compared with."""


def choose_precision(runtime: Runtime, *, int8: bool, bf16: bool) -> str:
    """Return the requested precision after checking that the runtime offers it on this computer."""
    if int8 and bf16:
        raise RequestError("An export computes in int8 or in bf16, not in both.", "Remove --int8 or --bf16.")
    precision = "int8" if int8 else "bf16" if bf16 else "fp32"
    if precision not in runtime.precisions:
        raise RequestError(
            f"{runtime.title} does not compute in {precision} on a CPU.",
            f"It computes in {' or '.join(runtime.precisions)}; the other runtimes are: "
            f"{', '.join(name for name in all_runtimes() if name != runtime.name)}.",
        )
    if bf16 and not computes_in_bf16():
        raise RequestError("The processor of this computer does not compute in bf16.", "Remove --bf16.")
    runtime.check_installed()
    if int8 and importlib.util.find_spec("onnx") is None:
        raise MissingExtraError(runtime.extra, "An export in 8 bits")
    return precision


def read_check_texts(run: Run) -> Split:
    """Return the texts of a run's test split on which an export is checked: of a large split, a part.

    Where texts are read in windows, a text of any length takes time, so that fewer long texts are enough.
    """
    from textune.model.storage import read_windows

    stored = read_predictions(run.predictions / "test.parquet")
    rows = np.arange(len(stored.texts))
    if len(rows) > _TEXTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _TEXTS, replace=False))
    if read_windows(run.model) is not None:
        characters = np.cumsum([len(stored.texts[row]) for row in rows])
        rows = rows[: max(1, int(np.searchsorted(characters, _CHARACTERS, side="right")))]
    return Split([stored.texts[row] for row in rows], stored.labels[rows], stored.rows[rows])


def write_and_measure(
    run: Run, runtime: Runtime, precision: str, folder: Path, texts: Split, *, ctx: Context
) -> list[ParityRow]:
    """Write a run's classifier as an export's files into a folder, and measure it and them.

    There is a row for the model, one for the runtime in fp32 unless that is the export itself, and one for
    the export.
    """
    from tokenizers import Tokenizer

    ctx.stage("Loading the classifier")
    start = time.perf_counter()
    from textune.model.storage import load_classifier  # Loading takes this import, too.

    classifier = load_classifier(run.model).placed(_REFERENCE)
    load_seconds = time.perf_counter() - start
    from textune.export.graphs import ClassifierGraph, HeadGraph
    from textune.runtimes.torch_predictor import TorchPredictor

    thresholds = read_thresholds_of(run.model, classifier.kind, classifier.label_names)
    description = ExportDescription(
        runtime=runtime.name,
        precision=precision,
        label_names=classifier.label_names,
        temperature=1.0,  # Calibration has divided the last layer's weights by it.
        max_length=classifier.max_length,
        padding_id=classifier.padding_id,
        whole_bytes=precision in runtime.byte_products and multiplies_whole_bytes(),
        emoji=run_recipe(run).prepare.emoji,
        problem_type=classifier.kind.problem_type,
        pairs=classifier.pairs,
        segments=classifier.segments,
        windows=classifier.windows,
    )
    ctx.stage("Measuring the run's model")
    outside = read_outside_threshold(run.model)
    predictor = TorchPredictor(classifier, placement=_REFERENCE, outside=outside)
    model = measure_predictor(predictor, texts.texts, load_seconds=load_seconds)
    rows = [describe_row("torch", run.model, model, model, texts, thresholds=thresholds)]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        source = ClassifierGraph(classifier, scratch)
        exact = replace(description, precision="fp32", whole_bytes=False)
        for variant in dict.fromkeys([exact, description]):
            place = folder if variant == description else scratch / "fp32"
            place.mkdir(exist_ok=True)
            export = Export(place, variant, {})
            ctx.stage(f"Writing {variant.name}")
            with _kept_if_it_runs(runtime):
                runtime.write(source, export.graph, variant.precision)
                if classifier.windows is not None:
                    runtime.write(HeadGraph(classifier, scratch), export.head, "fp32")
            tokenizer = Tokenizer.from_str(classifier.tokenizer.backend_tokenizer.to_str())
            tokenizer.no_padding()
            tokenizer.no_truncation()
            if classifier.windows is None:
                side = classifier.tokenizer.truncation_side
                tokenizer.enable_truncation(variant.max_length, direction=side)
            tokenizer.save(str(export.tokenizer))
            write_json(place / DESCRIPTION, variant.to_json())
            ctx.stage(f"Measuring {variant.name}")
            start = time.perf_counter()
            with _kept_if_it_runs(runtime):
                opened = ExportPredictor(export, outside=outside)
                load_seconds = time.perf_counter() - start
                measured = measure_predictor(opened, texts.texts, load_seconds=load_seconds)
            rows.append(describe_row(variant.name, place, measured, model, texts, thresholds=thresholds))
            del opened
    return rows


@contextmanager
def _kept_if_it_runs(runtime: Runtime) -> Iterator[None]:
    """Raise a `VerificationError` in place of an error of a runtime, which can be of any kind."""
    try:
        yield
    except ExportError as error:
        raise VerificationError(f"The export was not kept: {error.message}", error.hint) from error
    except (TextuneError, OSError):
        raise
    except Exception as error:
        raise VerificationError(
            f"The export was not kept: {runtime.title} cannot run it: {first_line(error)}",
            "Classify with --runtime torch.",
        ) from error


def describe_manifest(run: Run, rows: Sequence[ParityRow], texts: Split) -> Mapping[str, Any]:
    """Return what an export's manifest says besides the list of files."""
    model, export = rows[0], rows[-1]
    change = export.agreement.macro_f1_difference
    data = stored_separator(run_recipe(run).data, run.model)
    return {
        "reading": data.model_dump(include=READING),
        "model_sha256": model_sha256(run),
        "versions": {name: version(name) for name in ("textune", "torch", "transformers")},
        "check": {
            "texts": len(texts.texts),
            **asdict(export.agreement),
            "macro_f1_difference": {"value": change.difference, "ci95": change.ci95},
        },
        "processor": processor_name(),
        "cores": available_cores(),
        "speeds": {"model": asdict(model.speed), "export": asdict(export.speed)},
    }
