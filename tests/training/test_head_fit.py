"""Fitting a head as a recipe says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from textune.model.heads import LinearHead
from textune.recipe.methods import HeadTraining
from textune.recipe.settings import TrainSettings
from textune.tasks.single_label import SINGLE
from textune.training.head_fit import (
    fit_head,
    fit_named_head,
    named_weight_decays,
    strongest_as_good,
    weight_decay_candidates,
)
from textune.training.loop import DivergenceError, EpochEnd, FitEnd

CLASSES = 3


def blobs(*, rows: int = 300, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features (rows, 5) of three overlapping classes, and their labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(CLASSES, size=rows)
    centres = np.random.default_rng(42).normal(size=(CLASSES, 5))
    features = centres[labels] + random.normal(size=(rows, 5))
    return torch.from_numpy(features.astype(np.float32)), torch.from_numpy(labels)


def fit(head: LinearHead, **settings: Any) -> list[Any]:
    """Fit a head on blobs and return all events."""
    features, labels = blobs()
    held_out, held_out_labels = blobs(seed=1)

    def score(module: torch.nn.Module) -> dict[str, dict[str, float]]:
        with torch.inference_mode():
            return {
                "validation": {
                    "log_loss": float(torch.nn.functional.cross_entropy(module(held_out), held_out_labels))
                }
            }

    return list(
        fit_head(
            head,
            features,
            labels,
            classes=CLASSES,
            settings=HeadTraining.of(TrainSettings(**settings)),
            score=score,
        )
    )


def lbfgs(**settings: Any) -> dict[str, Any]:
    return {
        "optim": "lbfgs",
        "per_device_train_batch_size": 0,
        "learning_rate": 1.0,
        "num_train_epochs": 60,
        "load_best_model_at_end": False,
    } | settings


def test_a_penalised_linear_head_is_the_logistic_regression_of_the_same_strength() -> None:
    features, labels = blobs()
    strength = 0.1
    peer = LogisticRegression(C=1 / (strength * len(labels)), tol=1e-10, max_iter=10_000)
    expected = peer.fit(features.numpy(), labels.numpy()).predict_proba(features.numpy())
    head = LinearHead(5, CLASSES)

    fit(head, **lbfgs(weight_decay=strength))

    probabilities = torch.softmax(head(features), dim=1).detach().numpy()
    np.testing.assert_allclose(probabilities, expected, atol=1e-3)


def test_the_weight_decay_that_validation_prefers_is_found() -> None:
    end = fit(LinearHead(5, CLASSES), **lbfgs(weight_decay="auto", early_stopping_patience=5))[-1]
    log_losses = {
        strength: min(
            event.scores["validation"]["log_loss"]
            for event in fit(LinearHead(5, CLASSES), **lbfgs(weight_decay=strength))
            if isinstance(event, EpochEnd)
        )
        for strength in weight_decay_candidates(300)
    }

    assert isinstance(end, FitEnd)
    assert log_losses[end.weight_decay] == pytest.approx(min(log_losses.values()), abs=2e-3)


def test_the_more_rows_there_are_the_weaker_the_penalties_that_are_tried() -> None:
    assert min(weight_decay_candidates(100)) == 0.03
    assert min(weight_decay_candidates(1_000)) == 0.008
    assert min(weight_decay_candidates(15_000)) == 0.0005


def named_head(weights: torch.Tensor, **settings: Any) -> tuple[torch.Tensor, FitEnd]:
    """Return a head's weights after a fit to a few blobs from those that it has, and the end."""
    head = LinearHead(5, CLASSES)
    head.output.weight.data.copy_(weights)
    (features, labels), (held_out, held_out_labels) = blobs(rows=24), blobs(rows=24, seed=1)

    def losses(module: torch.nn.Module) -> torch.Tensor:
        return SINGLE.loss(module(held_out).detach(), held_out_labels, reduction="none")

    fit_it = (
        partial(fit_named_head, losses=losses)
        if settings["weight_decay"] == "auto"
        else partial(fit_head, is_named=True)
    )
    *_, end = fit_it(
        head,
        features,
        labels,
        classes=CLASSES,
        settings=HeadTraining.of(TrainSettings(**lbfgs(**settings))),
        score=lambda module: {"validation": {"log_loss": 1.0}},
    )
    return head.output.weight.detach(), end


def test_the_penalties_of_a_named_head_fall_with_the_rows_and_with_many_classes() -> None:
    strongest = [named_weight_decays(rows, width=384, classes=4)[0] for rows in (32, 64)]

    assert strongest == [12.0, 6.0]
    assert named_weight_decays(32, width=384, classes=40)[0] == pytest.approx(1.2)


def test_a_strong_penalty_leaves_a_named_head_at_its_names() -> None:
    names = torch.randn(CLASSES, 5, generator=torch.Generator().manual_seed(3))

    weights, _ = named_head(names, weight_decay=1e4)

    assert weights.allclose(names, atol=1e-3)


def test_a_named_head_whose_penalty_is_chosen_converges_whatever_validation_says() -> None:
    start = torch.full((CLASSES, 5), 0.5)
    patient, end = named_head(start, weight_decay="auto")
    impatient, _ = named_head(start, weight_decay="auto", early_stopping_patience=1)

    assert impatient.equal(patient) and end.epochs > 3


