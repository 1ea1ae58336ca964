"""`textune audit`: is a source sound?"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.audit.training_checks import look_at_texts
from textune.context import Observer, Silence
from textune.data.formats.registry import table_suffixes
from textune.errors import MissingExtraError, RequestError, StorageError
from textune.files import write_text
from textune.recipe.recipes import Recipe, resolve_recipe

if TYPE_CHECKING:
    from textune.audit.findings import Finding
    from textune.audit.judging import Judgement
    from textune.audit.label_noise import Suspect
    from textune.audit.material import Material

AUTO = "auto"
"""Let suspects be written to a new file that is named after the source."""

_WITH_MODEL = ("D008", "D011", "D012", "D017")


@dataclass(frozen=True)
class AuditResult:
    """What an audit has found.

    Attributes:
        source: The source's name.
        model: The model that judged labels, lengths and shift; empty: none did.
        rows: The number of rows with text and label, by split.
        label_names: The classes.
        findings: What was found, the gravest first.
        left_out: Why a check was not run, by its number.
        suspects: The rows whose labels are doubtful.
        suspects_file: Where they were written, or None.
    """

    source: str
    model: str
    rows: Mapping[str, int]
    label_names: tuple[str, ...]
    findings: tuple[Finding, ...]
    left_out: Mapping[str, str]
    suspects: tuple[Suspect, ...]
    suspects_file: Path | None

    @property
    def has_errors(self) -> bool:
        """Whether it cannot be trained on, or figures of a model that is would mislead."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return {"findings": [finding.to_json() for finding in self.findings]}


def audit(
    data: str,
    *,
    model: str | None = None,
    settings: Sequence[str] = (),
    quick: bool = False,
    cleanlab: bool = False,
    suspects: str | Path | None = None,
    offline: bool = False,
    observer: Observer | None = None,
) -> AuditResult:
    """Check a source of labelled texts.

    Args:
        data: The source, see `textune.data.sources.load_source`. What training would refuse is a finding.
        model: The pretrained encoder whose features judge labels and splits, and whose limit texts are
            measured by; by default `embedded:minilm` where it is installed.
        settings: Overrides of the recipe `frozen`, `section.key=value`, such as the columns' names.
        quick: Leave out the checks that need a model.
        cleanlab: Let the package cleanlab choose the doubtful labels.
        suspects: The CSV file to write these to; `auto`: a new one, named after the source; None: nowhere.
        offline: Make no connection.
        observer: Hears how it goes.

    Raises:
        RequestError: The source cannot be read, or the model, a setting or a file's name is wrong.
    """
    from textune.audit.findings import in_order, split_sizes

    observer = observer or Silence()
    _check_request(suspects, cleanlab=cleanlab)
    recipe, reason = _resolve(data, model, settings, quick=quick)
    observer.stage("Reading the data")
    material = _read(recipe, offline=offline, observer=observer)
    findings = [*material.findings, *_look(material, recipe, observer)]
    left_out = dict.fromkeys(_WITH_MODEL, reason) if reason else {}
    chosen: tuple[Suspect, ...] = ()
    written = None
    if not reason and material.examples:
        from textune.audit.judging import judge

        judgement = judge(material, recipe, cleanlab=cleanlab, offline=offline, observer=observer)
        chosen, left_out = judgement.suspects, dict(judgement.left_out)
        written = _write(chosen, suspects, data=data, observer=observer)
        findings += [*judgement.findings, *_describe(judgement, recipe, written)]
    return AuditResult(
        source=data,
        model="" if reason else recipe.model.name,
        rows=split_sizes(material.examples),
        label_names=material.label_names,
        findings=in_order(findings),
        left_out=left_out,
        suspects=chosen,
        suspects_file=written,
    )


def _check_request(suspects: str | Path | None, *, cleanlab: bool) -> None:
    if cleanlab and importlib.util.find_spec("cleanlab") is None:
        raise MissingExtraError("cleanlab", "Choosing suspects with cleanlab")
    if suspects in (None, AUTO):
        return
    path = Path(str(suspects)).expanduser()
    if path.is_dir() or path.suffix.lower() != ".csv":
        raise RequestError(
            f"Suspects cannot be written to '{suspects}'.", "Give the name of a file that ends in .csv."
        )


