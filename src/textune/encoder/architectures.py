"""Which architectures of transformers textune uses, and what some of them need.

In: the contents of a `config.json`, or a loaded encoder. Out: the configuration as transformers reads it, or
a `ModelError` with the reason why this architecture cannot classify texts. Does not know weights or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.encoder.inspection import TAKES_ENCODERS
from textune.errors import ModelError
from textune.wording import first_line, listed

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# Position ids that start at pad_token_id + 1 never reach the first entries of the table.
_POSITIONS_AFTER_PADDING = {
    "camembert", "data2vec-text", "esm", "ibert", "longformer", "luke", "mpnet", "roberta",
    "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"
}  # fmt: skip
# For these, transformers downloads a compiled program from the Hub and runs it if there is a GPU. Without it,
# MRA's attention is zero, so no token knows of another, and YOSO's does not leave out padding.
_NEEDS_DOWNLOADED_CODE = ("mra", "yoso")
_FULL_ATTENTION = "original_full"
_EXAMPLE_TOKENS = 9
"""Odd and small: what an encoder computes in blocks of tokens, it must cut to the number of tokens itself."""


def changes_of(config: Mapping[str, Any]) -> list[str]:
    """Return sentences about what textune uses of a model in another way than its `config.json` says."""
    sentences = []
    architecture = config["model_type"]
    if config.get("auto_map"):
        sentences.append(
            "The model comes with its own Python code (auto_map in config.json), which textune never runs. "
            f"It is loaded as transformers' own '{architecture}'."
        )
    if architecture == "big_bird" and config.get("attention_type") != _FULL_ATTENTION:
        sentences.append(
            "All tokens of a text attend to each other here. With BigBird's block-sparse attention, a text's "
            "result would change with the length of the texts beside it."
        )
    return sentences


def read_architecture(config: Mapping[str, Any], *, path: Path) -> PretrainedConfig:
    """Return an encoder's configuration as transformers reads it; raise a `ModelError` for other models.

    `config` is the contents of the `config.json` at `path`. Its padding token may be unknown.
    """
    from transformers import CONFIG_MAPPING, __version__
    from transformers.models.auto import modeling_auto

    kind = config["model_type"]
    if kind not in CONFIG_MAPPING:
        raise ModelError(
            f"{path}: transformers {__version__} does not know the architecture '{kind}'.",
            f"Check model_type in that file, or upgrade transformers. {TAKES_ENCODERS}",
        )
    try:
        # Without auto_map: what textune saves must not ask for code that it did not run.
        known = {key: value for key, value in config.items() if key != "auto_map"}
        complete = CONFIG_MAPPING[kind].from_dict(known)
    # A hand-edited value can raise anything.
    except Exception as error:
        raise ModelError(
            f"{path}: '{kind}' does not accept these settings: {error}.", "Copy or download the model again."
        ) from error
    # A model that fills in masked words reads both sides of them, so it is an encoder.
    masked = kind in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if not masked or complete.is_encoder_decoder:
        raise ModelError(f"{path}: '{kind}' is not a text encoder.", TAKES_ENCODERS)
    if kind not in modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES:
        raise ModelError(f"{path}: transformers has no text classifier for '{kind}'.", TAKES_ENCODERS)
    if complete.get_text_config() is not complete:
        raise ModelError(f"{path}: '{kind}' reads more than texts, such as pictures.", TAKES_ENCODERS)
    if kind in _NEEDS_DOWNLOADED_CODE:
        raise ModelError(
            f"{path}: the attention of '{kind}' needs a program that transformers downloads from the Hub. "
            "textune never runs such code, and without it the results are wrong.",
            TAKES_ENCODERS,
        )
    if kind == "xmod" and complete.default_language not in complete.languages:
        raise ModelError(
            f"{path} does not say which language the texts are in: default_language is "
            f"{complete.default_language}, and the model knows {listed(complete.languages, most=5)}.",
            "Copy the model's folder, and set default_language in its config.json.",
        )
    if kind == "big_bird":
        complete.attention_type = _FULL_ATTENTION
    return complete


def usable_positions(config: PretrainedConfig, *, padding_id: int) -> int | None:
    """Return how many tokens the table of positions has room for, or None without such a table."""
    positions: int | None = getattr(config, "max_position_embeddings", None)
    if positions is None or positions <= 0:
        return None
    return positions - (padding_id + 1 if config.model_type in _POSITIONS_AFTER_PADDING else 0)


def has_segments(config: PretrainedConfig, tokenizer: Any) -> bool:
    """Return whether a model tells the two texts of a pair apart by segment ids (`token_type_ids`).

    Other models see only the tokens between the texts.
    """
    return "token_type_ids" in tokenizer.model_input_names and getattr(config, "type_vocab_size", 0) > 1


def prepare_encoder(encoder: Any, *, path: Path) -> None:
    """Make an encoder in evaluation mode compute what its own classifier computes, and check its output.

    On processors where that is faster, its linear layers compute with oneDNN.

    Raise a `ModelError` unless it gives one vector per token and layer, the same each time.
    """
    import torch

    from textune.encoder.onednn import use_onednn

    use_onednn(encoder)
    if encoder.config.model_type == "longformer":
        encoder.register_forward_pre_hook(_attend_to_first_token, with_kwargs=True)
    config, kind = encoder.config, encoder.config.model_type
    ids = (torch.arange(2 * _EXAMPLE_TOKENS) % config.vocab_size).view(2, _EXAMPLE_TOKENS)
    mask = torch.ones_like(ids)
    mask[1, -2:] = 0
    try:
        with torch.inference_mode():
            once, twice = (
                encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True) for _ in range(2)
            )
            states = (once.last_hidden_state, *once.hidden_states)
            shapes = {tuple(layer.shape) for layer in states}
            is_same = torch.equal(once.last_hidden_state, twice.last_hidden_state)
    # An architecture's own code can fail in any way on inputs that it does not expect.
    except Exception as error:
        raise ModelError(
            f"'{kind}' in {path} does not run on token ids alone: {first_line(error)}", TAKES_ENCODERS
        ) from error
    if shapes != {(*ids.shape, config.hidden_size)} or len(states) != config.num_hidden_layers + 2:
        raise ModelError(
            f"'{kind}' in {path} does not give one vector of width {config.hidden_size} per token and layer, "
            "so its output cannot be pooled.",
            TAKES_ENCODERS,
        )
    if not is_same:
        raise ModelError(
            f"'{kind}' in {path} computes with random numbers: the same text gets another result each time.",
            TAKES_ENCODERS,
        )


def _attend_to_first_token(_: Any, arguments: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Let all tokens attend to the first, and the first to all, as Longformer's own classifier does."""
    import torch

    if inputs.get("global_attention_mask") is None and not arguments:
        tokens = inputs["input_ids"] if inputs.get("input_ids") is not None else inputs["inputs_embeds"]
        mask = torch.zeros(tokens.shape[:2], dtype=torch.long, device=tokens.device)
        mask[:, 0] = 1
        inputs = {**inputs, "global_attention_mask": mask}
    return arguments, inputs
