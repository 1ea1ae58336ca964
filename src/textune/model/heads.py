"""Heads: modules from the features (rows, width) of texts to logits (rows, classes).

A stock head is the one that the architecture has in transformers, run without its encoder; a linear head is
one layer. Neither knows where the features come from.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from textune.encoder.prefix import Pooling
from textune.encoder.window_pooling import attention_weights
from textune.tasks.label_kind import LogitCalibration

_CONSTANT = 1e-6
"""The standard deviation below which a feature counts as constant."""


class LinearHead(nn.Module):
    """One linear layer, whose weights start at zero: the loss is convex, so the result depends on no seed.

    A head that `attends` has `window_query` (1, width) as well, by which the windows of a text are weighted
    (see `WindowPool`). It starts at zero, which weights all windows alike.
    """

    def __init__(self, width: int, classes: int, *, attends: bool = False) -> None:
        super().__init__()
        self.output = nn.Linear(width, classes)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.window_query = nn.Parameter(torch.zeros(1, width)) if attends else None

    def forward(self, features: torch.Tensor, counts: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits (rows, classes) of features (rows, width).

        With `counts` (texts,), the number of windows per text, the features are those of windows, and the
        logits (texts, classes) those of the weighted windows.
        """
        if counts is not None:
            return self._attend(features, counts)
        logits: torch.Tensor = self.output(features)
        return logits

    def _attend(self, features: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        assert self.window_query is not None
        # The windows' logits are weighted: fewer numbers than their features, and the same result.
        output = features @ torch.cat([self.output.weight, self.window_query]).T
        weights = attention_weights(output[:, -1], counts)
        logits = torch.segment_reduce(output[:, :-1] * weights.unsqueeze(1), "sum", lengths=counts)
        return logits + self.output.bias


class StockHead(nn.Module):
    """The head of an `AutoModelForSequenceClassification` model of transformers, without its encoder.

    The model's own `forward` runs, with a stand-in where its encoder was, so that every architecture keeps
    exactly its own head. Parameters are shared with the model: training the head trains the model.
    `dropout` is the rate of the head's dropout layers during training, or None to keep theirs.
    """

    def __init__(self, model: Any, *, dropout: float | None = None) -> None:
        super().__init__()
        base = model.base_model
        # A shallow copy with a module table of its own: the model keeps its encoder, the copy loses it.
        shell = copy.copy(model)
        shell._modules = dict(model._modules)
        shell._modules[model.base_model_prefix] = _EncoderStandIn(base)
        self.shell = shell
        if dropout is not None:
            for module in self.modules():
                if isinstance(module, nn.Dropout):
                    module.p = dropout

    @property
    def output(self) -> nn.Linear:
        """The last layer, which gives the logits."""
        layers = [module for module in self.modules() if isinstance(module, nn.Linear)]
        return [layer for layer in layers if layer.out_features == self.shell.config.num_labels][-1]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (rows, classes) of features (rows, hidden size)."""
        tokens = features.unsqueeze(1)
        mask = torch.ones(tokens.shape[:2], dtype=torch.long, device=tokens.device)
        # Longformer's classifier makes this mask from token ids, which there are none of here.
        extra = {"global_attention_mask": mask} if self.shell.config.model_type == "longformer" else {}
        return cast("torch.Tensor", self.shell(inputs_embeds=tokens, attention_mask=mask, **extra).logits)


class _EncoderStandIn(nn.Module):
    """Takes an encoder's place: gives its input back as the last hidden state, pooled as the encoder pools.

    BERT and ALBERT keep the first layer of their head, the pooler, inside the encoder.
    """

    def __init__(self, base: Any) -> None:
        super().__init__()
        self.pooler = getattr(base, "pooler", None)
        self.pooler_activation = getattr(base, "pooler_activation", None)

    def forward(self, *_: Any, inputs_embeds: torch.Tensor, **__: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutputWithPooling

        pooled = None
        if self.pooler_activation is not None and self.pooler is not None:
            pooled = self.pooler_activation(self.pooler(inputs_embeds[:, 0]))
        elif self.pooler is not None:
            pooled = self.pooler(inputs_embeds)
        output: Any = BaseModelOutputWithPooling(last_hidden_state=inputs_embeds, pooler_output=pooled)
        output.global_attentions = None  # Longformer's classifier hands it on.
        return output


Head = LinearHead | StockHead


def stock_pooling(config: Any) -> Pooling:
    """Return what the stock head of a transformers configuration reads of the last layer."""
    return Pooling("mean" if getattr(config, "classifier_pooling", "cls") == "mean" else "cls")


def fold_calibration(head: Head, calibration: LogitCalibration) -> None:
    """Rescale the logits for good, by rescaling the last layer's weights."""
    weight, bias = head.output.weight, head.output.bias
    with torch.no_grad():
        if isinstance(calibration.divisor, float):
            weight.div_(calibration.divisor)
            bias.div_(calibration.divisor)
        else:
            divisor = torch.from_numpy(calibration.divisor).to(weight)
            weight.div_(divisor.unsqueeze(1))
            bias.div_(divisor)
        bias.add_(torch.as_tensor(calibration.shift).to(bias))


@dataclass(frozen=True)
class Standardisation:
    """The mean and the standard deviation of training features, (width,) each."""

    mean: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, parts: Iterable[torch.Tensor]) -> Standardisation:
        """Return the statistics of features in parts (rows, width); a constant feature keeps its scale."""
        rows, scales, means = [], [], []
        exact = torch.empty(0, dtype=torch.float64)
        for part in parts:
            # One array for all parts: glibc does not reuse the place of an aligned one for the next.
            if exact.shape < part.shape:
                exact = torch.empty(part.shape, dtype=torch.float64)
            scale, mean = torch.std_mean(exact[: len(part)].copy_(part), dim=0, correction=0)
            rows.append(len(part))
            scales.append(scale)
            means.append(mean)
        shares = torch.tensor(rows, dtype=torch.float64).unsqueeze(1) / sum(rows)
        mean, scale = means[0], scales[0]
        if len(rows) > 1:
            mean = (shares * torch.stack(means)).sum(0)
            variances = torch.stack(scales) ** 2 + (torch.stack(means) - mean) ** 2
            scale = (shares * variances).sum(0).sqrt()
        return cls(mean, torch.where(scale > _CONSTANT, scale, 1.0))

    def in_common(self) -> Standardisation:
        """Return the standardisation that scales all features alike, to a mean variance of 1."""
        return Standardisation(self.mean, self.scale.square().mean().sqrt().expand_as(self.scale))

    def apply(self, features: torch.Tensor) -> torch.Tensor:
        """Return standardised features (rows, width) in float32."""
        return (features - self.mean.float()).div_(self.scale.float())

    def fold_into(self, head: LinearHead) -> None:
        """Make a head that was fitted on standardised features give the same logits for plain ones."""
        self.fold_into_layer(head.output)
        if head.window_query is not None:
            with torch.no_grad():
                # The mean changes the scores of all windows alike, and so none of the weights.
                head.window_query.div_(self.scale.float())

    def fold_into_layer(self, layer: nn.Linear) -> None:
        """Make a layer that was fitted on standardised features give the same output for plain ones."""
        with torch.no_grad():
            weight = layer.weight.double() / self.scale
            layer.bias.sub_((weight @ self.mean).float())
            layer.weight.copy_(weight)
