"""A model's architecture, as transformers knows it.

In: the contents of a `config.json`. Out: the configuration as transformers reads it, checked to be that of an
encoder with a classifier, and how many tokens it takes; or a `ModelError`. Does not know weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.encoder.inspection import TAKES_ENCODERS
from textune.errors import ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# Their position ids start at pad_token_id + 1, so that the first entries of the table are never reached.
_POSITIONS_AFTER_PADDING = {
    "camembert", "data2vec-text", "esm", "ibert", "longformer", "luke", "mpnet", "roberta",
    "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"
}  # fmt: skip


def read_architecture(config: Mapping[str, Any], *, path: Path) -> PretrainedConfig:
    """Return the contents of the `config.json` at `path` as transformers reads it.

    Raises:
        ModelError: The architecture is unknown to transformers, is not an encoder or has no classifier, or it
            rejects a setting.
    """
    import transformers
    from transformers.models.auto import modeling_auto

    kind = config["model_type"]
    if kind not in transformers.CONFIG_MAPPING:
        raise ModelError(
            f"{path}: transformers {transformers.__version__} does not know the architecture '{kind}'.",
            f"Check model_type there. {TAKES_ENCODERS}",
        )
    try:
        complete = transformers.CONFIG_MAPPING[kind].from_dict(dict(config))
    # A hand-edited value can fail in as many ways as there are settings.
    except Exception as error:
        raise ModelError(
            f"{path}: '{kind}' cannot take these settings: {error}.", "Copy or download the model again."
        ) from error
    # What fills in masked words reads both sides of them: an encoder. What writes on reads one side only.
    masked = kind in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if not masked or complete.is_encoder_decoder:
        raise ModelError(f"{path}: '{kind}' is not an encoder of texts.", TAKES_ENCODERS)
    if kind not in modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES:
        raise ModelError(f"{path}: transformers has no text classifier for '{kind}'.", TAKES_ENCODERS)
    return complete


def usable_positions(config: PretrainedConfig) -> int | None:
    """Return how many tokens the table of positions has room for, or None where there is no such table."""
    positions: int | None = getattr(config, "max_position_embeddings", None)
    if positions is None or positions <= 0:
        return None
    return positions - (config.pad_token_id + 1 if config.model_type in _POSITIONS_AFTER_PADDING else 0)
