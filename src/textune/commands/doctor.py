"""`textune doctor`: what this computer has, and what would make textune faster on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textune.machine.facts import Machine


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and what to change, a sentence or two each."""

    machine: Machine
    advice: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return both as JSON values."""
        return {**asdict(self.machine), "advice": list(self.advice)}


def doctor() -> Diagnosis:
    """Look at this computer, and say what would make textune faster on it."""
    from textune.machine.advice import advice_for
    from textune.machine.facts import examine

    machine = examine()
    return Diagnosis(machine, tuple(advice_for(machine)))
