"""What any classifier must beat: the most frequent class, and word statistics."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textune.encoder.cache import FeatureCache
from textune.files import sha256_of_text
from textune.formats.text_pairs import AnyText, has_pairs


@dataclass(frozen=True)
class Baseline:
    """A baseline's names in sentences and in narrow tables."""

    title: str
    short_title: str


MAJORITY = "majority_class"
FREQUENCIES = "label_frequencies"
TFIDF = "tfidf_logistic_regression"
TFIDF_FIRST = "tfidf_first_text"
TFIDF_SECOND = "tfidf_second_text"
BASELINES: Mapping[str, Baseline] = {
    MAJORITY: Baseline("the most frequent class", "majority class"),
    FREQUENCIES: Baseline("the frequency of each label", "frequencies"),
    TFIDF: Baseline("TF-IDF + logistic regression", "TF-IDF, logistic"),
    TFIDF_FIRST: Baseline("TF-IDF of the first texts alone", "TF-IDF, first"),
    TFIDF_SECOND: Baseline("TF-IDF of the second texts alone", "TF-IDF, second"),
}
"""The baselines by their keys in metrics.json; the last two are for pairs of texts only."""

# A word, or a single other character such as an emoji. One-letter words count too.
_WORD = r"\w+|[^\w\s]"
_PIECE_CHARACTERS = 4
# Far more than an encoder reads; it bounds the cost of a huge text.
_MAX_CHARACTERS = 10_000
_MIN_TEXTS = 2
_INVERSE_REGULARISATION = 8.0
_MAX_TRAINING_TEXTS = 100_000
"""Training texts from which word statistics are learned at most: memory grows with them, 2 KB for a post."""
# Of the gradient of the mean loss, which is small from the beginning where a class is rare.
_TOLERANCE = 1e-4
_MAX_ITERATIONS = 40
_PAIR_FEATURES = "both texts, what they share, cosine"


def baseline_probabilities(
    train_texts: Sequence[AnyText], train_labels: ArrayLike, texts: Sequence[AnyText], *, classes: int
) -> dict[str, NDArray[np.float64]]:
    """Return the probabilities (rows, classes) of every baseline by key, from the cache if possible.

    Word statistics are learned from a sample of the training texts if there are many, see `learned_rows`.
    For pairs of texts, there are two more, each of which reads one text of a pair. Where one of them is good,
    the label can be told from half of the input: how the pairs were written gives it away.
    """
    labels = np.asarray(train_labels)
    probabilities = {MAJORITY: majority_probabilities(labels, classes=classes, rows=len(texts))}
    if (rows := learned_rows(len(labels))) is not None:
        train_texts, labels = [train_texts[row] for row in rows], labels[rows]
    for name, (train_read, read) in what_baselines_read(train_texts, texts).items():
        parts = [*tfidf_facts(pairs=has_pairs(train_read[:1])), classes]
        key = sha256_of_text(json.dumps([parts, list(train_read), labels.tolist(), list(read)]))
        # The cache holds float32; each float64 is stored as two.
        halves, _ = FeatureCache().get_or_compute(
            key,
            partial(_tfidf_halves, train_read, labels, read, classes=classes),
            description=f"{BASELINES[name].title} · {len(labels)} and {len(texts)} texts",
        )
        probabilities[name] = halves.view(np.float64)
    return probabilities


def _tfidf_halves(*texts_and_labels: Any, classes: int) -> NDArray[np.float32]:
    return tfidf_probabilities(*texts_and_labels, classes=classes).view(np.float32)


def learned_rows(rows: int) -> NDArray[np.int64] | None:
    """Return the training rows, in ascending order, from which word statistics are learned; None: all.

    Of more than 100,000, it is a sample without replacement that only their number determines.
    """
    if rows <= _MAX_TRAINING_TEXTS:
        return None
    return np.sort(np.random.default_rng(0).choice(rows, _MAX_TRAINING_TEXTS, replace=False))


def describe_sample(rows: int) -> str:
    """Return a sentence: word statistics are learned from a sample of training rows; empty without one."""
    if learned_rows(rows) is None:
        return ""
    return (
        f"The baseline of word statistics is learned from {_MAX_TRAINING_TEXTS:,} of the {rows:,} training "
        "texts, drawn at random; all of them would take gigabytes of memory. With all, it might be better."
    )


def what_baselines_read(
    train_texts: Sequence[AnyText], texts: Sequence[AnyText]
) -> dict[str, tuple[Sequence[AnyText], Sequence[AnyText]]]:
    """Return what each baseline of word statistics reads of training and other texts, by its key."""
    if not has_pairs(train_texts[:1]):
        return {TFIDF: (train_texts, texts)}
    (train_first, train_second), (first, second) = _sides(train_texts), _sides(texts)
    return {
        TFIDF: (train_texts, texts),
        TFIDF_FIRST: (train_first, first),
        TFIDF_SECOND: (train_second, second),
    }


