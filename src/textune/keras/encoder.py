"""The frozen encoder on Keras: KerasHub's form of a transformers encoder, with the same weights.

The weights are copied from the encoder, which was read strictly, rather than by KerasHub from its folder:
KerasHub's own reader recognises a checkpoint by the names in its published form. It approximates BERT's GELU,
and ignores the layer norms' epsilon and RoBERTa's segment
(docs/decisions/0021-keras-hub-with-copied-weights.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.batching import Progress, batches_by_length, pad_rows
from textune.encoder.loading import ModelFolder
from textune.encoder.placement import Placement
from textune.encoder.prefix import Pooling, encode
from textune.errors import ModelError
from textune.keras.start import start_keras

_SAME = 1e-4
"""The maximum difference of two fp32 computations of a vector, relative to its largest value."""
_USE_TORCH = "Train it on torch: --set train.engine=torch"


@dataclass(frozen=True)
class _Form:
    """The class of an architecture in KerasHub, and where transformers keeps its layers and their parts.

    The parts are a layer's query, key, value and output projections, the norm after them, both projections of
    the feed-forward block, and the norm after those.
    """

    backbone: str
    layers: str
    parts: tuple[str, ...]


_BERT_PARTS = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    *("attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"),
)
_DISTILBERT_PARTS = (
    *("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"),
    *("sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm"),
)
_FORMS = {
    "bert": _Form("BertBackbone", "encoder.layer", _BERT_PARTS),
    "distilbert": _Form("DistilBertBackbone", "transformer.layer", _DISTILBERT_PARTS),
    "roberta": _Form("RobertaBackbone", "encoder.layer", _BERT_PARTS),
}


def keras_knows(architecture: str) -> bool:
    """Return whether the Keras engine can train a model of this `model_type`."""
    return architecture in _FORMS


def check_keras_knows(folder: ModelFolder) -> None:
    """Raise a `ModelError` unless a model is of an architecture that the Keras engine can train."""
    kind = str(folder.config.get("model_type"))
    if not keras_knows(kind):
        raise ModelError(
            f"The Keras engine supports BERT, DistilBERT and RoBERTa; {folder.name} is of the type '{kind}'.",
            _USE_TORCH,
        )


def build_keras_encoder(encoder: Any, *, tokenizer: Any) -> Any:
    """Build a transformers base model in fp32 as a frozen encoder in Keras, and compare both on some texts.

    Returns:
        A Keras model from `input_ids` and `attention_mask` (rows, tokens) to the first token's vector of the
        last layer (rows, width), none of whose weights train.

    Raises:
        ModelError: Keras lacks the activation, or its output differs from that of transformers.
    """
    keras = start_keras()
    config = encoder.config
    backbone = _build_backbone(config)
    _copy_weights(encoder, backbone)
    inputs = token_inputs()
    arguments = {"token_ids": inputs["input_ids"], "padding_mask": inputs["attention_mask"]}
    if config.model_type == "bert":
        arguments["segment_ids"] = keras.ops.zeros_like(inputs["input_ids"])
    output = backbone(arguments)
    states = output["sequence_output"] if isinstance(output, dict) else output
    model = keras.Model(inputs, states[:, 0, :], name="encoder")
    model.trainable = False
    _check_same(encoder, model, tokenizer)
    return model


def token_inputs() -> dict[str, Any]:
    """Return the inputs `input_ids` and `attention_mask` (rows, tokens) of a Keras model."""
    keras, names = start_keras(), ("input_ids", "attention_mask")
    return {name: keras.Input((None,), dtype="int32", name=name) for name in names}


def encode_on_keras(
    model: Any,
    rows: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    padding_id: int,
    on_progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the vectors (rows, width) that a built encoder gives for texts, without dropout.

    The rows are token ids, special tokens included, without padding. `on_progress` is called with texts done
    and texts in all after each batch.
    """
    import tensorflow as tf

    shape = tf.TensorSpec((None, None), tf.int32)

    # One graph for batches of any shape.
    @tf.function(input_signature=(shape, shape))  # type: ignore[untyped-decorator]
    def run(input_ids: Any, attention_mask: Any) -> Any:
        return model({"input_ids": input_ids, "attention_mask": attention_mask}, training=False)

    vectors = np.empty((len(rows), model.output_shape[-1]), dtype=np.float32)
    done = 0
    for batch in batches_by_length([len(row) for row in rows]):
        inputs = pad_rows([rows[row] for row in batch], padding_id=padding_id)
        vectors[batch] = run(*(tf.constant(array, tf.int32) for array in inputs)).numpy()
        done += len(batch)
        if on_progress:
            on_progress(done, len(rows))
    return vectors


