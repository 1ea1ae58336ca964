"""A registry of published results, beside which comparable runs are shown. The report knows none of them.

A reference is listed in `REFERENCES` by the place of its object, and imported when a run is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pkgutil import resolve_name
from typing import Any, Protocol

from textune.evaluation.document import MetricsDocument

ReferenceRow = tuple[str, str, str]
"""What was measured, the reference's value, and the run's."""


class Reference(Protocol):
    """Published results."""

    @property
    def name(self) -> str:
        """The name of the results in a chart."""

    @property
    def heading(self) -> str:
        """The heading of their table."""

    @property
    def note(self) -> str:
        """A note for readers of their table."""

    @property
    def test_metrics(self) -> Mapping[str, float]:
        """Their metrics on test, by key."""

    def applies_to(self, document: MetricsDocument) -> bool:
        """Return whether a run is comparable with the reference."""

    def rows(self, document: MetricsDocument, history: Sequence[Mapping[str, Any]]) -> list[ReferenceRow]:
        """Return the reference's results beside those of a run with this learning curve."""


REFERENCES: dict[str, str | Reference] = {"study": "textune.study.published:STUDY"}
"""The references by name: objects, or the places to import them from, `module:attribute`."""


def references_for(document: MetricsDocument) -> list[Reference]:
    """Return the references to show beside a run."""
    references: list[Reference] = [
        resolve_name(entry) if isinstance(entry, str) else entry for entry in REFERENCES.values()
    ]
    return [reference for reference in references if reference.applies_to(document)]
