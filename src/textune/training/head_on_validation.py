"""A head that learns from validation rows as well: the more texts it learns from, the better.

Validation rows are left out in turn, a part at a time, by heads that are fitted for that alone. Their logits
of the rows that they have not seen give the calibration and the metrics on validation. Does not know how a
head is fitted.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import torch
from torch import nn

from textune.model.classifier import head_logits
from textune.training.loop import FitEnd

HELD_OUT_PARTS = 5
"""How many heads are fitted for the validation rows alone."""


class FitRows(Protocol):
    """Fits a head in place."""

    def __call__(
        self,
        head: nn.Module,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        scored: tuple[torch.Tensor, torch.Tensor],
        *,
        member: int,
    ) -> tuple[list[dict[str, Any]], FitEnd]:
        """Return the learning curve and the end of a fit on some rows, `scored` on inputs and labels.

        `member` counts the heads from 1; 0 is the head that learns from all rows.
        """


def fit_on_validation_too(
    head: nn.Module, inputs: Mapping[str, torch.Tensor], labels: Mapping[str, torch.Tensor], fit: FitRows
) -> tuple[list[dict[str, Any]], FitEnd, torch.Tensor]:
    """Fit a head in place to the rows of train and validation (rows, width).

    Return the learning curves of the other heads, the end, and the logits of the validation rows (rows,
    classes) by those heads that left them out.
    """
    known, rows = len(labels["train"]), len(labels["validation"])
    all_inputs = torch.cat([inputs["train"], inputs["validation"]])
    all_labels = torch.cat([labels["train"], labels["validation"]])
    history: list[dict[str, Any]] = []
    logits: dict[int, torch.Tensor] = {}
    for part in range(min(HELD_OUT_PARTS, rows)):
        held_out = torch.arange(part, rows, HELD_OUT_PARTS)
        is_learned = torch.ones(known + rows, dtype=torch.bool)
        is_learned[known + held_out] = False
        member = copy.deepcopy(head)
        scored = inputs["validation"][held_out], labels["validation"][held_out]
        curve, _ = fit(member, all_inputs[is_learned], all_labels[is_learned], scored, member=part + 1)
        history += [{"member": part + 1, **entry} for entry in curve]
        logits.update(zip(held_out.tolist(), head_logits(member, scored[0]), strict=True))
    _, end = fit(head, all_inputs, all_labels, (all_inputs, all_labels), member=0)
    held_out_logits = torch.stack([logits[row] for row in range(rows)])
    return history, replace(end, epochs=max(len(history), end.epochs)), held_out_logits
