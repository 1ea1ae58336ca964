"""The export folder: a classifier as the graph of one runtime, with everything needed to read texts.

Its files are used only after they were found complete and of the right model. Does not run graphs, and needs
neither torch nor transformers.

    EXPORT/graph.onnx        from token ids to logits, and to the features that the head reads; each runtime
                             has its own name for it
    EXPORT/head.onnx         from a text's windows to both; only where texts are read in windows: the graph
                             then gives the features of each window
    EXPORT/tokenizer.json    from texts to token ids, truncation and emoji included
    EXPORT/export.json       labels, temperature, limits: how to use the other two
    EXPORT/abstention.json   when no label is given; only where the run has a threshold
    EXPORT/other.json        when a text belongs to none of the classes; only where the run tells them apart
    EXPORT/thresholds.json   from which probability a label is given; only where a text can have several
    EXPORT/manifest.json     written last: the model it came from, how it was checked, sizes and SHA-256
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textune.data.dataset import SINGLE_LABEL
from textune.encoder.windows import WindowReading
from textune.errors import ExportError, RequestError
from textune.files import find_damage, reading_errors
from textune.run.layout import Run
from textune.runtimes.processor import available_cores, processor_name
from textune.runtimes.registry import Runtime, find_runtime
from textune.tasks.label_kind import LabelKind
from textune.tasks.registry import label_kind

DESCRIPTION = "export.json"
MANIFEST = "manifest.json"
EXPORT_FORMAT = 1
READING = {"text_column", "text_pair_column", "text_separator", "header", "separator", "quoting"}
"""The settings of data that a manifest keeps under `reading`: how the run's own texts are read."""
_AGAIN = "Copy it again from its source, or export the run again with `textune export`."


@dataclass(frozen=True)
class Speed:
    """How fast a classifier was on the machine that measured it: to load, with one text alone, with many."""

    load_seconds: float
    latency_ms: float
    texts_per_second: float

    def seconds(self, texts: int) -> float:
        """Return roughly how many seconds loading and this many texts take."""
        return self.load_seconds + self.latency_ms / 1000 + (texts - 1) / self.texts_per_second


@dataclass(frozen=True)
class ExportDescription:
    """What `export.json` says: how texts become the graph's inputs, and logits become probabilities.

    Logits are divided by the temperature, which is 1 where calibration is already in the weights.
    `padding_id` fills up the shorter rows of a batch; None: a batch has texts of one length. With
    `whole_bytes`, the graph needs a processor for which `processor.multiplies_whole_bytes` holds. `emoji` is
    the recipe's `prepare.emoji`. `problem_type` is the kind of label, see `textune.tasks`. With `pairs`,
    pairs of texts are classified; with `segments`, the graph has a third input, `token_type_ids`, that tells
    their texts apart. Texts longer than `max_length` are truncated, or read as `windows` says.
    """

    runtime: str
    precision: str
    label_names: tuple[str, ...]
    temperature: float
    max_length: int
    padding_id: int | None
    whole_bytes: bool
    emoji: str
    problem_type: str = SINGLE_LABEL
    pairs: bool = False
    segments: bool = False
    windows: WindowReading | None = None

    @property
    def kind(self) -> LabelKind:
        """What logits mean."""
        return label_kind(self.problem_type)

    @property
    def name(self) -> str:
        """The name by which people ask for this kind of export, such as `onnx` or `onnx-int8`."""
        return export_name(self.runtime, self.precision)

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        values = {**vars(self), "labels": list(self.label_names)}
        del values["label_names"], values["windows"]
        windows = {} if self.windows is None else {"windows": asdict(self.windows)}
        return {"format": EXPORT_FORMAT, **values, **windows}


