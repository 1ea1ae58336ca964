"""`textune audit`: find faults in a source of labelled texts."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.audit.findings import AuditResult, DoubtfulLabels, in_order, split_sizes
from textune.context import Context, Observer
from textune.errors import MissingExtraError
from textune.recipe.recipes import Recipe, resolve_recipe


def audit(
    data: Any,
    *,
    model: str | None = None,
    settings: Sequence[str] = (),
    quick: bool = False,
    cleanlab: bool = False,
    suspects: str | Path | None = None,
    offline: bool = False,
    observer: Observer | None = None,
) -> AuditResult:
    """Find faults in a source of labelled texts.

    Args:
        data: The labelled texts, as `textune.train` takes them. What training would refuse is a finding.
        model: The pretrained encoder whose features judge labels and splits, and whose limit text lengths are
            compared with; by default the smallest embedded model that is installed.
        settings: Overrides of the recipe `frozen`, `section.key=value`, such as the names of columns.
        quick: Skip the checks that need an encoder.
        cleanlab: Let the package cleanlab choose the suspect labels.
        suspects: The CSV file for suspect labels; `auto` names a new one after the source, None writes none.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Raises:
        RequestError: The source cannot be read, or the model, a setting or a file name is wrong.
    """
    from textune.audit.checks import all_checks, run_checks
    from textune.audit.encoded_texts import EncodedTexts
    from textune.audit.label_noise import check_file_name, write_suspects
    from textune.audit.reading import read_for_audit
    from textune.data.columns import ColumnChoice
    from textune.data.in_memory import as_source
    from textune.data.sources import read_source
    from textune.encoder.separator import resolve_separator

    ctx = Context(observer, offline)
    if cleanlab and importlib.util.find_spec("cleanlab") is None:
        raise MissingExtraError("cleanlab", "Choosing suspects with cleanlab")
    name, held = as_source(data)
    check_file_name(suspects, data=name or "", ctx=ctx)
    recipe, no_encoder = _resolve(name, model, settings, quick=quick)
    if not no_encoder:
        recipe = resolve_separator(recipe, ctx)
    ctx.stage("Reading the data")
    choice = ColumnChoice.of(recipe.data, others=True)
    source = read_source(held or recipe.data.source, choice, ctx)
    audited = read_for_audit(source, recipe.data)
    for note in audited.notes:
        ctx.note(note)
    if no_encoder or not audited.examples:
        audited = replace(audited, no_encoder=no_encoder or "no usable row", ctx=ctx)
    else:
        encoder = EncodedTexts(audited.examples, audited.label_names, recipe, ctx)
        audited = replace(audited, encoder=encoder, cleanlab=cleanlab, ctx=ctx)
    ctx.stage("Looking at the texts")
    findings, left_out = run_checks(audited, all_checks())
    doubtful = next((finding for finding in findings if isinstance(finding, DoubtfulLabels)), None)
    file = None
    if audited.encoder:
        file = write_suspects(
            doubtful.suspects if doubtful else (), suspects, data=recipe.data.source, ctx=ctx
        )
    if doubtful and file:
        findings[findings.index(doubtful)] = doubtful.written_to(str(file))
    return AuditResult(
        source=recipe.data.source,
        model="" if no_encoder else recipe.model.name,
        rows=split_sizes(audited.examples),
        label_names=tuple(audited.label_names),
        findings=in_order(findings),
        left_out=left_out,
        suspects_file=file,
    )


def _resolve(
    data: str | None, model: str | None, settings: Sequence[str], *, quick: bool
) -> tuple[Recipe, str]:
    """Return the recipe, and the reason for using no encoder; the reason is empty if its encoder is used."""
    from textune.encoder.embedded import installed_models

    has_model = model is not None or any(setting.startswith("model.name") for setting in settings)
    if not has_model and (installed := installed_models()):
        model = installed[0].name  # The smallest: an audit looks at every text.
    recipe = resolve_recipe("frozen", model=model, data=data, seed=None, settings=settings)
    if quick:
        return recipe, "--quick"
    if not has_model and model is None:
        return recipe, "no model: name one with --model, or pip install 'textune[embedded]'"
    return recipe, ""
