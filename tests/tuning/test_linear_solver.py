"""Heads of several folds, fitted together."""

from __future__ import annotations

from collections import deque

import pytest
import torch

from textune.model.heads import LinearHead, Standardisation
from textune.recipe.methods import HeadTraining
from textune.recipe.recipes import load_recipe
from textune.tasks.label_kind import LabelKind
from textune.tasks.multi_label import MULTI
from textune.tasks.single_label import SINGLE
from textune.training.head_fit import fit_head
from textune.tuning.linear_solver import FeatureRows, HeadProblem, fit_linear_heads

ROWS, WIDTH, CLASSES = 120, 6, 3


def drawn(kind: LabelKind) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features and labels that have to do with each other."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(ROWS, WIDTH, generator=generator) * 3 + 1
    scores = features[:, :CLASSES] + torch.randn(ROWS, CLASSES, generator=generator)
    return features, (scores > 1).long() if kind.is_multi_label else scores.max(dim=1).indices


def problem(kind: LabelKind, *, balanced: bool = False, smoothing: float = 0.0) -> HeadProblem:
    features, labels = drawn(kind)
    learned = [torch.arange(0, ROWS, 2), torch.arange(30, ROWS)]
    return HeadProblem(FeatureRows.of(features), labels, learned, CLASSES, kind, balanced, smoothing)


@pytest.mark.parametrize("kind", [SINGLE, MULTI], ids=["one label", "several labels"])
@pytest.mark.parametrize(
    ("balanced", "smoothing"), [(False, 0.0), (True, 0.0), (False, 0.1)], ids=["plain", "balanced", "smooth"]
)
def test_the_heads_are_those_of_a_training(kind: LabelKind, balanced: bool, smoothing: float) -> None:
    features, labels = drawn(kind)
    learned = torch.arange(30, ROWS)
    recipe = load_recipe(
        "frozen",
        settings=[
            f"train.class_weights={'balanced' if balanced else 'none'}",
            *(f"train.{name}" for name in ("weight_decay=0.05", "early_stopping_patience=0")),
            f"train.label_smoothing_factor={smoothing}",
            "train.load_best_model_at_end=false",
        ],
    )
    assert isinstance(recipe.training, HeadTraining)
    inputs = Standardisation.of([features]).apply(features)
    head = LinearHead(WIDTH, CLASSES)
    events = fit_head(
        head,
        inputs[learned],
        labels[learned],
        classes=CLASSES,
        settings=recipe.training,
        kind=kind,
        score=lambda _: {"validation": {"log_loss": 0.0}},
    )
    deque(events, maxlen=0)

    logits, _ = fit_linear_heads(problem(kind, balanced=balanced, smoothing=smoothing), 0.05)

    assert torch.allclose(logits[:, 1], head(inputs), atol=0.05)


def test_a_fold_alone_has_the_head_that_it_has_among_others() -> None:
    several = problem(SINGLE)
    alone = HeadProblem(several.rows, several.labels, several.learned[:1], CLASSES, SINGLE)

    assert torch.allclose(
        fit_linear_heads(several, 0.1)[0][:, 0], fit_linear_heads(alone, 0.1)[0][:, 0], atol=0.02
    )


def test_the_start_does_not_decide_the_result() -> None:
    _, weights = fit_linear_heads(problem(SINGLE), 1.0)

    logits, _ = fit_linear_heads(problem(SINGLE), 0.1, start=weights)

    assert torch.allclose(logits, fit_linear_heads(problem(SINGLE), 0.1)[0], atol=0.05)


def test_some_features_alone_give_the_head_of_these_features() -> None:
    features, labels = drawn(SINGLE)
    learned = [torch.arange(ROWS)]
    chosen = [0, 2, 5]

    taken, _ = fit_linear_heads(
        HeadProblem(FeatureRows.of(features).take(chosen), labels, learned, CLASSES, SINGLE), 0.1
    )
    alone, _ = fit_linear_heads(
        HeadProblem(FeatureRows.of(features[:, chosen]), labels, learned, CLASSES, SINGLE), 0.1
    )

    assert torch.allclose(taken, alone, atol=1e-4)
