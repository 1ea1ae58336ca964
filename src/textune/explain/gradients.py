"""Which words led to a decision: each word's weight, by integrated gradients through a torch classifier.

The result is an `Explanation`, as in `attribution.py`. Needs captum, the extra `explain`.

Sundararajan et al. 2017 (https://arxiv.org/abs/1703.01365): the gradient of the label's probability is
summed along the way from a text of blanks to the text itself. The weights of all tokens sum to the
difference of the two probabilities; a word's weight is the sum of its tokens'.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.placement import one_thread
from textune.encoder.truncation import remaining_tokens
from textune.encoder.windows import WindowedTexts
from textune.errors import RequestError
from textune.explain.attribution import Explanation, join_explanations, labels_to_explain, make_explanation
from textune.explain.words import Span, find_words
from textune.extras import check_extra
from textune.formats.text_pairs import AnyText, sides_of

if TYPE_CHECKING:
    import torch

    from textune.model.classifier import EncoderClassifier

_STEPS = 48
_ROWS_AT_ONCE = 16


def check_captum() -> None:
    """Raise a `MissingExtraError` if captum is not installed."""
    check_extra("captum", "explain", "Integrated gradients")


def explain_by_gradients(
    classifier: EncoderClassifier,
    text: AnyText,
    *,
    label: str | None = None,
    thresholds: NDArray[np.float64] | None = None,
) -> Explanation:
    """Explain the decision of an fp32 classifier for a label; by default for the most probable one.

    Words beyond the length limit have no weight. A text of several windows is a `RequestError`. The two texts
    of a pair go from blanks to themselves together. For the thresholds see `attribution.weigh`.
    """
    check_captum()
    if isinstance(rows := classifier.tokenize([text]).rows, WindowedTexts) and rows.counts[0] > 1:
        raise RequestError(
            f"The text is read in {rows.counts[0]} windows, and integrated gradients explain one.",
            "Leave out words instead: --method occlusion",
        )
    import torch
    from captum.attr import LayerIntegratedGradients

    encoder, tokenizer = classifier.encoder.eval(), classifier.tokenizer
    classifier.head.eval()
    sides = sides_of(text)
    encoding = tokenizer(*sides, truncation=False, verbose=False).encodings[0]
    remains = remaining_tokens(encoding, max_tokens=classifier.max_length, side=tokenizer.truncation_side)
    ids = torch.tensor(np.array(encoding.ids)[remains][None], device=encoder.device)
    special = torch.tensor(
        np.array(encoding.special_tokens_mask)[remains][None], device=encoder.device
    ).bool()
    blanks = torch.where(special, ids, blank_id(tokenizer))

    segments = None
    if classifier.segments:
        segments = torch.tensor(np.array(encoding.type_ids)[remains][None], device=encoder.device)
    probabilities = partial(_probabilities, classifier, segments)
    with one_thread(), torch.no_grad():
        scores = probabilities(ids)[0]
    gradients = LayerIntegratedGradients(probabilities, encoder.get_input_embeddings())
    words = [find_words(side) for side in sides]
    # Of each token the text that it is from, 0 or 1; None: it is a special token.
    side_of_token = np.array(encoding.sequence_ids, dtype=float)[remains]
    offsets = np.array(encoding.offsets)[remains]

    def explain(number: int) -> Explanation:
        # Threads that wait for each other after small operations cost up to twentyfold on a busy machine.
        with one_thread():
            weights = gradients.attribute(
                ids, baselines=blanks, target=number, n_steps=_STEPS, internal_batch_size=_ROWS_AT_ONCE
            )
        by_token = weights.sum(dim=-1)[0].detach().double().cpu().numpy()
        by_word = [
            _sum_by_word(np.where(side_of_token == side, by_token, 0.0), offsets, of_side)
            for side, of_side in enumerate(words)
        ]
        label_name, score = classifier.label_names[number], float(scores[number])
        return make_explanation(text, label_name, score, words, np.concatenate(by_word))

    if label is not None:
        numbers = [classifier.label_names.index(label)]
    else:
        numbers = labels_to_explain(scores.numpy(), thresholds)
    return join_explanations(map(explain, numbers), several=thresholds is not None)


def blank_id(tokenizer: Any) -> int:
    """Return the id of the token that stands for no word in particular: the mask, or else the padding."""
    return int(tokenizer.pad_token_id if tokenizer.mask_token_id is None else tokenizer.mask_token_id)


def _probabilities(
    classifier: EncoderClassifier, segments: torch.Tensor | None, input_ids: torch.Tensor
) -> torch.Tensor:
    """Return probabilities (rows, classes) of token ids without padding, through which gradients flow.

    The segment ids (1, tokens) are those of all rows.
    """
    import torch

    from textune.encoder.prefix import pool

    mask = torch.ones_like(input_ids)
    inputs = {"input_ids": input_ids, "attention_mask": mask}
    if segments is not None:
        inputs["token_type_ids"] = segments.expand_as(input_ids)
    output = classifier.encoder(**inputs, output_hidden_states=True)
    features = pool(output.hidden_states, mask, pooling=classifier.pooling)
    return classifier.kind.activate(classifier.head(features.cpu()))


def _sum_by_word(by_token: NDArray[np.float64], offsets: Any, words: list[Span]) -> NDArray[np.float64]:
    """Return each word's weight: the sum over its tokens, each of which counts for the word it overlaps."""
    weights = np.zeros(len(words))
    for weight, (start, end) in zip(by_token, offsets, strict=True):
        shared = [min(end, stop) - max(start, first) for first, stop in words]
        if shared and max(shared) > 0:
            weights[shared.index(max(shared))] += weight
    return weights