def _build_backbone(config: Any) -> Any:
    import keras_hub

    kind = config.model_type
    distilbert, positions = kind == "distilbert", config.max_position_embeddings
    sizes = {"num_segments": config.type_vocab_size} if kind == "bert" else {}
    backbone = getattr(keras_hub.models, _FORMS[kind].backbone)(
        vocabulary_size=config.vocab_size,
        num_layers=config.num_hidden_layers,
        num_heads=config.num_attention_heads,
        hidden_dim=config.hidden_size,
        intermediate_dim=config.hidden_dim if distilbert else config.intermediate_size,
        dropout=config.dropout if distilbert else config.hidden_dropout_prob,
        # RoBERTa's first positions, up to that of padding, belong to no token.
        max_sequence_length=positions - (config.pad_token_id + 1 if kind == "roberta" else 0),
        **sizes,
    )
    activation = _activation(config.activation if distilbert else config.hidden_act)
    for layer in backbone.transformer_layers:
        layer._feedforward_intermediate_dense.activation = activation
    return backbone


def _activation(name: str) -> Any:
    activations = start_keras().activations
    known = {
        "gelu": lambda x: activations.gelu(x, approximate=False),
        "gelu_new": lambda x: activations.gelu(x, approximate=True),
        "relu": activations.relu,
    }
    if name not in known:
        raise ModelError(
            f"The Keras engine supports the activations {', '.join(known)}; the encoder's is '{name}'.",
            _USE_TORCH,
        )
    return known[name]


def _copy_weights(encoder: Any, backbone: Any) -> None:
    form = _FORMS[encoder.config.model_type]
    _copy_embeddings(encoder.embeddings, backbone, encoder.config)
    for source, target in zip(encoder.get_submodule(form.layers), backbone.transformer_layers, strict=True):
        query, key, value, output, norm, first, second, last = map(source.get_submodule, form.parts)
        attention = target._self_attention_layer
        for module, layer in ((query, "query"), (key, "key"), (value, "value"), (output, "output")):
            _copy_dense(module, getattr(attention, f"_{layer}_dense"))
        _copy_dense(first, target._feedforward_intermediate_dense)
        _copy_dense(second, target._feedforward_output_dense)
        _copy_norm(norm, target._self_attention_layer_norm)
        _copy_norm(last, target._feedforward_layer_norm)


def _copy_embeddings(embeddings: Any, backbone: Any, config: Any) -> None:
    backbone.token_embedding.embeddings.assign(_array(embeddings.word_embeddings.weight))
    positions = _array(embeddings.position_embeddings.weight)
    if config.model_type == "bert":
        backbone.segment_embedding.embeddings.assign(_array(embeddings.token_type_embeddings.weight))
        backbone.position_embedding.position_embeddings.assign(positions)
    else:
        if config.model_type == "roberta":
            # KerasHub's RoBERTa has no segments. A text is a single one: its vector goes to the positions.
            positions = (
                positions[config.pad_token_id + 1 :] + _array(embeddings.token_type_embeddings.weight)[0]
            )
        backbone.embeddings.position_embedding.position_embeddings.assign(positions)
    _copy_norm(embeddings.LayerNorm, backbone.embeddings_layer_norm)


def _copy_dense(module: Any, layer: Any) -> None:
    """Copy a linear layer; one of attention has its heads as an axis of its own."""
    layer.kernel.assign(_array(module.weight).T.reshape(layer.kernel.shape))
    layer.bias.assign(_array(module.bias).reshape(layer.bias.shape))


def _copy_norm(module: Any, layer: Any) -> None:
    layer.gamma.assign(_array(module.weight))
    layer.beta.assign(_array(module.bias))
    layer.epsilon = module.eps


def _array(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().numpy()
    return array


def _check_same(encoder: Any, model: Any, tokenizer: Any) -> None:
    texts = ["a short text", "and one that is somewhat longer than the first, so that it is padded"]
    rows, padding_id = tokenizer(texts)["input_ids"], tokenizer.pad_token_id
    placement = Placement("cpu", "fp32", "eager")
    expected = encode(encoder, rows, pooling=Pooling("cls"), padding_id=padding_id, placement=placement)
    vectors = encode_on_keras(model, rows, padding_id=padding_id)
    if not np.abs(vectors - expected).max() <= _SAME * np.abs(expected).max():
        raise ModelError(
            "The output of the encoder on Keras differs from that in transformers: its "
            f"configuration ({encoder.config.model_type}) needs something that KerasHub does not have.",
            _USE_TORCH,
        )
