"""What can be chosen for a labelling, with the defaults; imported before anything heavy is."""

from __future__ import annotations

from textune.errors import RequestError

STRATEGY_NAMES = ("herding", "margin", "badge", "random")
"""The strategies in `textune.labelling.strategies`, the default first."""
LOOP_RECIPE = "frozen"
"""The recipe whose encoder the loop reads texts with."""
LOOP_SETTINGS = ("model.layers=[-1]",)
"""What the loop changes in it: more layers are no better with few answers, and take more memory."""


def check_strategy(name: str) -> None:
    """Raise a `RequestError` if there is no such strategy."""
    if name not in STRATEGY_NAMES:
        raise RequestError(
            f"There is no strategy '{name}'.", f"The strategies are: {', '.join(STRATEGY_NAMES)}."
        )
