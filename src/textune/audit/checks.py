"""The registry of checks: every check registers itself, and whatever lists or runs checks reads it.

    @check(needs="texts", D015="texts without content")
    def find_empty_texts(audited: AuditInput) -> Iterator[Finding]: ...

A new check is one file in this folder.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from textune.audit.findings import Example, Finding, Severity, examples_of, in_order
from textune.context import Context
from textune.data.raw import Disagreement
from textune.discovery import import_files
from textune.formats.text_pairs import has_pairs, sides_of
from textune.recipe.recipes import reading_options
from textune.recipe.settings import DataSettings
from textune.wording import counted

if TYPE_CHECKING:
    from textune.audit.encoded_texts import EncodedTexts
    from textune.data.dataset import Dataset

Needs = Literal["texts", "columns", "encoder"]

_SHOWN = 3


@dataclass(frozen=True)
class AuditInput:
    """The input of an audit.

    Attributes:
        examples: The rows with a text and a label, split after split.
        is_multi_label: Whether texts can have several labels.
        unused_labels: The names of labels that no text of train has.
        columns: The values (examples,) of the source's other columns, by name.
        refused: Findings about what training would refuse.
        notes: What the user should know about how the source was read.
        disagreements: The texts whose annotators disagree.
        test_fraction: The share of train that becomes test where the source has no test split.
        cleanlab: Whether the package cleanlab chooses the suspect labels.
        encoder: The examples as a pretrained encoder reads them; where it is None, `no_encoder` says why.
    """

    examples: tuple[Example, ...]
    label_names: Sequence[str]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    refused: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    test_fraction: float = 0.0
    cleanlab: bool = False
    encoder: EncodedTexts | None = None
    no_encoder: str = ""
    is_multi_label: bool = False
    unused_labels: tuple[str, ...] = ()
    ctx: Context = field(default_factory=Context)

    @property
    def noun(self) -> str:
        """What an example is called in a sentence: a text, or a pair of texts."""
        return "pair" if has_pairs(example.text for example in self.examples[:1]) else "text"

    def progress(self, unit: str) -> Callable[[int, int], None]:
        """Return a callback that shows how many units are done, and how many there are."""
        return lambda done, total: self.ctx.advance(done, total, unit=unit)


Find = Callable[[AuditInput], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """One check, which may answer several closely related questions.

    Attributes:
        titles: What it looks for, by the ids of its findings.
        needs: What it reads: texts and labels, the other columns, or an encoder.
        in_training: Whether every training runs it; only checks that cost next to nothing do.
        find: Returns the findings, or raises a `SkippedCheckError`.
    """

    titles: Mapping[str, str]
    needs: Needs
    in_training: bool
    find: Find


class SkippedCheckError(Exception):
    """A check cannot be run on this source; the message says why."""


_CHECKS: dict[str, Check] = {}


def check(*, needs: Needs, in_training: bool = False, **titles: str) -> Callable[[Find], Find]:
    """Register the decorated function as a check; see `Check`."""

    def register(find: Find) -> Find:
        _CHECKS[min(titles)] = Check(titles, needs, in_training, find)
        return find

    return register


def all_checks() -> list[Check]:
    """Return all checks in the order in which they run, the most expensive ones last."""
    import_files("textune.audit")
    order = get_args(Needs)
    return sorted(
        _CHECKS.values(),
        key=lambda known: (order.index(known.needs), not known.in_training, min(known.titles)),
    )


def check_titles() -> dict[str, str]:
    """Return what each check looks for, by id."""
    return dict(sorted(title for known in all_checks() for title in known.titles.items()))


def run_checks(audited: AuditInput, checks: Iterable[Check]) -> tuple[list[Finding], dict[str, str]]:
    """Run checks; return their findings, and why a check was skipped by id."""
    findings: list[Finding] = []
    skipped: dict[str, str] = {}
    for audit_check in checks:
        if audit_check.needs == "encoder" and audited.encoder is None:
            skipped |= dict.fromkeys(audit_check.titles, audited.no_encoder)
            continue
        try:
            findings += audit_check.find(audited)
        except SkippedCheckError as reason:
            skipped |= dict.fromkeys(audit_check.titles, str(reason))
    return findings, skipped


def flag_texts(
    audited: AuditInput,
    fault_of: Callable[[str], str | None],
    id: str,
    severity: Severity,
    title: str,
    advice: str,
) -> Iterator[Finding]:
    """Yield a finding about the texts that have a fault, if any; its title begins with their number."""
    faults = [
        (
            example,
            next((fault for side in sides_of(example.text) if (fault := fault_of(side)) is not None), None),
        )
        for example in audited.examples
    ]
    rows = tuple(example.flag(fault) for example, fault in faults if fault is not None)
    if rows:
        yield Finding(id, severity, f"{counted(len(rows), audited.noun)} {title}", len(rows), rows, advice)


def check_data(
    dataset: Dataset, *, settings: DataSettings, is_named: bool, ctx: Context
) -> list[dict[str, Any]]:
    """Run the cheap checks on a training's dataset, note the findings, and return their summaries as JSON.

    A data set that `is_named` is a source that the command line can name.
    """
    audited = AuditInput(
        examples_of(dataset),
        dataset.label_names,
        test_fraction=settings.test_fraction,
        is_multi_label=dataset.is_multi_label,
        ctx=ctx,
    )
    ctx.stage("Checking the data")
    cheap = [known for known in all_checks() if known.in_training]
    unordered: list[Finding] = []
    for done, cheap_check in enumerate(cheap, start=1):
        unordered += run_checks(audited, [cheap_check])[0]
        ctx.advance(done, len(cheap), unit="checks")
    findings = in_order(unordered)
    titles = [finding.title for finding in findings if finding.severity != "info"]
    if titles:
        more = f"; and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
        shown = "; ".join(titles[:_SHOWN])
        source = " ".join([shlex.quote(dataset.name), *reading_options(settings)])
        audit = f"textune audit {source}" if is_named else "call textune.audit"
        ctx.note(f"Data checks: {shown}{more}. To see the rows: {audit}")
    else:
        ctx.note("Data checks: no problem with duplicates, labels, class sizes or characters.")
    return [finding.summary() for finding in findings]