def _sides(pairs: Sequence[AnyText]) -> tuple[list[str], list[str]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def majority_probabilities(train_labels: ArrayLike, *, classes: int, rows: int) -> NDArray[np.float64]:
    """Return the class frequencies of the training labels (rows, classes), the same for every row.

    The prediction is always the most frequent class (of equals, the first).
    """
    counts = np.bincount(np.asarray(train_labels), minlength=classes)
    return np.tile(counts / counts.sum(), (rows, 1))


def tfidf_probabilities(
    train_texts: Sequence[AnyText], train_labels: ArrayLike, texts: Sequence[AnyText], *, classes: int
) -> NDArray[np.float64]:
    """Fit a logistic regression on TF-IDF features, and classify texts with it.

    The features are words and the runs of four characters inside them (which see through endings, hashtags
    and misspellings), with logarithmic term frequencies. Features in fewer than two training texts are
    dropped. The log loss of a stratified 5-fold cross-validation over the 3,257 training rows of TweetEval
    emotion chose the settings; each line has the best C of 2, 4, 8 and 16:

        features                              C    accuracy  macro-F1  log loss
        words                                 8      70.3      63.3      0.762
        words and pairs of words              8      69.0      61.8      0.778
        runs of 2 to 5                        8      71.5      64.5      0.749
        words, pairs and runs of 2 to 5       4      72.0      65.0      0.730
        words and runs of 3 and 4             8      71.4      65.0      0.748
        words and runs of 4 (chosen)          8      72.2      65.7      0.725
        words, pairs and runs of 4            8      71.1      63.9      0.749

    Keeping features of a single text gains nothing (words: 0.760), nor does iterating to the solver's usual
    tolerance (chosen features: 0.731), which takes twice as long.

    Of a pair, the features are those of each text, those that both have, and the texts' cosine similarity: a
    sum of words could not tell that two texts say the same.

    A class that was not trained on gets 0. If there is nothing to learn (no characters, or a single class),
    the probabilities are the class frequencies of the training labels.
    """
    labels = np.asarray(train_labels)
    features = tfidf_features(train_texts, texts) if len(np.unique(labels)) > 1 else None
    if features is None:
        return majority_probabilities(labels, classes=classes, rows=len(texts))
    regression = fit_regression(features[: len(labels)], labels)
    probabilities = np.zeros((len(texts), classes))
    probabilities[:, regression.classes_] = regression.predict_proba(features[len(labels) :])
    return probabilities


def tfidf_facts(*, pairs: bool = False) -> list[Any]:
    """Return everything besides texts, or pairs, and labels that the probabilities of TF-IDF depend on."""
    versions = [version(name) for name in ("numpy", "scipy", "scikit-learn")]
    settings = [TFIDF, _WORD, _PIECE_CHARACTERS, _MAX_CHARACTERS, _MIN_TEXTS, _INVERSE_REGULARISATION]
    settings += [_PAIR_FEATURES] if pairs else []
    return [settings, _TOLERANCE, _MAX_ITERATIONS, versions]


def fit_regression(
    features: Any, labels: NDArray[Any], *, inverse_regularisation: float = _INVERSE_REGULARISATION
) -> Any:
    """Return scikit-learn's logistic regression, fitted on features (rows, pieces) and labels (rows,)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=inverse_regularisation, tol=_TOLERANCE, max_iter=_MAX_ITERATIONS)
    with warnings.catch_warnings():
        # More steps cost time and do not improve the baseline.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return regression.fit(features, labels)


def _pair_features(train_pairs: Sequence[AnyText], pairs: Sequence[AnyText]) -> Any:
    from scipy import sparse

    (train_first, train_second), (first, second) = _sides(train_pairs), _sides(pairs)
    both = tfidf_features([*train_first, *train_second], [*first, *second])
    if both is None:
        return None
    train, rows = len(train_pairs), len(pairs)
    places = np.concatenate([np.arange(train), 2 * train + np.arange(rows)])
    of_first, of_second = both[places], both[places + np.where(places < train, train, rows)]
    shared = of_first.multiply(of_second)
    cosines = sparse.csr_matrix(shared.sum(axis=1))
    # The root has the scale of the features themselves, so that the penalty treats them alike.
    return sparse.hstack([of_first, of_second, shared.sqrt(), cosines]).tocsr()


def tfidf_features(train_texts: Sequence[AnyText], texts: Sequence[AnyText]) -> Any:
    """Return sparse float32 features (training rows + rows, pieces), or None if no training text has any.

    Words are counted in all texts, and each distinct word is cut into pieces once: the product of the two
    count matrices gives the pieces of every text, several times faster than cutting each text. The training
    texts alone determine which pieces count, and how much. Pairs have the features of both texts, then those
    that the two share, and their cosine similarity.
    """
    if has_pairs(train_texts[:1]):
        return _pair_features(train_texts, texts)
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    cut = [str(text)[:_MAX_CHARACTERS] for text in (*train_texts, *texts)]
    if not any(text.strip() for text in cut):
        return None
    # Half the memory traffic of float64, and the same metrics.
    words = CountVectorizer(token_pattern=_WORD, dtype=np.float32)
    word_counts = words.fit_transform(cut)
    pieces = CountVectorizer(analyzer=_pieces, dtype=np.float32).fit_transform(words.get_feature_names_out())
    counts = word_counts @ pieces
    texts_with_piece = np.bincount(counts[: len(train_texts)].indices, minlength=counts.shape[1])
    # In a tiny dataset, no piece may be in two texts.
    enough = min(_MIN_TEXTS, texts_with_piece.max())
    if enough == 0:
        return None
    counts = counts[:, np.flatnonzero(texts_with_piece >= enough)]
    return TfidfTransformer(sublinear_tf=True).fit(counts[: len(train_texts)]).transform(counts)


def _pieces(word: str) -> list[str]:
    marked = f" {word} "
    starts = range(len(marked) - _PIECE_CHARACTERS + 1)
    return list(dict.fromkeys([marked, *(marked[start : start + _PIECE_CHARACTERS] for start in starts)]))
