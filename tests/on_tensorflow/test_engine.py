"""Training a head on Keras: the same steps as on torch, in the same stream."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from textune.keras.encoder import build_keras_encoder
from textune.keras.engine import RUNNING, KerasHead, build_keras_head, end_to_end, fit_keras_head, seeded
from textune.keras.tensors import tf_batches
from textune.model.classifier import head_logits
from textune.recipe.methods import HeadTraining, KerasTraining
from textune.recipe.settings import TrainSettings
from textune.training.head_fit import fit_head
from textune.training.loop import DivergenceError, EpochEnd, FitEnd, Scores, StepEnd
from tiny_classifiers import EMOTIONS, stock_classifier
from tiny_models import build_tiny_model

ROWS = 50


@pytest.fixture(scope="module")
def distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("distilbert"), "distilbert")


def random_features() -> torch.Tensor:
    """Return features (rows, 16)."""
    return torch.randn((ROWS, 16), generator=torch.Generator().manual_seed(0))


def random_labels() -> list[int]:
    """Return class ids, one class rarer than the others."""
    return [(0, 1, 2, 1)[number % 4] for number in range(ROWS)]


def unscored(_: Any) -> Scores:
    return {"validation": {"log_loss": 1.0}}


def fit(
    head: KerasHead, *, score: Callable[[Any], Scores] = unscored, factor: Any = None, **settings: Any
) -> list[Any]:
    """Fit a head on random features and return all events."""
    resolved = KerasTraining.of(TrainSettings(**settings))
    size = resolved.per_device_train_batch_size or ROWS
    with seeded(resolved.seed):
        batches = tf_batches(
            random_features().numpy(),
            random_labels(),
            batch_size=size,
            classes=len(EMOTIONS),
            shuffle_seed=resolved.seed,
        )
        return list(
            fit_keras_head(
                head.layers,
                head,
                batches,
                random_labels(),
                settings=resolved,
                score=score,
                learning_rate_factor=factor,
            )
        )


def keras_head(folder: Path, *, dropout: float = 0.0) -> KerasHead:
    return build_keras_head(stock_classifier(folder), dropout=dropout)


def weights_of(head: KerasHead) -> list[torch.Tensor]:
    """Return the weights of the head in torch."""
    return [parameter.detach().clone() for parameter in head.head.parameters()]


def test_an_untrained_head_gives_the_logits_of_torch(model: Path) -> None:
    head = keras_head(model)

    logits = head.logits(random_features().numpy())

    np.testing.assert_allclose(logits, head_logits(head.head, random_features()).numpy(), atol=1e-5)


def test_what_is_written_back_gives_the_logits_of_keras(model: Path) -> None:
    head = keras_head(model)

    fit(head, num_train_epochs=2, learning_rate=0.05)

    np.testing.assert_allclose(
        head_logits(head.head, random_features()).numpy(), head.logits(random_features().numpy()), atol=1e-5
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optim": "adamw", "weight_decay": 0.5},
        {"label_smoothing_factor": 0.3},
        {"class_weights": "balanced"},
        {"lr_scheduler_type": "exponential", "lr_decay": 0.5},
    ],
    ids=["adam", "weight decay", "label smoothing", "class weights", "falling rate"],
)
def test_full_batches_take_the_steps_of_torch(settings: dict[str, Any], model: Path) -> None:
    given = {
        "per_device_train_batch_size": 0,
        "num_train_epochs": 3,
        "load_best_model_at_end": False,
        **settings,
    }
    here, there = keras_head(model), stock_classifier(model).head
    for part in there.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0

    events = fit(here, **given)
    expected = list(
        fit_head(
            there,
            random_features(),
            torch.tensor(random_labels()),
            classes=len(EMOTIONS),
            settings=HeadTraining.of(TrainSettings(**given)),
            score=unscored,
        )
    )

    losses = [[event.loss for event in stream if isinstance(event, StepEnd)] for stream in (events, expected)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    # Not the weights: where a gradient is next to none, Adam's epsilon tells, 1e-7 in Keras, 1e-8 in torch.
    torch.testing.assert_close(
        head_logits(here.head, random_features()), head_logits(there, random_features()), atol=1e-3, rtol=0
    )


def test_every_batch_is_a_step_and_every_row_is_in_one(distilbert: Path) -> None:
    events = fit(keras_head(distilbert), num_train_epochs=2, per_device_train_batch_size=16)

    steps = [event for event in events if isinstance(event, StepEnd)]
    assert [(event.step, event.epoch) for event in steps] == [(n, 1 + (n > 4)) for n in range(1, 9)]
    assert [event.rows for event in steps] == [16, 16, 16, 2] * 2


def test_an_epoch_tells_its_mean_loss_its_metrics_and_what_keras_counts(distilbert: Path) -> None:
    events = fit(keras_head(distilbert), num_train_epochs=1, per_device_train_batch_size=16)

    steps = [event for event in events if isinstance(event, StepEnd)]
    epoch = next(event for event in events if isinstance(event, EpochEnd))
    assert epoch.loss == pytest.approx(sum(step.loss * step.rows for step in steps) / ROWS, abs=1e-5)
    assert epoch.scores["validation"] == {"log_loss": 1.0}
    assert 0 <= epoch.scores[RUNNING]["accuracy"] <= 1


def test_the_learning_rate_is_a_function_of_the_epoch(distilbert: Path) -> None:
    events = fit(keras_head(distilbert), num_train_epochs=3, factor=lambda epoch: 1 / (1 + epoch))

    rates = [event.learning_rate for event in events if isinstance(event, EpochEnd)]

    assert rates == pytest.approx([1e-3, 5e-4, 1e-3 / 3])


def scores_of(*log_losses: float) -> Callable[[Any], Scores]:
    """Return a scoring function that gives one validation log loss after the other."""
    left = iter(log_losses)
    return lambda head: {"validation": {"log_loss": next(left)}}


def test_training_stops_after_epochs_that_did_not_help(distilbert: Path) -> None:
    events = fit(
        keras_head(distilbert),
        score=scores_of(1.0, 0.9, 0.95, 0.96, 0.5),
        num_train_epochs=5,
        early_stopping_patience=2,
    )

    assert events[-1] == FitEnd(epoch=2, epochs=4, weight_decay=0.0)


def test_the_weights_of_the_best_epoch_are_kept(distilbert: Path) -> None:
    best, shorter = keras_head(distilbert), keras_head(distilbert)

    fit(best, score=scores_of(1.0, 0.5, 0.9), num_train_epochs=3)
    fit(shorter, num_train_epochs=2, load_best_model_at_end=False)

    assert all(map(torch.equal, weights_of(best), weights_of(shorter)))
    np.testing.assert_allclose(
        best.logits(random_features().numpy()), shorter.logits(random_features().numpy()), atol=1e-6
    )


def test_the_last_weights_are_kept_where_the_recipe_says_so(distilbert: Path) -> None:
    events = fit(
        keras_head(distilbert),
        score=scores_of(1.0, 0.5, 0.9),
        num_train_epochs=3,
        load_best_model_at_end=False,
    )

    assert events[-1] == FitEnd(epoch=3, epochs=3, weight_decay=0.0)


def test_the_same_seed_gives_the_same_bits(distilbert: Path) -> None:
    heads = []

    for _ in range(2):
        with seeded(3):
            heads.append(keras_head(distilbert, dropout=0.3))
        fit(heads[-1], seed=3, num_train_epochs=2, per_device_train_batch_size=16)

    assert all(map(torch.equal, weights_of(heads[0]), weights_of(heads[1])))


def test_another_seed_gives_another_order(distilbert: Path) -> None:
    heads = [keras_head(distilbert) for _ in range(2)]

    for seed, head in enumerate(heads):
        fit(head, seed=seed, num_train_epochs=1, per_device_train_batch_size=16)

    assert not all(map(torch.equal, weights_of(heads[0]), weights_of(heads[1])))


def test_a_loss_that_is_not_a_number_is_reported(distilbert: Path) -> None:
    with pytest.raises(DivergenceError, match="Training diverged"):
        fit(keras_head(distilbert), num_train_epochs=5, learning_rate=1e30)


def test_a_stream_that_is_left_early_leaves_no_training_behind(distilbert: Path) -> None:
    head = keras_head(distilbert)
    batches = tf_batches(random_features().numpy(), random_labels(), batch_size=16, classes=len(EMOTIONS))
    events = fit_keras_head(
        head.layers,
        head,
        batches,
        random_labels(),
        settings=KerasTraining.of(TrainSettings()),
        score=unscored,
    )
    next(events)

    events.close()  # type: ignore[attr-defined]

    assert [thread for thread in threading.enumerate() if thread.name == "reporting"] == []


def test_pythons_and_numpys_random_states_are_left_as_they_were(distilbert: Path) -> None:
    head = keras_head(distilbert)
    before = random.getstate(), np.random.get_state()[1].tolist()

    fit(head, num_train_epochs=1)

    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]


def test_end_to_end_the_head_alone_learns(model: Path) -> None:
    classifier = stock_classifier(model)
    head = build_keras_head(classifier, dropout=0.0)

    whole = end_to_end(build_keras_encoder(classifier.encoder, tokenizer=classifier.tokenizer), head)

    assert len(whole.trainable_weights) == 4
    assert len(whole.non_trainable_weights) > 20
