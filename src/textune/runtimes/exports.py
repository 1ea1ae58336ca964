"""The export folder: a classifier as the graph of one runtime, with all that reading texts needs.

In: a path. Out: what the folder says of itself, once its files are known to be whole and of the right model.
Does not run graphs, and needs neither torch nor transformers.

    EXPORT/graph.onnx        from token ids to logits; graph.xml and graph.bin for OpenVINO
    EXPORT/tokenizer.json    from texts to token ids, truncation and emoji included
    EXPORT/export.json       labels, temperature, limits: what else reading texts and logits needs
    EXPORT/abstention.json   when no label is given, as the run said; only where it said so
    EXPORT/manifest.json     written last: the model it came from, how it was checked, sizes and SHA-256
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import ExportError
from textune.files import find_damage, reading_errors, sha256_of_text
from textune.model.threshold import ABSTENTION
from textune.run.layout import Run, read_manifest
from textune.runtimes.processor import available_cores, processor_name

GRAPHS = {"onnx": "graph.onnx", "openvino": "graph.xml"}
TOKENIZER = "tokenizer.json"
DESCRIPTION = "export.json"
MANIFEST = "manifest.json"
FORMAT = 1
_AGAIN = "Copy it again from where it came, or export the run again with `textune export`."


@dataclass(frozen=True)
class Speed:
    """How fast a classifier was on the machine that measured it.

    Attributes:
        load_seconds: From nothing to a predictor.
        latency_ms: One text.
        texts_per_second: Many texts at once.
    """

    load_seconds: float
    latency_ms: float
    texts_per_second: float

    def seconds(self, texts: int) -> float:
        """Return about how long so many texts take, loading included."""
        return self.load_seconds + self.latency_ms / 1000 + (texts - 1) / self.texts_per_second


@dataclass(frozen=True)
class Reading:
    """What `export.json` says: how texts become rows of the graph, and logits probabilities.

    Attributes:
        runtime: What the graph is for, a key of `GRAPHS`.
        precision: Its arithmetic: `fp32`, `bf16` or `int8`.
        label_names: The classes' names, in the order of the logits.
        temperature: What the logits are divided by; calibration is in the weights already where it is 1.
        max_length: Tokens after which a text is truncated.
        padding_id: The token that fills up the shorter rows of a batch.
        whole_bytes: Whether the graph needs a processor for which `processor.multiplies_whole_bytes` holds.
        emoji: How the tokenizer reads emoji, as `prepare.emoji` says; its rules are in its own file.
    """

    runtime: str
    precision: str
    label_names: tuple[str, ...]
    temperature: float
    max_length: int
    padding_id: int
    whole_bytes: bool
    emoji: str

    @property
    def name(self) -> str:
        """The name by which this kind of export is asked for, such as `onnx` or `onnx-int8`."""
        return export_name(self.runtime, self.precision)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        values = {**vars(self), "labels": list(self.label_names)}
        del values["label_names"]
        return {"format": FORMAT, **values}


@dataclass(frozen=True)
class Export:
    """An export folder.

    Attributes:
        path: The folder.
        reading: What `export.json` says.
        facts: What `manifest.json` says.
    """

    path: Path
    reading: Reading
    facts: Mapping[str, Any]

    @property
    def graph(self) -> Path:
        """The graph's file."""
        return self.path / GRAPHS[self.reading.runtime]

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file."""
        return self.path / TOKENIZER

    def speed(self, of: str) -> Speed:
        """Return the measured speed of the `export`, or of the `model` that it came from."""
        return Speed(**self.facts["speeds"][of])

    @property
    def measured_elsewhere(self) -> str:
        """The machine that measured the speeds, in words; empty where it is like this one, or not known."""
        here = {"processor": processor_name(), "cores": available_cores()}
        there = {name: self.facts.get(name, value) for name, value in here.items()}
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


def model_sha256(run: Run) -> str:
    """Return a SHA-256 of all files of a complete run's classifier, as its manifest lists them.

    When it gives no label is left out: that is read from the run, whatever computes its probabilities.
    """
    files = read_manifest(run)["files"]
    names = sorted(name for name in files if name.startswith("model/") and not name.endswith(ABSTENTION))
    listed = [(name, files[name]["sha256"]) for name in names]
    return sha256_of_text(json.dumps(listed))


def is_export(path: Path) -> bool:
    """Return whether a folder says that it is an export.

    Raises:
        ExportError: This user may not look into the folder.
    """
    with reading_errors(ExportError, path):
        return (path / DESCRIPTION).is_file()


def read_export(path: Path) -> Export:
    """Return what an export folder says of itself, without looking at its graph.

    Raises:
        ExportError: There is none, or what it says cannot be read.
    """
    if not is_export(path):
        raise ExportError(f"There is no export at {path}.", "An export is made by `textune export RUN`.")
    try:
        with reading_errors(ExportError, path):
            values = _read_json(path / DESCRIPTION)
            facts = _read_json(path / MANIFEST)
        known = values.pop("format") == facts["format"] == FORMAT
        if not known:
            raise ExportError(
                f"The export {path} was written by another version of textune, in a format that this one "
                "does not read.",
                "Export the run again with `textune export`.",
            )
        reading = Reading(**{**_checked(values), "label_names": tuple(values.pop("labels"))})
        export = Export(path, reading, facts)
        # Whatever is asked for later is looked at now, so that damage shows here and nowhere else.
        _ = (export.graph, export.speed("export"), export.speed("model"))
        if not isinstance(facts["files"], dict):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(f"The export {path} is damaged: it does not say what it holds.", _AGAIN) from error
    return export


def check_export(export: Export, *, model: str = "") -> None:
    """Raise an `ExportError` unless an export's files are whole and it is of the right model.

    Args:
        export: The export.
        model: What `model_sha256` gives for the run; empty: the export stands alone.
    """
    if model and export.facts["model_sha256"] != model:
        raise ExportError(
            f"The export {export.path} is not of this run's model: it was made from another one, perhaps "
            "before the run was trained again.",
            f"Make it anew: {export_command(export.path.parent.parent, export.reading)}",
        )
    with reading_errors(ExportError, export.path):
        damage = find_damage(export.path, export.facts["files"])
    if damage:
        raise ExportError(f"The export {export.path} is damaged: {damage}.", _AGAIN)


def export_command(run: Path, kind: Reading | str) -> str:
    """Return the command that makes an export of a kind."""
    name = kind if isinstance(kind, str) else kind.name
    runtime, _, precision = name.partition("-")
    options = f" --{precision}" if precision else ""
    return f"textune export {shlex.quote(str(run))} --runtime {runtime}{options}"


def _read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Return what `export.json` says, but for the labels; raise a `ValueError` where it makes no sense."""
    labels, rest = values["labels"], {name: values[name] for name in values if name != "labels"}
    sound = (
        isinstance(labels, list)
        and len(labels) > 1
        and all(isinstance(label, str) for label in labels)
        and rest["temperature"] > 0
        and rest["max_length"] > 0
    )
    if not sound:
        raise ValueError(values)
    return rest
