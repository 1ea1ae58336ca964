"""What is trained, and on what: everything that is loaded before a training begins.

In: a recipe. Out: a `Task`. What can be wrong with the request is found before anything slow begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textune.context import Context
from textune.data.dataset import Dataset
from textune.data.sources import load_dataset
from textune.recipe.settings import Recipe
from textune.run.provenance import describe_origin
from textune.training.method import method_of
from textune.training.processes import Processes

if TYPE_CHECKING:
    import torch

    from textune.encoder.loading import ModelFolder
    from textune.encoder.placement import Placement
    from textune.encoder.tokenization import TokenizedDataset
    from textune.model.classifier import TextClassifier


@dataclass(frozen=True)
class Task:
    """What is trained, and on what.

    Attributes:
        recipe: The settings.
        data: The data as it was loaded.
        texts: The tokenized texts, without those that the recipe drops.
        weights: The folder of the pretrained model.
        classifier: The pretrained encoder under an untrained head.
        placement: Device and precision of the encoder.
        processes: The processes that share the work.
        learning_rate_factor: A function of the epoch, counted from 0, that replaces the recipe's schedule.
    """

    recipe: Recipe
    data: Dataset
    texts: TokenizedDataset
    weights: ModelFolder
    classifier: TextClassifier
    placement: Placement
    processes: Processes
    learning_rate_factor: Callable[[int], float] | None = None

    def labels(self, split: str) -> torch.Tensor:
        """Return the class ids of a split, (rows,)."""
        import torch

        return torch.from_numpy(self.texts.dataset[split].labels)

    def origin(self, recipe_name: str) -> dict[str, Any]:
        """Return what a run of this task is made from; see `describe_origin`."""
        return describe_origin(
            self.recipe,
            recipe_name=recipe_name,
            texts=self.texts,
            fingerprint=self.data.fingerprint,
            model=self.weights,
            tokenizer=self.classifier.tokenizer,
            placement=self.placement,
            processes=self.processes.count,
            versions=method_of(self.recipe).versions(),
            has_own_schedule=self.learning_rate_factor is not None,
        )


def load_task(
    recipe: Recipe, ctx: Context, *, learning_rate_factor: Callable[[int], float] | None = None
) -> Task:
    """Load the data and the model of a recipe, and tokenize the texts.

    Args:
        recipe: The settings.
        ctx: Hears what a person should know, and measures the stages.
        learning_rate_factor: See `Task`.

    Raises:
        RequestError: The data or the model is wrong, or they do not go together.
    """
    from textune.encoder.emoji import read_emoji
    from textune.encoder.loading import find_model, load_tokenizer, token_limit
    from textune.encoder.tokenization import tokenize
    from textune.model.building import build_classifier

    with ctx.clock.stage("load"):
        method = method_of(recipe)
        ctx.stage("Loading the data")
        data = load_dataset(recipe.data, ctx)
        for sentence in data.notes:
            ctx.note(sentence)
        ctx.stage("Loading the model")
        weights = find_model(recipe.model.name, revision=recipe.model.revision, offline=ctx.offline)
        method.check_model(weights)
        tokenizer = load_tokenizer(weights)
    with ctx.clock.stage("prepare"):
        ctx.stage("Preparing texts")
        if recipe.prepare.emoji == "words":
            tokenizer = read_emoji(tokenizer, data["train"].texts)
        limit = token_limit(tokenizer, weights.config)
        texts = tokenize(data, tokenizer, recipe.prepare, token_limit=limit, ctx=ctx)
    with ctx.clock.stage("load"):
        ctx.stage("Loading the encoder")
        classifier = build_classifier(
            weights,
            tokenizer,
            settings=recipe.model,
            label_names=data.label_names,
            max_length=texts.max_length,
            seed=recipe.train.seed,
            ctx=ctx,
        )
    processes = Processes()
    placement = method.choose_placement(recipe, processes)
    return Task(recipe, data, texts, weights, classifier, placement, processes, learning_rate_factor)
