"""What a pretrained encoder says about a source: its labels, its texts' lengths, its splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.context import Context, Observer
from textune.encoder.features import encode_tokens
from textune.encoder.tokenization import max_length_of
from textune.model.building import build_classifier
from textune.recipe.recipes import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.audit.findings import Example, Finding
    from textune.audit.label_noise import Suspect
    from textune.audit.material import Material
    from textune.encoder.loading import ModelFolder

_TOKENIZED_AT_ONCE = 5000


@dataclass(frozen=True)
class Judgement:
    """What a model has found.

    Attributes:
        findings: What was found, suspects apart.
        suspects: The rows whose labels are doubtful.
        judged: The number of rows whose labels were judged.
        left_out: Why a check was not run, by its number.
    """

    findings: tuple[Finding, ...]
    suspects: tuple[Suspect, ...]
    judged: int
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class _Tokens:
    """The token ids of every example, cut; how many there were, and the share that is unknown."""

    cut: list[list[int]]
    lengths: NDArray[np.int64]
    unknown: NDArray[np.float64]


def judge(
    material: Material, recipe: Recipe, *, cleanlab: bool, offline: bool, observer: Observer
) -> Judgement:
    """Run the checks that need a model on a source."""
    from textune.audit.lengths import find_lengths, find_unknown
    from textune.encoder.loading import find_model, load_tokenizer, token_limit

    examples = material.examples
    observer.stage("Loading the model")
    folder = find_model(recipe.model.name, revision=recipe.model.revision, offline=offline)
    tokenizer = load_tokenizer(folder)
    if recipe.prepare.emoji == "words":
        from textune.encoder.emoji import read_emoji

        tokenizer = read_emoji(tokenizer, [row.text for row in examples if row.split == "train"])
    max_length = max_length_of(recipe.prepare, tokenizer, token_limit(tokenizer, folder.config))
    observer.stage("Measuring lengths")
    tokens = _tokenize(examples, tokenizer, max_length, observer)
    findings = [
        find_lengths(examples, tokens.lengths, max_length=max_length, model=folder.name),
        *find_unknown(examples, tokens.unknown, model=folder.name),
    ]
    features = _encode(material, recipe, folder, tokenizer, tokens.cut, max_length, observer)
    left_out: dict[str, str] = {}
    suspects = _judge_labels(material, features, left_out, cleanlab=cleanlab, observer=observer)
    shifts = _compare_splits(examples, features, left_out, observer=observer)
    return Judgement((*findings, *shifts), tuple(suspects), len(examples), left_out)


def _tokenize(examples: Sequence[Example], tokenizer: Any, max_length: int, observer: Observer) -> _Tokens:
    cut: list[list[int]] = []
    lengths: list[int] = []
    unknown: list[float] = []
    special = tokenizer.num_special_tokens_to_add()
    for start in range(0, len(examples), _TOKENIZED_AT_ONCE):
        texts = [example.text for example in examples[start : start + _TOKENIZED_AT_ONCE]]
        for text, ids in zip(texts, tokenizer(texts, verbose=False)["input_ids"], strict=True):
            lengths.append(len(ids))
            # Of a text that the tokenizer makes nothing of, the model sees nothing either.
            own = len(ids) - special
            unknown.append(ids.count(tokenizer.unk_token_id) / own if own > 0 else 1.0)
            too_long = len(ids) > max_length
            cut.append(
                tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
                if too_long
                else list(ids)
            )
        observer.advance(len(cut), len(examples), unit="texts")
    return _Tokens(cut, np.array(lengths, dtype=np.int64), np.array(unknown))


def _encode(
    material: Material,
    recipe: Recipe,
    folder: ModelFolder,
    tokenizer: Any,
    tokens: Sequence[list[int]],
    max_length: int,
    observer: Observer,
) -> NDArray[np.float32]:
    """Return features (examples, width), out of the cache where a training or an audit has left them."""
    from textune.encoder.placement import choose_placement

    observer.stage("Loading the encoder")
    classifier = build_classifier(
        folder,
        tokenizer,
        settings=recipe.model,
        label_names=material.label_names,
        max_length=max_length,
        seed=recipe.train.seed,
        ctx=Context(observer),
    )
    placement = choose_placement(recipe.model.precision)
    placed = classifier.placed(placement)
    parts = []
    for split in dict.fromkeys(example.split for example in material.examples):
        observer.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
        rows = [ids for ids, example in zip(tokens, material.examples, strict=True) if example.split == split]
        features, _ = encode_tokens(
            placed,
            rows,
            weights_sha256=folder.weights_sha256,
            placement=placement,
            description=f"{folder.name} · {recipe.data.source} · {split}",
            ctx=Context(observer),
        )
        parts.append(features)
    return np.concatenate(parts)


def _judge_labels(
    material: Material,
    features: NDArray[np.float32],
    left_out: dict[str, str],
    *,
    cleanlab: bool,
    observer: Observer,
) -> list[Suspect]:
    """Return the doubtful labels; say in `left_out` why labels cannot be judged."""
    from textune.audit import label_noise
    from textune.audit.out_of_fold import FOLDS, out_of_fold_probabilities
    from textune.data.splits import make_folds

    examples, names = material.examples, material.label_names
    labels = np.array([example.label for example in examples])
    if len(examples) < label_noise.MIN_ROWS or len(np.unique(labels)) < 2:
        left_out["D008"] = f"fewer than {label_noise.MIN_ROWS} rows, or a single class"
        return []
    observer.stage("Judging labels")
    folds = make_folds(
        [example.text for example in examples], [names[label] for label in labels], folds=FOLDS
    )
    probabilities = out_of_fold_probabilities(
        features,
        labels,
        folds,
        on_progress=lambda done, total: observer.advance(done, total, unit="folds"),
    )
    if not label_noise.judges_well(probabilities, labels):
        left_out["D008"] = "the model's features hardly tell the classes apart"
        return []
    find = label_noise.find_suspects_with_cleanlab if cleanlab else label_noise.find_suspects
    return find(examples, probabilities, names)


def _compare_splits(
    examples: Sequence[Example],
    features: NDArray[np.float32],
    left_out: dict[str, str],
    *,
    observer: Observer,
) -> list[Finding]:
    """Return how well each held-out split can be told from train."""
    from textune.audit.out_of_fold import FOLDS, out_of_fold_probabilities
    from textune.audit.shift import MIN_ROWS, describe_shift
    from textune.data.splits import make_folds

    split_of = np.array([example.split for example in examples])
    sizes = {split: int((split_of == split).sum()) for split in ("train", "validation", "test")}
    found = []
    for split in ("validation", "test"):
        if min(sizes["train"], sizes[split]) < MIN_ROWS:
            continue
        observer.stage(f"Comparing {split} with train")
        rows = np.flatnonzero((split_of == "train") | (split_of == split))
        chosen = [examples[row] for row in rows.tolist()]
        held_out = split_of[rows] == split
        scores = out_of_fold_probabilities(
            features[rows],
            held_out.astype(np.int64),
            make_folds([row.text for row in chosen], [row.split for row in chosen], folds=FOLDS),
            on_progress=lambda done, total: observer.advance(done, total, unit="folds"),
        )
        found.append(describe_shift(chosen, held_out, scores[:, 1], split=split))
    if not found:
        left_out["D017"] = f"no validation or test split of {MIN_ROWS} rows"
    return found
