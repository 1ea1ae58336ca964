"""A model's weights, loaded by transformers and checked strictly.

In: one of transformers' auto classes, a folder and its configuration. Out: the model in float32 and
evaluation mode, whose encoder comes from the folder to the last tensor, or a `ModelError` that names the
wrong tensors. On its own, transformers fills missing tensors with random numbers, and drops unexpected ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import ModelError
from textune.wording import listed

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_NOT_ONE_MODEL = "config.json and the weights do not belong together. Copy or download the model again."
_NEEDS_CODE = (
    "The weights are laid out for the Python code that comes with the model (auto_map in config.json), which "
    "textune never runs. Choose a model whose weights transformers reads by itself."
)


def load_strictly(
    auto_class: Any,
    folder: Path,
    *,
    config: PretrainedConfig,
    seed: int,
    new_head: bool,
    own_code: bool = False,
) -> PreTrainedModel:
    """Load a model whose encoder is in the folder to the last tensor, with an auto class of transformers.

    With `new_head`, the head may be missing, unexpected or of another shape, and the pooler may be missing;
    the seed determines their weights. `own_code` says whether the folder names Python code that reads its
    weights. The global random state does not change.

    Raises:
        ModelError: The model cannot be built, or a tensor is missing, unexpected or of another shape.
    """
    import torch

    hint = _NEEDS_CODE if own_code else _NOT_ONE_MODEL
    with seeded_torch(seed), quiet_transformers():
        try:
            model, report = auto_class.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                attn_implementation="eager",
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        # A hand-edited configuration can raise anything while a model is built.
        except Exception as error:
            raise ModelError(f"The model in {folder} cannot be built: {error}.", hint) from error
    if faults := _find_faults(model, report, new_head=new_head):
        raise ModelError(f"The weights in {folder} {'; and '.join(faults)}.", hint)
    return model


def renew_head(model: PreTrainedModel, *, seed: int) -> None:
    """Initialise every layer outside the encoder as transformers does."""
    import torch

    encoder = set(model.base_model.modules())
    head = [module for module in model.modules() if module not in encoder]
    with seeded_torch(seed), torch.no_grad():
        for module in head:
            for parameter in module.parameters(recurse=False):
                # transformers skips parameters with this flag, which it sets on all that it loads.
                parameter._is_hf_initialized = False
        for module in head:
            model._init_weights(module)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' load reports and progress bars, but not its errors."""
    from transformers.utils import logging

    verbosity, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            logging.enable_progress_bar()


@contextmanager
def seeded_torch(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator for the length of the block; models are built on the CPU."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _find_faults(model: Any, report: dict[str, Any], *, new_head: bool) -> list[str]:
    """Return what is wrong with the weights, as ends of a sentence."""
    prefix = "" if model.base_model is model else f"{model.base_model_prefix}."
    missing = set(report["missing_keys"])
    # Each key comes with its shapes in the checkpoint and in the model.
    reshaped = {key for key, *_ in report["mismatched_keys"]}
    left_over = set(report["unexpected_keys"])
    if new_head:
        missing = {
            key for key in missing if key.startswith(prefix) and not key.startswith(f"{prefix}pooler.")
        }
        reshaped = {key for key in reshaped if key.startswith(prefix)}
        left_over = _unused_layers(left_over, model)
    faults = {"lack": missing, "have another shape for": reshaped, "have the unexpected": left_over}
    return [f"{fault} {listed(sorted(keys), most=3)}" for fault, keys in faults.items() if keys]


def _unused_layers(keys: Iterable[str], model: Any) -> set[str]:
    """Return the keys that differ from a key of the model only in a number: layers beyond its last."""

    def shape_of(key: str) -> str:
        return re.sub(r"\d+", "#", key.removeprefix(f"{model.base_model_prefix}."))

    known = {shape_of(key) for key in model.state_dict()}
    return {key for key in keys if shape_of(key) in known}
