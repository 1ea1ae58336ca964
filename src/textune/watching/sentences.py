"""What watching says, in sentences: the same in the terminal and on the page."""

from __future__ import annotations

from textune.evaluation.metrics import METRICS, in_percent
from textune.watching.label_correction import USEFUL
from textune.watching.label_moves import clear_moves
from textune.watching.watched import Watched
from textune.wording import counted, listed

_MOST_LABELS = 6
_EASILY, _CLEARLY = 0.8, 0.6


def title_of(key: str) -> str:
    """Return the name of a metric, beginning with a capital letter."""
    title = METRICS[key].title
    return title[0].upper() + title[1:]


def estimate_sentence(watched: Watched) -> str:
    """Return the estimate, or why there is none."""
    result = watched.result
    if result.refusal:
        return result.refusal
    estimate = result.estimates[result.metric]
    low, high = estimate.interval
    if low <= estimate.on_validation <= high:
        compared = "it may be what it is on validation"
    else:
        compared = (
            "worse than on validation" if high < estimate.on_validation else "better than on validation"
        )
    outside = result.outside_share
    strange = f" About {outside:.0%} of them are unlike any that the run has met." if outside >= 0.01 else ""
    is_known = "is" if result.evidence.labels == result.texts else "is probably"
    return (
        f"{title_of(result.metric)} on these texts {is_known} {in_percent(estimate.value)} (95 % interval: "
        f"{low * 100:.1f} to {high * 100:.1f}; on validation {in_percent(estimate.on_validation)}): "
        f"{compared}.{strange}"
    )


def label_sentence(watched: Watched) -> str:
    """Return which labels moved."""
    moves = clear_moves(watched.result.labels)
    if not moves:
        return "No label is clearly more or less frequent than on validation."
    shown = [
        f"{move.label} ({in_percent(move.before)} on validation, now {in_percent(move.now)})"
        for move in moves[:_MOST_LABELS]
    ]
    more = f" {counted(len(moves) - len(shown), 'other label')} moved too." if len(moves) > len(shown) else ""
    return f"Moved: {listed(shown, most=_MOST_LABELS)}.{more}"


def domain_sentence(watched: Watched) -> str:
    """Return how well the texts can be told apart from those of validation, and by which words."""
    result = watched.result
    low, high = result.domain_interval
    measured = f"AUC {result.domain_auc:.2f}, 95 % interval {low:.2f} to {high:.2f}; guessing gives 0.50"
    if low < _CLEARLY:
        can = "cannot" if low <= 0.5 else "can hardly"
    else:
        can = "can easily" if low >= _EASILY else "can"
    words = f" More frequent now than in training: {', '.join(watched.words)}." if watched.words else ""
    return f"These texts {can} be told apart from validation texts ({measured}).{words}"


def evidence_sentence(watched: Watched) -> str:
    """Return what labels have added, and how many more would halve the interval."""
    evidence, total = watched.result.evidence, watched.result.texts
    if not watched.result.estimates:
        count, margin = evidence.more_to_halve, f"{USEFUL * 100:g} points"
        which = f"{count:,} of them, drawn at random," if count < total else "all of them"
        return f"Labels of {which} would give an estimate to {margin}."
    if evidence.labels == total:
        return "All of the texts have labels."
    more = "labels of nearly all texts"
    if evidence.more_to_halve < total - evidence.labels:
        more = f"about {counted(evidence.more_to_halve, 'more label' if evidence.labels else 'label')}"
    if not evidence.labels:
        return f"{more[0].upper()}{more[1:]} would halve the interval."
    measured = (
        "" if evidence.measured is None else f", and {in_percent(evidence.measured)} of these are right"
    )
    have = f"{counted(evidence.labels, 'text')} {'has a label' if evidence.labels == 1 else 'have labels'}"
    return f"{have}{measured}; {more} would halve the interval."
