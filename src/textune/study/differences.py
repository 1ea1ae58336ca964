"""What the published case study leaves open, and how a reproduction compares with it.

In: the recipe and the results of a reproduction. Out: a sentence on everything in which it may differ from
the study.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from textune.evaluation.document import MetricsDocument, TrainingSummary
from textune.recipe.settings import Recipe
from textune.study.published import STUDY, is_the_studys_data

DATA = "cardiffnlp/tweet_eval:emotion"
MODEL = "distilbert/distilbert-base-uncased"


def is_the_studys_model(name: str) -> bool:
    """Tell whether a model is the study's, by its name on the Hub or its folder, a cache's included."""
    folder, short = Path(name).expanduser(), MODEL.split("/")[-1]
    if folder.is_dir():
        return folder.resolve().name == short or f"models--{MODEL.replace('/', '--')}" in folder.parts
    return name in (MODEL, short)


def verdicts(documents: Mapping[str, MetricsDocument]) -> list[str]:
    """Return a sentence on each run's test metrics beside the study's, and on how alike two runs are.

    Args:
        documents: What the runs' `metrics.json` hold, by engine.
    """
    if all(map(is_the_studys_data, documents.values())):
        sentences = [_verdict(engine, document) for engine, document in documents.items()]
    else:
        sentences = ["These are not the study's data: its results do not compare with those beside them."]
    if len(documents) > 1:
        first, second = (document.test.values for document in documents.values())
        points = abs(first["accuracy"] - second["accuracy"]) * 100
        sentences.append(
            f"{' and '.join(documents)} differ by {points:.2f} points of test accuracy and "
            f"{abs(first['log_loss'] - second['log_loss']):.4f} of log loss."
        )
    return sentences


def _verdict(engine: str, document: MetricsDocument) -> str:
    test = document.test
    (low, high), (least, most) = test.intervals["accuracy"], test.intervals["log_loss"]
    points = (test.values["accuracy"] - STUDY.test_accuracy) * 100
    loss = test.values["log_loss"] - STUDY.test_log_loss
    return (
        f"On {engine}: test accuracy is {abs(points):.2f} points {_side(points)} the study's, which lies "
        f"{_place(STUDY.test_accuracy, low, high)} our 95 % interval ({low * 100:.2f} to "
        f"{high * 100:.2f} %); "
        f"log loss is {abs(loss):.4f} {_side(loss)} the study's, which lies "
        f"{_place(STUDY.test_log_loss, least, most)} ours ({least:.4f} to {most:.4f})."
    )


def _side(difference: float) -> str:
    return "above" if difference >= 0 else "below"


def _place(value: float, low: float, high: float) -> str:
    return "inside" if low <= value <= high else "outside"


def differences(recipe: Recipe, documents: Mapping[str, MetricsDocument]) -> list[str]:
    """Return a sentence on each thing that the study leaves open, and on each that differs.

    Args:
        recipe: The recipe of the runs, their engine aside.
        documents: What the runs' `metrics.json` hold, by engine.
    """
    train, dropout = recipe.train, recipe.model.dropout
    best = [f"{_training(document).best_epoch} on {engine}" for engine, document in documents.items()]
    model = next(iter(documents.values())).model
    encoder = (
        []
        if is_the_studys_model(model)
        else [f"Encoder: DistilBERT with 66 million weights in the study; {model} here."]
    )
    return [
        *encoder,
        f"Batch size: not stated; {train.per_device_train_batch_size} here, the default of Keras is 32.",
        f"Learning rate: it falls, but from where and how is not stated; here from {train.learning_rate:g} "
        f"(the default of Keras's Adam is 0.001), {_schedule(recipe)}.",
        f"Epochs: at least 13; {train.num_train_epochs} here.",
        f"Which epoch's weights are tested: not stated; here {_kept(recipe)} ({', '.join(best)}).",
        f"Dropout in the head: not stated; {dropout:g} here, DistilBERT's own configuration says 0.2.",
        f"Seed: not stated; {train.seed} here.",
        _filter(recipe.prepare.max_words),
        "Padding: to 36, which may count words or tokens; here to the longest text's tokens, none is cut.",
        "Train metrics: the study's are most likely those that Keras counts while it learns, with dropout. "
        "Here the weights of each epoch's end are measured, without it; what Keras counts is "
        "`running_accuracy` in its history.",
        _dropout(documents, train.keras_input),
        *_precision(documents),
        "Adam's epsilon: the default, which is 1e-7 in Keras and 1e-8 in torch.",
    ]


def _filter(max_words: int) -> str:
    if not max_words:
        return "Filter: rows of at most 36 words in the study; all rows here."
    return (
        f"Filter: rows of at most {max_words} words, as stated; whether of the test split as well is not. "
        "Here test is measured whole first, and filtered beside it."
    )


def _precision(documents: Mapping[str, MetricsDocument]) -> list[str]:
    """Return a sentence where an encoder does not compute in fp32, as the study's most likely did."""
    precisions = {engine: _training(document).precision for engine, document in documents.items()}
    if set(precisions.values()) <= {"fp32"}:
        return []
    here = ", ".join(f"{precision} on {engine}" for engine, precision in precisions.items())
    return [f"Arithmetic of the frozen encoder: not stated; {here}."]


def _training(document: MetricsDocument) -> TrainingSummary:
    return document.training or TrainingSummary()


def _schedule(recipe: Recipe) -> str:
    train = recipe.train
    if train.lr_scheduler_type == "exponential":
        return f"times {train.lr_decay:g} after every epoch"
    return f"by the schedule '{train.lr_scheduler_type}'"


def _kept(recipe: Recipe) -> str:
    return "those of the lowest validation log loss" if recipe.train.load_best_model_at_end else "the last"


def _dropout(engines: Iterable[str], keras_input: str) -> str:
    states = {
        "torch": "off on torch, where the encoder runs once",
        "keras": "on in Keras, too"
        if keras_input == "tokens"
        else "off in Keras, which learns from the encoder's cached output",
    }
    here = "; ".join(states[engine] for engine in engines)
    return f"Dropout in the frozen encoder while the head learns: on in the study; {here}."
