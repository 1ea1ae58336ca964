"""The table of a suite, in Markdown: a line per contestant on each data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suite_parts.scores import Standing, compare
from textune.evaluation.metrics import METRICS, Metric, metrics_of

_SEVERAL = (
    "Where texts have several labels, accuracy is the share with exactly theirs, and the thresholds of peers "
    "that give probabilities are chosen on validation by textune's own function. "
)
_COLUMNS = "data|contestant|score|compared with {}|accuracy|log loss|CPU|whole|peak|seeds"


@dataclass(frozen=True)
class Section:
    """A data set in the table: its name, the metric that ranks, its test rows, and the contestants."""

    name: str
    metric: Metric
    examples: int
    standings: Sequence[Standing]


def write_table(sections: Sequence[Section], against: str) -> str:
    """Return the table; differences are those from the contestant called `against`."""
    titles = {each.contestant: each.title for section in sections for each in section.standings}
    columns = _COLUMNS.format(titles.get(against, against)).split("|")
    lines = [f"| {' | '.join(columns)} |", f"| {' | '.join(['---'] * len(columns))} |"]
    for section in sections:
        reference = next((each for each in section.standings if each.contestant == against), None)
        heading = f"{section.name}: {section.metric.title}, {section.examples:,} rows"
        for number, standing in enumerate(section.standings):
            cells = [heading if not number else "", standing.title, *_cells(standing, section, reference)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def explain(sections: Sequence[Section]) -> str:
    """Return the sentences under the table."""
    several = any(_accuracy(section.metric) == "exact_match" for section in sections)
    return (
        "± is half of the 95 % interval, and brackets hold the interval of a difference on the same rows. "
        + (_SEVERAL if several else "")
        + "CPU is user and system time on all cores, whole the time from the command to the result, both of "
        "the process, in seconds, as medians over seeds; peak is its memory in MB."
    )


def _cells(standing: Standing, section: Section, reference: Standing | None) -> list[str]:
    if not standing.classifiers:
        return [standing.remark.replace("|", "\\|"), *[""] * 7]
    metric = section.metric
    accuracy, loss = METRICS[_accuracy(metric)], METRICS["log_loss"]
    times = [
        standing.median("seconds", "cpu"),
        standing.median("seconds", "whole"),
        standing.median("peak_mb"),
    ]
    remark = f" ({standing.remark})" if standing.remark else ""
    return [
        _score(standing, metric) + remark,
        "" if reference is None or reference is standing else _difference(metric, standing, reference),
        _score(standing, accuracy),
        _score(standing, loss),
        *("-" if time is None else f"{time:,.1f}" if time < 100 else f"{time:,.0f}" for time in times),
        str(len(standing.classifiers)),
    ]


def _accuracy(metric: Metric) -> str:
    """Return the key of the metric that counts rows that are right as a whole."""
    return "accuracy" if "accuracy" in metrics_of(metric.problem_type) else "exact_match"


def _score(standing: Standing, metric: Metric) -> str:
    score = standing.scores.get(metric.key)
    if score is None:
        return "-"
    return f"{metric.write(score.value)} ±{metric.number((score.ci95[1] - score.ci95[0]) / 2)}"


def _difference(metric: Metric, standing: Standing, reference: Standing) -> str:
    difference = compare(metric, standing, reference)
    if difference is None:
        return "-"
    low, high = (metric.number(end, sign=True) for end in difference.ci95)
    written = f"{metric.number(difference.difference, sign=True)} ({low} to {high})"
    return f"**{written}**" if difference.clear else written


def circumstances(records: Sequence[Mapping[str, object]]) -> str:
    """Return on which machines and days results were measured."""
    machines = sorted({str(record["machine"]) for record in records})
    days = sorted({str(record["started"])[:10] for record in records})
    return f"{'; '.join(machines)}. {', '.join(days)}."
