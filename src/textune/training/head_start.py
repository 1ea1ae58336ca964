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

from textune.context import Context
from textune.encoder.features import encode_tokens
from textune.encoder.placement import one_thread
from textune.model.heads import Head, LinearHead, Standardisation
from textune.recipe.methods import EncoderTraining
from textune.training.method import Task
from textune.training.named_start import are_few, start_at_names
from textune.training.optimizer import l2_penalty, weight_matrices

MANY_CLASSES = 20
"""Above this number of classes, `auto` fits the head first."""
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
        scale, weight_decay = Standardisation.of([inputs]), _WEIGHT_DECAY
        has_few = are_few(task)
        if has_few:
            scale, weight_decay = scale.in_common(), inputs.shape[1] / len(labels)
        inputs = scale.apply(inputs)
        layer = LinearHead(inputs.shape[1], len(classifier.label_names)).output
        if has_few and settings.head_start == "label_names":
            start = start_at_names(
                task, inputs, lambda named: scale.apply(_inputs_of_output(classifier.head, named)), ctx
            )
            if start is not None:
                layer.weight.data.copy_(start)
        centre = [matrix.detach().clone() for matrix in weight_matrices(layer)]
        optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimizer.zero_grad()
            value = classifier.kind.loss(
                layer(inputs), labels, class_weights=weights, label_smoothing=settings.label_smoothing_factor
            )
            value = value + l2_penalty(layer, weight_decay, centre)
            value.backward()  # type: ignore[no-untyped-call]
            return value

        optimizer.step(loss)  # type: ignore[no-untyped-call]
        scale.fold_into_layer(layer)
    with torch.no_grad():
        classifier.head.output.weight.copy_(layer.weight)
        classifier.head.output.bias.copy_(layer.bias)


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
