"""The report's page: one HTML file that needs no network, no other file and no library.

In: the results of one run or of several. Out: HTML. The templates escape every text of the data, and a policy
in the page blocks everything but its own script.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from importlib.metadata import version
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from textune.encoder.embedded import EMBEDDED_MODELS
from textune.errors import RequestError
from textune.evaluation.metrics import in_percent
from textune.evaluation.split_metrics import measured_metrics
from textune.explain.attribution import Explanation, Word
from textune.formats.text_pairs import AnyText, as_shown
from textune.report import sections
from textune.report.outside_texts import describe_outside, measures_of, outside_histogram
from textune.report.references import references_for
from textune.report.results import Mistake, RunResults, find_mistakes, list_suspects, run_names, short_name
from textune.report.search_section import search_section
from textune.report.verdict import describe_thresholds, judge

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_COLOURED = 40
"""The number of mistakes whose words are coloured."""
_MOST_MISTAKES = 300
_MOST_SUSPECTS = 50
_MOST_RUNS = 8
_LEVELS = 4
_FAINT = 0.15
_LONG_TEXT = 2000


def mistakes_to_explain(run: RunResults) -> list[Mistake]:
    """Return the most confident mistakes on test, whose words the page colours."""
    test = run.predictions.get("test")
    return find_mistakes(test, split="test")[:MOST_COLOURED] if test is not None else []


def render_run(run: RunResults, explanations: Sequence[Explanation] = ()) -> str:
    """Return the page of one run, with explanations of the first of `mistakes_to_explain`."""
    document = run.document
    training = document.training
    out_of_training = {split: rows for split, rows in run.predictions.items() if split != "train"}
    context = {
        "title": " · ".join((document.recipe, short_name(document.model), short_name(document.source))),
        "run": run,
        "several": run.test.is_multi_label,
        "thresholds_sentence": describe_thresholds(document),
        "document": document,
        "embedded": EMBEDDED_MODELS.get(document.model),
        "training": training,
        "epochs": (training.epochs if training else None) or len(run.history),
        "metrics": measured_metrics([run.test]),
        "interval_methods": sections.describe_methods(document),
        "judgement": judge(document),
        "headline_charts": sections.headline_charts([run], ["this run"]),
        "metric_rows": sections.metric_rows(run, "this run"),
        "references": [(result, result.rows(document, run.history)) for result in references_for(document)],
        "learning_charts": sections.learning_charts([run], ["this run"]),
        "members": len({entry.get("member") for entry in run.history}),
        "confusion": sections.confusion_of(run),
        "reliability": sections.reliability_of(run),
        "coverage_chart": sections.coverage_chart([run], ["this run"]),
        "coverage_rows": sections.answers_by_threshold(run),
        "outside_sentence": describe_outside(document.other) if document.other else "",
        "outside_rows": measures_of(document.other.test) if document.other and document.other.test else [],
        "outside_chart": outside_histogram(run),
        "search": search_section(run.path),
        "suspects": list_suspects(out_of_training, most=_MOST_SUSPECTS),
        "threads": run.origin.machine.threads,
        "place": shlex.quote(str(run.path)),
        "path": str(run.path),
        **_mistakes(run, explanations),
    }
    return render_page("run.html", context)


def render_runs(runs: Sequence[RunResults]) -> str:
    """Return the page of several runs, side by side; raise a `RequestError` if there are too many."""
    if len(runs) > _MOST_RUNS:
        raise RequestError(
            f"{len(runs)} runs are too many for one page.", f"Name at most {_MOST_RUNS} runs per page."
        )
    names = run_names(runs)
    named = list(zip(names, runs, strict=True))
    labels = list(dict.fromkeys(label for run in runs for label in run.label_names))
    context = {
        "title": f"{len(runs)} runs",
        "several": all(run.test.is_multi_label for run in runs),
        "runs": named,
        "labels": labels,
        "same_test": len({_test_rows(run) for run in runs}) == 1,
        "metrics": measured_metrics([run.test for run in runs]),
        "judgements": [(name, judge(run.document)) for name, run in named],
        "metric_rows": [(name, run.test, False) for name, run in named],
        "headline_charts": sections.headline_charts(runs, names),
        "learning_charts": sections.learning_charts(runs, names),
        "confusions": [(name, sections.confusion_of(run)) for name, run in named],
        "reliabilities": [(name, sections.reliability_of(run)) for name, run in named],
        "coverage_chart": sections.coverage_chart(runs, names),
        "changed": sections.changed_settings(runs),
    }
    return render_page("runs.html", context)


def _mistakes(run: RunResults, explanations: Sequence[Explanation]) -> dict[str, Any]:
    test = run.predictions.get("test")
    mistakes = find_mistakes(test, split="test") if test is not None else []
    shown = mistakes[:_MOST_MISTAKES]
    parts = [_coloured(explanation) for explanation in explanations]
    return {
        "mistakes": list(zip_longest(shown, parts, fillvalue=[])),
        "mistakes_in_all": len(mistakes),
        "coloured": len(explanations),
        "true_labels": Counter(mistake.label for mistake in shown).most_common(),
        "predicted_labels": Counter(mistake.predicted for mistake in shown).most_common(),
    }


def _coloured(explanation: Explanation) -> list[tuple[str, str, str]]:
    sides = [_coloured_side(*side, strongest=explanation.largest_weight) for side in explanation.sides]
    # Between the texts of a pair stands what `as_shown` has there.
    return [part for place, side in enumerate(sides) for part in ([(" | ", "", "")] * (place > 0) + side)]


def _coloured_side(text: str, words: Sequence[Word], *, strongest: float) -> list[tuple[str, str, str]]:
    shown = text[:_LONG_TEXT]
    parts, place = [], 0
    for word in words:
        strength = abs(word.weight) / strongest
        if strength >= _FAINT:
            level = min(_LEVELS, int(strength * _LEVELS) + 1)
            look = f"{'for' if word.weight > 0 else 'against'}-{level}"
            parts.append((shown[place : word.start], "", ""))
            parts.append((shown[word.start : word.end], look, f"{word.weight * 100:+.1f} points"))
            place = word.end
    parts.append((shown[place:] + ("…" if len(text) > _LONG_TEXT else ""), "", ""))
    return [part for part in parts if part[0]]


def _test_rows(run: RunResults) -> tuple[tuple[AnyText, ...], tuple[str, ...]] | str:
    test = run.predictions.get("test")
    if test is None:
        return run.origin.data.fingerprint
    return test.texts, test.written_labels


def render_page(template: str, context: Mapping[str, Any]) -> str:
    """Return a page: a template of this room with the style and the script that all pages share."""
    folder = resources.files("textune.report") / "templates"
    script, style = ((folder / name).read_text(encoding="utf-8") for name in ("page.js", "page.css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    own = {"script": script, "style": style, "script_hash": digest, "version": version("textune")}
    return _environment().get_template(template).render({**context, **own})


@cache
def _environment() -> Environment:
    return template_environment(
        autoescape=True,
        short_name=short_name,
        unbroken=lambda text: text.replace(" %", "\N{NO-BREAK SPACE}%"),
        cut=lambda text: text if len(text) <= _LONG_TEXT else f"{text[:_LONG_TEXT]}…",
    )


def template_environment(*, autoescape: bool, **filters: Callable[[str], str]) -> Environment:
    """Return the environment that renders this room's templates, with these filters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("textune.report"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not autoescape,
    )
    environment.filters |= {"percent": in_percent, "shown": as_shown, **filters}
    return environment