def test_a_named_head_with_a_given_penalty_stops_early_as_others_do() -> None:
    _, end = named_head(torch.full((CLASSES, 5), 0.5), weight_decay=0.1, early_stopping_patience=1)

    assert end.epochs == 2


def test_names_that_lead_away_are_left_behind_where_validation_is_sure() -> None:
    centres = torch.from_numpy(np.random.default_rng(42).normal(size=(CLASSES, 5))).float()

    of_good, of_bad = (
        named_head(names * 3, weight_decay="auto")[1].weight_decay for names in (centres, -centres)
    )

    assert of_bad < of_good


def test_a_penalty_is_weakened_only_if_that_is_surely_better() -> None:
    steady = torch.linspace(0.1, 1.0, 10)

    assert strongest_as_good([steady, steady - 0.05, steady - 0.1]) == 2
    assert strongest_as_good([steady, steady + torch.tensor([-0.9] + [0.09] * 9)]) == 0
    assert strongest_as_good([steady[:3], steady[:3] - 0.05]) == 0
    assert strongest_as_good([steady, steady]) == 0


def test_epochs_are_counted_on_over_several_weight_decays() -> None:
    events = fit(LinearHead(5, CLASSES), **lbfgs(weight_decay="auto", num_train_epochs=4))

    epochs = [event.epoch for event in events if isinstance(event, EpochEnd)]

    assert epochs == list(range(1, len(epochs) + 1))
    assert events[-1].epochs == len(epochs)


def test_the_best_epoch_is_kept_where_the_recipe_says_so() -> None:
    head = LinearHead(5, CLASSES)
    held_out, labels = blobs(seed=1)

    events = fit(head, optim="adam", learning_rate=0.5, num_train_epochs=12)

    log_losses = [event.scores["validation"]["log_loss"] for event in events if isinstance(event, EpochEnd)]
    kept = float(torch.nn.functional.cross_entropy(head(held_out), labels).detach())
    assert events[-1].epoch == int(np.argmin(log_losses)) + 1 < 12
    assert kept == pytest.approx(min(log_losses))


def test_the_last_epoch_is_kept_where_the_recipe_says_so() -> None:
    events = fit(LinearHead(5, CLASSES), learning_rate=0.5, num_train_epochs=4, load_best_model_at_end=False)

    assert events[-1] == FitEnd(epoch=4, epochs=4, weight_decay=0.0)


@pytest.mark.parametrize("optim", ["adam", "adamw"])
def test_the_same_seed_gives_the_same_bits(optim: str) -> None:
    heads = [LinearHead(5, CLASSES), LinearHead(5, CLASSES)]

    runs = [fit(head, optim=optim, num_train_epochs=3, seed=7) for head in heads]

    assert runs[0] == runs[1]
    assert torch.equal(heads[0].output.weight, heads[1].output.weight)


def test_another_seed_gives_another_order() -> None:
    assert fit(LinearHead(5, CLASSES), seed=1) != fit(LinearHead(5, CLASSES), seed=2)


def recall_of_a_rare_class(class_weights: str) -> float:
    """Fit a head on blobs of which one class is rare; return the share of that class which it finds."""
    features, labels = blobs(rows=600)
    kept = (labels != 2) | (torch.arange(600) % 20 == 0)
    features, labels = features[kept], labels[kept]
    head = LinearHead(5, CLASSES)
    settings = HeadTraining.of(TrainSettings(**lbfgs(class_weights=class_weights)))
    scores = {"validation": {"log_loss": 1.0}}
    list(fit_head(head, features, labels, classes=CLASSES, settings=settings, score=lambda module: scores))
    return float((head(features).argmax(1) == 2)[labels == 2].double().mean())


def test_balanced_class_weights_raise_the_recall_of_a_rare_class() -> None:
    assert recall_of_a_rare_class("balanced") > recall_of_a_rare_class("none") + 0.1


def test_the_weight_decay_of_the_last_weights_is_reported_where_they_are_kept() -> None:
    head, again = LinearHead(5, CLASSES), LinearHead(5, CLASSES)
    chosen = fit(head, **lbfgs(weight_decay="auto"))[-1].weight_decay

    fit(again, **lbfgs(weight_decay=chosen))

    torch.testing.assert_close(head.output.weight, again.output.weight, atol=1e-2, rtol=0)


def test_a_validation_loss_that_is_never_a_number_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs()
    scores = {"validation": {"log_loss": float("nan")}}

    with pytest.raises(DivergenceError, match="never a finite number"):
        list(
            fit_head(
                LinearHead(5, CLASSES),
                features,
                labels,
                classes=CLASSES,
                settings=HeadTraining.of(TrainSettings(num_train_epochs=1)),
                score=lambda module: scores,
            )
        )


def test_label_smoothing_makes_scores_less_confident() -> None:
    features, _ = blobs()
    heads = {smoothing: LinearHead(5, CLASSES) for smoothing in (0.0, 0.3)}
    for smoothing, head in heads.items():
        fit(head, **lbfgs(label_smoothing_factor=smoothing))

    with torch.inference_mode():
        sure = {key: float(torch.softmax(head(features), 1).amax(1).mean()) for key, head in heads.items()}

    assert sure[0.3] < sure[0.0] - 0.05
