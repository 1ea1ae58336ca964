"""How long a training will take, and how much of it fits into a given time.

In: measured seconds a row, with as few layers frozen as can be and with as many. Out: an estimate, and the
number of frozen layers and epochs that fit. Does not know how the seconds were measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from textune.errors import RequestError


@dataclass(frozen=True)
class Costs:
    """What a training's parts cost on this machine, measured.

    Attributes:
        first: Seconds to learn from a row with `frozen_layers` as the recipe has them.
        last: Seconds to learn from a row with `most_frozen` layers frozen.
        forward: Seconds to run the whole encoder over a row.
        frozen_layers: The layers that are frozen in any case.
        most_frozen: The most layers that can be frozen.
        layers: The encoder's layers.
    """

    first: float
    last: float
    forward: float
    frozen_layers: int
    most_frozen: int
    layers: int

    def row_seconds(self, frozen_layers: int) -> float:
        """Return the seconds to learn from a row; they fall in even steps with every frozen layer."""
        steps = self.most_frozen - self.frozen_layers
        if not steps:
            return self.first
        return self.first + (self.last - self.first) * (frozen_layers - self.frozen_layers) / steps


@dataclass(frozen=True)
class Plan:
    """What fits.

    Attributes:
        frozen_layers: Layers to freeze.
        epochs: Epochs to train.
        seconds: What that takes, by the estimate.
    """

    frozen_layers: int
    epochs: int
    seconds: float


def plan_within(
    seconds: float, costs: Costs, *, rows: int, epochs: int, other_rows: int, reserve_seconds: float = 0.0
) -> Plan:
    """Return the plan that freezes as few layers as possible with all epochs, and else trains fewer epochs.

    Args:
        seconds: What there is.
        costs: What was measured.
        rows: Training rows.
        epochs: The epochs that are wanted.
        other_rows: Rows that the whole encoder is run over when the training has ended.
        reserve_seconds: What is spent whatever is planned.

    Raises:
        RequestError: Not even one epoch with the most frozen layers fits.

    Example:
        >>> costs = Costs(0.006, 0.002, 0.001, frozen_layers=0, most_frozen=4, layers=5)
        >>> plan_within(25.0, costs, rows=1000, epochs=5, other_rows=0)
        Plan(frozen_layers=2, epochs=5, seconds=21.4)
    """
    for frozen_layers in range(costs.frozen_layers, costs.most_frozen + 1):
        once = reserve_seconds + _once(costs, frozen_layers, rows=rows, other_rows=other_rows)
        epoch = rows * costs.row_seconds(frozen_layers)
        if once + epochs * epoch <= seconds:
            return Plan(frozen_layers, epochs, once + epochs * epoch)
    fitting = int((seconds - once) / epoch)
    if fitting < 1:
        raise RequestError(
            f"Not even one epoch fits: with {costs.most_frozen} of {costs.layers} layers frozen it takes "
            f"about {(once + epoch) / 60:.1f} minutes on this machine.",
            "Give more time with --max-minutes, or train with a frozen encoder: --recipe frozen",
        )
    return Plan(costs.most_frozen, fitting, once + fitting * epoch)


def _once(costs: Costs, frozen_layers: int, *, rows: int, other_rows: int) -> float:
    """Return the seconds for what is done once: frozen layers over the training rows, and the evaluation."""
    frozen = rows * costs.forward * frozen_layers / costs.layers
    return frozen + (rows + other_rows) * costs.forward
