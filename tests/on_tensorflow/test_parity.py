"""The same head on the same features of TweetEval, trained by torch and by Keras."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textune.context import Context
from textune.data.sources import load_dataset
from textune.encoder.features import encode_splits
from textune.encoder.loading import find_model, load_tokenizer, token_limit
from textune.encoder.placement import choose_placement
from textune.encoder.tokenization import tokenize
from textune.evaluation.split_metrics import measure
from textune.keras.method import KerasMethod
from textune.model.building import build_classifier
from textune.recipe.recipes import load_recipe
from textune.recipe.settings import Recipe
from textune.run.layout import Run
from textune.training.head import HeadMethod
from textune.training.method import Task
from textune.training.processes import Processes


def paper(tweeteval: Path, seed: int, engine: str = "keras") -> Recipe:
    settings = [f"train.engine={engine}", "train.keras_input=features", "model.name=embedded:minilm"]
    return load_recipe("paper", settings=[*settings, f"data.source={tweeteval}", f"train.seed={seed}"])


@pytest.fixture(scope="module")
def task(tweeteval: Path) -> Task:
    """The paper recipe's training on TweetEval, up to the head."""
    recipe, ctx = paper(tweeteval, 0), Context(offline=True)
    data, folder = load_dataset(recipe.data, ctx), find_model("embedded:minilm")
    tokenizer = load_tokenizer(folder)
    limit = token_limit(tokenizer, folder.config)
    texts = tokenize(data, tokenizer, recipe.prepare, token_limit=limit, ctx=ctx)
    classifier = untrained(recipe, folder, tokenizer, texts.max_length)
    return Task(
        recipe=recipe,
        data=data,
        texts=texts,
        weights=folder,
        classifier=classifier,
        placement=choose_placement(),
        processes=Processes(),
    )


@pytest.fixture(scope="module")
def features(task: Task) -> dict[str, Any]:
    """What the frozen encoder gives for every split."""
    return encode_splits(
        task.classifier, task.texts, weights=task.weights, placement=task.placement, ctx=Context()
    )


def untrained(recipe: Recipe, folder: Any, tokenizer: Any, max_length: int) -> Any:
    return build_classifier(
        folder,
        tokenizer,
        settings=recipe.model,
        label_names=["anger", "joy", "optimism", "sadness"],
        max_length=max_length,
        seed=recipe.train.seed,
        ctx=Context(),
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_torch_and_keras_come_to_the_same_metrics(
    seed: int, task: Task, features: dict[str, Any], tweeteval: Path, tmp_path: Path
) -> None:
    recipe = paper(tweeteval, seed)
    on_torch, on_keras = (
        untrained(recipe, task.weights, task.classifier.tokenizer, task.classifier.max_length)
        for _ in range(2)
    )
    methods = [
        kind(
            replace(task, recipe=paper(tweeteval, seed, engine), classifier=classifier),
            Run(tmp_path),
            Context(),
        )
        for kind, engine, classifier in ((HeadMethod, "torch", on_torch), (KerasMethod, "keras", on_keras))
    ]

    for method in methods:
        method.features = features
        method.fit(resume=False)

    labels, names = task.texts.dataset["test"].labels, on_torch.label_names
    first, second = (
        measure(method.probabilities()["test"], labels, label_names=names, bootstrap_samples=100)
        for method in methods
    )
    assert len(labels) == 1421
    assert abs(first.values["accuracy"] - second.values["accuracy"]) <= 0.01
    assert abs(first.values["log_loss"] - second.values["log_loss"]) <= 0.02
