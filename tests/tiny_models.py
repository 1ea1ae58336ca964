"""Tiny pretrained models, built in code.

In: a folder and the name of an architecture. Out: a checkpoint with random weights (two layers of width 16)
and a WordPiece tokenizer of English words, such as `AutoModel` and `AutoTokenizer` load. Needs no network.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.version import Version

ARCHITECTURES = (
    "distilbert",
    "bert",
    "roberta",
    "electra",
    "deberta-v2",
    "modernbert",
    "xlm-roberta",
    "albert",
)
SINCE = {"gte": "5.18", "neomme": "5.17", "ultrabert": "5.20", "ultravbert": "5.21"}
"""The versions of transformers that brought architectures which the lowest one does not know."""


def known(*architectures: str) -> tuple[str, ...]:
    """Return those architectures that the installed version of transformers knows."""
    installed = Version(metadata.version("transformers"))
    return tuple(name for name in architectures if installed >= Version(SINCE.get(name, "0")))


FURTHER_ARCHITECTURES = known(
    "big_bird",
    "camembert",
    "eurobert",
    "gte",
    "jina_embeddings_v3",
    "longformer",
    "mpnet",
    "nomic_bert",
    "rembert",
    "squeezebert",
    "ultrabert",
    "xmod",
)
"""Architectures with something of their own, which only a few tests go through."""
READ_PADDING = ("fnet", "convbert")
"""Architectures whose output for a text depends on padding."""
MAX_TOKENS = 64

_SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SPECIAL_TOKENS_OF_ROBERTA = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
_WORDS = """
a about again all alone always am amazing an and angry annoyed annoying anxiety anxious are at awful back
bad be beautiful because been best better birthday but by can cannot change cry crying dark day depressed
did do dont down dream dull even ever every everyone excited face fear feel feeling feels finally fine
first for forward friend friends fucking fuming funny furious future get go god going gone good great had
happiness happy hard hate have he heart hell help her here hope hopeful horrible how hurt i im in is it
job joy just keep know laugh laughing life like live lol lonely long look lose lost love loving lucky mad
make me miserable miss mood morning movie my need never new nice night no not now nothing of off okay on
one optimism optimistic our out over pain panic party people please positive proud rage really revenge sad
sadness scared she sick smile smiling so some soon sorry still stop sunshine tears terrible terror thank
that the them they thing think this time to today together tomorrow too trust up user very wait want was
watch way we weekend well what when who why will win wish with work world worried worry worst wrong year
yes you your
"""
_COMMON = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    # Wide enough for texts to differ after two layers: with the usual 0.02 they hardly do.
    "initializer_range": 0.3,
}
# RoBERTa counts positions from pad_token_id + 1 = 2, so its table is longer than its texts.
_ROBERTA_LIKE = {"max_position_embeddings": MAX_TOKENS + 2, "type_vocab_size": 1}
_XLM_LIKE = {"emb_dim": 16, "n_layers": 2, "n_heads": 2, "pad_index": 0}
_SETTINGS: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 8},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "initializer_range": 0.3},
    "big_bird": {"block_size": 4, "num_random_blocks": 1},
    "convbert": {"embedding_size": 16, "conv_kernel_size": 3},
    "data2vec-text": _ROBERTA_LIKE,
    "electra": {"embedding_size": 8},
    "esm": {**_ROBERTA_LIKE, "mask_token_id": 4},
    "flaubert": _XLM_LIKE,
    "funnel": {
        "d_model": 16,
        "n_head": 2,
        "d_head": 8,
        "d_inner": 32,
        "block_sizes": [1, 1],
        "num_decoder_layers": 1,
        "architectures": ["FunnelModel"],
    },
    "ibert": _ROBERTA_LIKE,
    "jina_embeddings_v3": {"type_vocab_size": 1},
    "longformer": {**_ROBERTA_LIKE, "attention_window": 8},
    "luke": {**_ROBERTA_LIKE, "entity_vocab_size": 8, "entity_emb_size": 8},
    "mobilebert": {"embedding_size": 16, "intra_bottleneck_size": 16, "num_feedforward_networks": 1},
    "mpnet": {"max_position_embeddings": MAX_TOKENS + 2},
    "mra": _ROBERTA_LIKE,
    "nystromformer": {"segment_means_seq_len": 8, "num_landmarks": 4, "conv_kernel_size": 5},
    "perceiver": {
        "num_latents": 4,
        "d_latents": 16,
        "d_model": 16,
        "num_self_attends_per_block": 2,
        "num_self_attention_heads": 2,
        "num_cross_attention_heads": 2,
    },
    "reformer": {
        "attn_layers": ["local", "lsh"],
        "attention_head_size": 8,
        "feed_forward_size": 32,
        "axial_pos_shape": [8, 8],
        "axial_pos_embds_dim": [8, 8],
        "lsh_attn_chunk_length": 8,
        "local_attn_chunk_length": 8,
        "hash_seed": 0,
        "num_buckets": 4,
    },
    "rembert": {"input_embedding_size": 8, "output_embedding_size": 16},
    "roberta-prelayernorm": _ROBERTA_LIKE,
    "roc_bert": {
        "pronunciation_embed_dim": 8,
        "shape_embed_dim": 8,
        "pronunciation_vocab_size": 8,
        "shape_vocab_size": 8,
        "enable_pronunciation": True,
    },
    "squeezebert": {"embedding_size": 16, "q_groups": 2, "k_groups": 2, "v_groups": 2},
    "ultrabert": {"prediction_head_size": 16, "sliding_window": 16},
    "xlm": _XLM_LIKE,
    "xlm-roberta-xl": _ROBERTA_LIKE,
    "xmod": {**_ROBERTA_LIKE, "default_language": "en_XX"},
    "yoso": {**_ROBERTA_LIKE, "use_expectation": True},
    "modernbert": {"initializer_cutoff_factor": 2.0, "local_attention": 16},
    "roberta": _ROBERTA_LIKE,
    "xlm-roberta": _ROBERTA_LIKE,
}
_WITH_TOKEN_TYPES = {"albert", "bert", "deberta-v2", "electra"}


def build_tiny_model(
    folder: Path, architecture: str = "distilbert", *, labels: Sequence[str] | None = None, seed: int = 0
) -> Path:
    """Write a tiny checkpoint and its tokenizer into a folder, and return the folder.

    Args:
        folder: Where to write; made where it is missing.
        architecture: One of `ARCHITECTURES` or `FURTHER_ARCHITECTURES`, or another with settings here.
        labels: Class names; given, the checkpoint is a classifier, else an encoder without a head.
        seed: Decides the weights.
    """
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification

    tokenizer = _build_tokenizer(architecture)
    config = _build_config(architecture, tokenizer, labels)
    model_class = AutoModelForSequenceClassification if labels else AutoModel
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = model_class.from_config(config, attn_implementation="eager")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def change_json(path: Path, **changes: Any) -> None:
    """Change settings in a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def change_weights(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the tensors, by name, in the weight file of a checkpoint."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def _build_tokenizer(architecture: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    symbols = list(string.ascii_lowercase + string.digits + string.punctuation)
    pieces = [f"##{symbol}" for symbol in string.ascii_lowercase + string.digits]
    special = _SPECIAL_TOKENS_OF_ROBERTA if "roberta" in architecture else _SPECIAL_TOKENS
    entries = dict.fromkeys([*special, *symbols, *pieces, *_WORDS.split()])
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=MAX_TOKENS,
        model_input_names=[*names, "token_type_ids"] if architecture in _WITH_TOKEN_TYPES else names,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def _build_config(architecture: str, tokenizer: Any, labels: Sequence[str] | None) -> Any:
    from transformers import AutoConfig

    names = {"num_labels": len(labels), "id2label": dict(enumerate(labels))} if labels else {}
    tokens = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "cls_token_id": tokenizer.cls_token_id,
        "sep_token_id": tokenizer.sep_token_id,
    }
    # The others name their sizes in ways of their own.
    sizes = {} if architecture in ("distilbert", "funnel", "xlm", "flaubert") else _COMMON
    settings = {"max_position_embeddings": MAX_TOKENS, **sizes, **_SETTINGS.get(architecture, {})}
    return AutoConfig.for_model(architecture, vocab_size=len(tokenizer), **settings, **tokens, **names)
