"""What the published case study leaves open, and how a reproduction compares with it, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from textune.encoder.embedded import EMBEDDED_MODELS
from textune.evaluation.document import MetricsDocument, TrainingSummary
from textune.recipe.settings import Recipe
from textune.study.published import STUDY, is_the_studys_data

DATA = "cardiffnlp/tweet_eval:emotion"
MODEL = "distilbert/distilbert-base-uncased"
MILLION_WEIGHTS = 66
"""The size of the study's model."""


def is_the_studys_model(name: str) -> bool:
    """Return whether a model is the study's, by its name on the Hub or its folder, even in a cache."""
    folder, short = Path(name).expanduser(), MODEL.split("/")[-1]
    if folder.is_dir():
        return folder.resolve().name == short or f"models--{MODEL.replace('/', '--')}" in folder.parts
    return name in (MODEL, short)


def verdicts(documents: Mapping[str, MetricsDocument]) -> list[str]:
    """Return a sentence on each engine beside the study, on test, and on how far two engines differ."""
    if all(map(is_the_studys_data, documents.values())):
        sentences = [_verdict(engine, document) for engine, document in documents.items()]
    else:
        sentences = ["This is not the study's data, so the results cannot be compared with the study's."]
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
    """Return a sentence on each thing that the study leaves open, and on each that differs, by engine."""
    train, dropout, max_words = recipe.train, recipe.model.dropout, recipe.prepare.max_words
    trainings = {engine: document.training or TrainingSummary() for engine, document in documents.items()}
    model = next(iter(documents.values())).model
    size = f" with {EMBEDDED_MODELS[model].million_weights} million" if model in EMBEDDED_MODELS else ""
    schedule = (
        f"is multiplied by {train.lr_decay:g} after every epoch"
        if train.lr_scheduler_type == "exponential"
        else f"follows the schedule '{train.lr_scheduler_type}'"
    )
    tested = "of the lowest validation log loss" if train.load_best_model_at_end else "of the last epoch"
    best = ", ".join(f"{training.best_epoch} on {engine}" for engine, training in trainings.items())
    words = (
        f"Filter: rows of at most {max_words} words, as stated. Whether the test split was filtered too is "
        "not stated. Here test is measured whole, with the filtered rows beside it."
        if max_words
        else "Filter: rows of at most 36 words in the study; all rows here."
    )
    dropouts = {
        "torch": "off on torch, where the encoder runs once",
        "keras": "on in Keras, too"
        if train.keras_input == "tokens"
        else "off in Keras, which learns from the encoder's cached output",
    }
    sentences = [
        f"Encoder: DistilBERT with {MILLION_WEIGHTS} million weights in the study; {model}{size} here.",
        f"Batch size: not stated; {train.per_device_train_batch_size} here (the default of Keras is 32).",
        f"Learning rate: it falls, but the study states neither the initial value nor the schedule; here it "
        f"starts at {train.learning_rate:g} (the default of Keras's Adam is 0.001) and {schedule}.",
        f"Epochs: at least 13; {train.num_train_epochs} here.",
        f"Which epoch's weights are tested: not stated; here those {tested} (epoch {best}).",
        f"Dropout in the head: not stated; {dropout:g} here (DistilBERT's own configuration says 0.2).",
        f"Seed: not stated; {train.seed} here.",
        words,
        "Padding: to 36, which may count words or tokens; here to the number of tokens of the longest text, "
        "without truncation.",
        "Training metrics: the study's are most likely those that Keras reports during training, with "
        "dropout. Here they are measured at the end of each epoch, without dropout; what Keras reports is "
        "`running_accuracy` in its history.",
        "Dropout in the frozen encoder during training: on in the study; "
        + "; ".join(dropouts[engine] for engine in documents)
        + ".",
    ]
    if any(training.precision != "fp32" for training in trainings.values()):
        precisions = ", ".join(f"{training.precision} on {engine}" for engine, training in trainings.items())
        sentences.append(f"Arithmetic of the frozen encoder: not stated; {precisions}.")
    sentences.append("Adam's epsilon: the default, which is 1e-7 in Keras and 1e-8 in torch.")
    return sentences[1:] if is_the_studys_model(model) else sentences