def _resolve(data: str, model: str | None, settings: Sequence[str], *, quick: bool) -> tuple[Recipe, str]:
    """Return the recipe, and why no model is used; empty: its model is."""
    from textune.encoder.loading import EMBEDDED, has_embedded_model

    named = model is not None or any(setting.startswith("model.name") for setting in settings)
    model = EMBEDDED if not named and has_embedded_model() else model
    recipe = resolve_recipe("frozen", model=model, data=data, seed=None, settings=settings)
    if quick:
        return recipe, "left out by --quick"
    if not named and model is None:
        return recipe, "no model: name one with --model, or install one: pip install 'textune[embedded]'"
    return recipe, ""


def _read(recipe: Recipe, *, offline: bool, observer: Observer) -> Material:
    from textune.audit.material import read_material
    from textune.data.sources import read_source

    settings = recipe.data
    found = read_source(
        settings.source,
        text_column=settings.text_column,
        label_column=settings.label_column,
        other_columns=True,
        offline=offline,
    )
    material = read_material(
        found,
        settings.source,
        validation_fraction=settings.validation_fraction,
        test_fraction=settings.test_fraction,
        split_seed=settings.split_seed,
    )
    for note in material.notes:
        observer.note(note)
    return material


def _look(material: Material, recipe: Recipe, observer: Observer) -> list[Finding]:
    """Return what is found without a model."""
    from textune.audit.leaks import find_leaked_columns
    from textune.audit.near_duplicates import find_near_duplicates
    from textune.audit.scripts import find_mixed_scripts

    examples, names = material.examples, material.label_names
    observer.stage("Looking at the texts")
    found = [
        *look_at_texts(examples, names, test_fraction=recipe.data.test_fraction),
        *find_mixed_scripts(examples),
    ]
    observer.stage("Looking for near-duplicates")
    found += find_near_duplicates(
        examples, names, on_progress=lambda done, total: observer.advance(done, total, unit="texts")
    )
    observer.stage("Looking at other columns")
    return found + find_leaked_columns(
        material.others,
        [example.label for example in examples],
        on_progress=lambda done, total: observer.advance(done, total, unit="columns"),
    )


def _describe(judgement: Judgement, recipe: Recipe, written: Path | None) -> list[Finding]:
    from textune.audit.label_noise import describe_suspects

    return describe_suspects(
        judgement.suspects,
        judged=judgement.judged,
        file="" if written is None else str(written),
        seen_by=f"the features of {recipe.model.name}",
    )


def _write(
    suspects: Sequence[Suspect], wanted: str | Path | None, *, data: str, observer: Observer
) -> Path | None:
    """Write the suspects where they are wanted; return the file."""
    from textune.audit.label_noise import suspects_csv

    if wanted is None or (wanted == AUTO and not suspects):
        return None
    contents = suspects_csv(suspects)
    if wanted != AUTO:
        path = Path(str(wanted)).expanduser()
        write_text(path, contents)
    else:
        path = _free_file(data, contents)
        try:
            write_text(path, contents)
        except StorageError as error:
            observer.note(f"The suspects were not written: {error.message} Name a file with --suspects.")
            return None
    observer.note(f"The doubtful labels were written to {path}.")
    return path


def _free_file(data: str, contents: str) -> Path:
    """Return a file that is named after the source and not there yet, unless with the same contents.

    Whoever has reviewed an earlier file has perhaps written into it.
    """
    name = Path(data.rstrip("/")).name
    for suffix in table_suffixes():
        name = name.removesuffix(suffix)
    stem = re.sub(r"[^\w.]+", "-", name).strip("-.")[:40] or "data"
    for number in count(1):
        path = Path(f"suspects-{stem}.csv" if number == 1 else f"suspects-{stem}-{number}.csv")
        if not path.exists() or path.read_bytes() == contents.encode():
            return path
    raise AssertionError
