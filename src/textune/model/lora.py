"""Low-rank updates of an encoder's linear layers (LoRA, Hu et al. 2021, https://arxiv.org/abs/2106.09685).

They are learned through peft, and afterwards merged into the layers' own weights. Needs the extra `lora`.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from textune.encoder.suffix import layers_of
from textune.encoder.weights import seeded_torch
from textune.errors import RecipeError


def add_lora(encoder: Any, *, rank: int, alpha: int, frozen_layers: int, seed: int) -> None:
    """Add low-rank updates to the linear layers above the frozen layers; their own weights are frozen.

    The updates are scaled by `alpha / rank`. `seed` decides their first weights; the global random state is
    left as it was. An encoder without a list of layers raises a `RecipeError`.
    """
    from peft import LoraConfig, inject_adapter_in_model

    layers = layers_of(encoder)
    if layers is None:
        raise RecipeError(
            f"The layers of '{encoder.config.model_type}' are shared, so low-rank updates cannot be added.",
            "Set model.lora_rank to 0.",
        )
    with seeded_torch(seed):
        for layer in layers[frozen_layers:]:
            linear = [name for name, module in layer.named_modules() if isinstance(module, nn.Linear)]
            config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=linear)
            inject_adapter_in_model(config, layer)


def merge_lora(encoder: Any) -> None:
    """Add the updates to the layers' own weights, and make them plain layers again."""
    from peft.tuners.lora import LoraLayer

    for parent in list(encoder.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()
                parent._modules[name] = child.get_base_layer()