@dataclass(frozen=True)
class Export:
    """An export folder, and what its `export.json` and `manifest.json` say."""

    path: Path
    description: ExportDescription
    manifest: Mapping[str, Any]

    @property
    def runtime(self) -> Runtime:
        """What runs the graph."""
        return find_runtime(self.description.runtime)

    @property
    def graph(self) -> Path:
        """The graph's file."""
        return self.path / self.runtime.graph

    @property
    def head(self) -> Path:
        """The file of the head's graph, which there is only with windows."""
        return self.graph.with_stem("head")

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file."""
        return self.path / "tokenizer.json"

    def speed(self, of: str) -> Speed:
        """Return the measured speed of the `export`, or of the `model` that it came from."""
        return Speed(**self.manifest["speeds"][of])

    @property
    def measured_elsewhere(self) -> str:
        """The machine that measured the speeds, in words; empty if it is like this one, or unknown."""
        here = {"processor": processor_name(), "cores": available_cores()}
        there = {name: self.manifest.get(name, value) for name, value in here.items()}
        cores = there["cores"]
        return "" if there == here else f"{there['processor']} ({cores} {'core' if cores == 1 else 'cores'})"


def export_name(runtime: str, precision: str) -> str:
    """Return the name of a kind of export.

    Example:
        >>> export_name("onnx", "fp32"), export_name("onnx", "int8")
        ('onnx', 'onnx-int8')
    """
    return runtime if precision == "fp32" else f"{runtime}-{precision}"


def exports_folder(run: Run) -> Path:
    """Return the folder in which a run keeps its exports, each in a folder of its kind's name."""
    return run.path / "exports"


def is_export(path: Path) -> bool:
    """Return whether a folder has an `export.json`; a folder that cannot be read is an `ExportError`."""
    with reading_errors(ExportError, path):
        return (path / DESCRIPTION).is_file()


def read_export(path: Path) -> Export:
    """Read an export folder's description and manifest, without looking at its graph."""
    if not is_export(path):
        raise ExportError(f"There is no export at {path}.", "An export is made by `textune export RUN`.")
    try:
        with reading_errors(ExportError, path):
            values, manifest = (
                dict(json.loads((path / name).read_text(encoding="utf-8")))
                for name in (DESCRIPTION, MANIFEST)
            )
        if not values.pop("format") == manifest["format"] == EXPORT_FORMAT:
            raise ExportError(
                f"The export {path} was written by another version of textune, in a format that this one "
                "does not read.",
                "Export the run again with `textune export`.",
            )
        labels, windows = values.pop("labels"), values.pop("windows", None)
        if windows is not None:
            values["windows"] = WindowReading(**windows)
        description = ExportDescription(label_names=tuple(labels), **values)
        export = Export(path, description, manifest)
        # Everything that is used later is read now, so that damage is reported here and nowhere else.
        _ = (export.graph, export.speed("export"), export.speed("model"), description.kind)
        limits = (description.temperature, description.max_length)
        is_named = isinstance(labels, list) and len(labels) > 1 and all(isinstance(n, str) for n in labels)
        if not is_named or not isinstance(manifest["files"], dict) or min(limits) <= 0:
            raise ValueError(values)
    except ExportError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError, RequestError) as error:
        raise ExportError(f"The export {path} is damaged: its JSON files are not valid.", _AGAIN) from error
    return export


def check_export(export: Export, *, model: str = "") -> None:
    """Check that an export's files are complete, and that it was made from the model of this `model_sha256`.

    An empty `model` means that the export is used without its run.
    """
    if model and export.manifest["model_sha256"] != model:
        raise ExportError(
            f"The export {export.path} was not made from this run's model but from another one, perhaps "
            "before the run was trained again.",
            f"Make it again: {export_command(export.path.parent.parent, export.description.name)}",
        )
    with reading_errors(ExportError, export.path):
        damage = find_damage(export.path, export.manifest["files"])
    if damage:
        raise ExportError(f"The export {export.path} is damaged: {damage}.", _AGAIN)


def export_command(run: Path, name: str) -> str:
    """Return the command that makes an export of this name."""
    runtime, _, precision = name.partition("-")
    options = f" --{precision}" if precision else ""
    return f"textune export {shlex.quote(str(run))} --runtime {runtime}{options}"
