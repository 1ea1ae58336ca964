"""The registry of checks: each registers itself, and everything that lists or runs checks reads it.

    @check(needs="texts", D015="texts that say nothing")
    def find_empty_texts(audited: AuditInput) -> Iterator[Finding]: ...

A new check is a file in this folder, and no other change.
"""

from __future__ import annotations

import pkgutil
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

from textune.audit.findings import Example, Finding, Severity, examples_of, in_order
from textune.context import Context
from textune.wording import counted

if TYPE_CHECKING:
    from textune.audit.encoded_texts import EncodedTexts
    from textune.data.dataset import Dataset

Needs = Literal["texts", "columns", "encoder"]

_SHOWN = 3


@dataclass(frozen=True)
class AuditInput:
    """What an audit looks at.

    Attributes:
        examples: The rows with a text and a label, split after split.
        columns: The values of the source's other columns, by name; (examples,) each.
        refused: What training would refuse: findings from reading the source.
        notes: What the person should know about how the source was read.
        test_fraction: The share of train that becomes test if the source has no test split.
        cleanlab: Whether the package cleanlab chooses the doubtful labels.
        encoder: The examples as a pretrained encoder reads them, or None; `no_encoder` then says why.
    """

    examples: tuple[Example, ...]
    label_names: Sequence[str]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    refused: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    test_fraction: float = 0.0
    cleanlab: bool = False
    encoder: EncodedTexts | None = None
    no_encoder: str = ""
    ctx: Context = field(default_factory=Context)

    def progress(self, unit: str) -> Callable[[int, int], None]:
        """Return a callback that shows how many of how many units are done."""
        return lambda done, total: self.ctx.advance(done, total, unit=unit)


Find = Callable[[AuditInput], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """One check, which may answer several closely related questions.

    Attributes:
        titles: What it looks for, by the numbers of its findings.
        needs: What it reads: texts and labels, the other columns, or an encoder.
        in_training: Whether every training runs it; for checks of texts that cost next to nothing.
        find: Returns the findings, or raises `SkippedCheckError`.
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
    """Return all checks in the order in which they run: those that cost the most come last."""
    for module in pkgutil.iter_modules(import_module("textune.audit").__path__):
        import_module(f"textune.audit.{module.name}")
    order = get_args(Needs)
    return sorted(
        _CHECKS.values(), key=lambda each: (order.index(each.needs), not each.in_training, min(each.titles))
    )


def check_titles() -> dict[str, str]:
    """Return what each check looks for, by number."""
    return dict(sorted(item for each in all_checks() for item in each.titles.items()))


def run_checks(audited: AuditInput, checks: Iterable[Check]) -> tuple[list[Finding], dict[str, str]]:
    """Run checks; return their findings, and by number why a check was skipped."""
    findings: list[Finding] = []
    skipped: dict[str, str] = {}
    for each in checks:
        if each.needs == "encoder" and audited.encoder is None:
            skipped |= dict.fromkeys(each.titles, audited.no_encoder)
            continue
        try:
            findings += each.find(audited)
        except SkippedCheckError as reason:
            skipped |= dict.fromkeys(each.titles, str(reason))
    return findings, skipped


def flag_texts(
    audited: AuditInput,
    fault_of: Callable[[str], str | None],
    id: str,
    severity: Severity,
    title: str,
    advice: str,
) -> Iterator[Finding]:
    """Yield a finding about the texts that have a fault, if there are any; their number begins its title."""
    faults = [(example, fault_of(example.text)) for example in audited.examples]
    rows = tuple(example.flag(fault) for example, fault in faults if fault is not None)
    if rows:
        yield Finding(id, severity, f"{counted(len(rows), 'text')} {title}", len(rows), rows, advice)


def check_data(dataset: Dataset, *, test_fraction: float, ctx: Context) -> list[dict[str, Any]]:
    """Run the cheap checks on a training's dataset, note what they found, and return summaries as JSON."""
    audited = AuditInput(examples_of(dataset), dataset.label_names, test_fraction=test_fraction, ctx=ctx)
    found, _ = run_checks(audited, [each for each in all_checks() if each.in_training])
    findings = in_order(found)
    titles = [finding.title for finding in findings if finding.severity != "info"]
    if titles:
        more = f"; and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
        shown = "; ".join(titles[:_SHOWN])
        ctx.note(f"Data checks: {shown}{more}. The rows: textune audit {shlex.quote(dataset.name)}")
    else:
        ctx.note("Data checks: nothing to fix in duplicates, labels, class sizes and characters.")
    return [finding.summary() for finding in findings]
