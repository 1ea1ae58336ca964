"""Where the head begins when layers of the encoder are trained: at random, or fitted to the encoder as it is.

A head with random weights learns slowly what few texts show, and its first gradients disturb the pretrained
layers (Kumar et al. 2022, https://arxiv.org/abs/2202.10054). A fitted head begins as the best linear layer on
the features that the encoder gives before the training.

With few rows per class, what one feature's spread says is mostly chance, and a layer that separates all rows
leaves the encoder nothing to learn. Features are then scaled in common, and the penalty falls with the number
of rows, as scikit-learn's logistic regression has it on vectors of length 1. The penalty may draw the weights
towards the names of the labels (`named_start`) rather than towards zero.
"""

from __future__ import annotations

import torch
from torch import nn

from textune.context import Context
from textune.encoder.features import encode_tokens
from textune.encoder.placement import one_thread
from textune.model.heads import Head, Standardisation
from textune.recipe.methods import EncoderTraining
from textune.training.method import Task
from textune.training.named_start import as_words, weights_of_names
from textune.training.optimizer import l2_penalty

MANY_CLASSES = 20
"""Above this number of classes, `auto` fits the head first."""
FEW_PER_CLASS = 100
"""Below this number of rows per class on average, all features are scaled in common."""
_NAMES_STRENGTH = 3.0
"""The logit that a text in the direction of a label's name has for it, before the rows are learned."""
_STEPS = 60
_WEIGHT_DECAY = 0.1


def starts_fitted(settings: EncoderTraining, task: Task) -> bool:
    """Return whether the head is fitted before the training."""
    if settings.head_start == "auto":
        classifier = task.classifier
        return classifier.kind.is_multi_label or len(classifier.label_names) > MANY_CLASSES
    return settings.head_start != "random"


def fit_head_start(task: Task, settings: EncoderTraining, ctx: Context) -> None:
    """Fit the last layer of the head to the training rows, on the features of the encoder as it is.

    The layers of the head before the last one keep their weights. The features are cached.
    """
    classifier = task.classifier
    ctx.stage("Encoding train to fit the head first")
    with task.processes.first_goes_first():
        features, _ = encode_tokens(
            classifier,
            task.texts.tokens["train"],
            weights_sha256=task.weights.weights_sha256,
            placement=task.placement,
            description=f"{task.weights.name} · {task.data.name} · train",
            ctx=ctx,
        )
    ctx.stage("Fitting the head")
    labels = task.labels("train")
    weights = None
    if settings.class_weights == "balanced":
        weights = classifier.kind.class_weights(labels, len(classifier.label_names))
    with one_thread():
        inputs = _inputs_of_output(classifier.head, torch.from_numpy(features))
        standardisation, weight_decay = Standardisation.of([inputs]), _WEIGHT_DECAY
        are_few = len(labels) < FEW_PER_CLASS * len(classifier.label_names)
        if are_few:
            standardisation, weight_decay = standardisation.in_common(), inputs.shape[1] / len(labels)
        inputs = standardisation.apply(inputs)
        start = None
        if are_few and settings.head_start == "label_names":
            start = _start_at_names(task, inputs, standardisation, ctx)
        offset = 0.0 if start is None else inputs @ start.T
        layer = nn.Linear(inputs.shape[1], len(classifier.label_names))
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            value = classifier.kind.loss(
                layer(inputs) + offset,
                labels,
                class_weights=weights,
                label_smoothing=settings.label_smoothing_factor,
            )
            value = value + l2_penalty(layer, weight_decay)
            value.backward()  # type: ignore[no-untyped-call]
            return value

        optimizer.step(loss)  # type: ignore[no-untyped-call]
        if start is not None:
            layer.weight.data.add_(start)
        standardisation.fold_into_layer(layer)
    with torch.no_grad():
        classifier.head.output.weight.copy_(layer.weight)
        classifier.head.output.bias.copy_(layer.bias)


def _start_at_names(
    task: Task, inputs: torch.Tensor, standardisation: Standardisation, ctx: Context
) -> torch.Tensor | None:
    """Return the weights (classes, width) that the names of the labels give; a note says if they are used.

    None for several labels per text and for pairs, or if the names do not tell the texts apart. `inputs`
    (rows, width) are what the last layer reads of the training rows, in the standardisation's scale.
    """
    classifier = task.classifier
    if classifier.pairs or classifier.kind.is_multi_label:
        return None
    tokens = classifier.truncate([as_words(name) for name in classifier.label_names])
    features = classifier.placed(task.placement).features(tokens, placement=task.placement)
    named = standardisation.apply(_inputs_of_output(classifier.head, torch.from_numpy(features)))
    weights = weights_of_names(named, inputs, task.labels("train"), strength=_NAMES_STRENGTH)
    ctx.note(
        "These few texts do not show that the names of the labels help, so they are not read: names that say "
        "what texts are about, such as anger rather than 0, would help."
        if weights is None
        else "The head starts from the names of the labels, which help to tell the texts apart."
    )
    return weights


def _inputs_of_output(head: Head, features: torch.Tensor) -> torch.Tensor:
    """Return what the head's last layer reads (rows, width) of features, without dropout."""
    read: list[torch.Tensor] = []
    hook = head.output.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    was_training = head.training
    head.eval()
    try:
        with torch.inference_mode():
            for part in torch.split(features, 4096):
                head(part)
    finally:
        hook.remove()
        head.train(was_training)
    return torch.cat(read).reshape(len(features), -1).clone()
