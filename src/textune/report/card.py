"""The model card, by the Hub's conventions: metadata for machines, and a page for people.

It holds no paths of this computer and no texts of the data. The owner chooses the licence.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from textune.data.hub_datasets import is_hub_name
from textune.encoder.embedded import EMBEDDED_MODELS
from textune.evaluation.metrics import METRICS
from textune.evaluation.split_metrics import SplitMetrics, measured_metrics
from textune.report.outside_texts import describe_outside, measures_of
from textune.report.page import template_environment
from textune.report.results import RunResults, short_name
from textune.report.sections import baseline_rows, describe_methods
from textune.report.verdict import describe_thresholds, judge

if TYPE_CHECKING:
    from jinja2 import Environment

PLACEHOLDER = "OWNER/NAME"
"""The name of the repository in a card that has not been pushed."""

_FEW_ROWS = 30
_MARKDOWN = re.compile(r"([\\`*_\[\]|~$<>&])")


def render_card(run: RunResults) -> str:
    """Return the model card of a run."""
    document, test = run.document, run.test
    training_rows = document.metrics["train"].per_class if "train" in document.metrics else {}
    context = {
        "name": run.name,
        "labels": run.label_names,
        "base": base_model(run),
        "embedded": EMBEDDED_MODELS.get(document.model),
        "model": short_name(document.model),
        "versions": run.origin.versions,
        "judgement": judge(document),
        "metrics": measured_metrics([test]),
        "interval_methods": describe_methods(document),
        "metric_rows": [("this model", test), *baseline_rows(run)],
        "test": test,
        "several": test.is_multi_label,
        "thresholds_sentence": describe_thresholds(document),
        "outside_sentence": describe_outside(document.other) if document.other else "",
        "outside_rows": measures_of(document.other.test) if document.other and document.other.test else [],
        "source": short_name(document.source),
        "dataset": hub_dataset(run)[0],
        "rows": {split: metrics.examples for split, metrics in document.metrics.items()},
        "training_rows": {label: metrics.support for label, metrics in training_rows.items()},
        "max_length": run.max_length,
        "reads_windows": run.recipe.get("prepare", {}).get("long_texts") == "windows",
        "joined": _joined_columns(run),
        "rare": [name for name, metrics in test.per_class.items() if metrics.support < _FEW_ROWS],
        "head": run.head,
        "recipe": Path(document.recipe).name,
        "seed": run.recipe.get("train", {}).get("seed", 0),
        "training": document.training,
        "pairs": document.training is not None and document.training.pairs,
        "placeholder": PLACEHOLDER,
    }
    # Markdown is escaped by the filter `md`.
    body = _environment().get_template("card.md").render(context)
    return f"---\n{_metadata(run)}---\n\n{body}"


@cache
def _environment() -> Environment:
    return template_environment(autoescape=False, md=escape_markdown)


def _joined_columns(run: RunResults) -> str:
    """Return how the columns of a text stand in it, or an empty string if the text is one column."""
    data = run.recipe.get("data", {})
    columns = data.get("text_column", "")
    return "" if isinstance(columns, str) else repr(data["text_separator"].join(columns))


def base_model(run: RunResults) -> str:
    """Return the Hub name of the pretrained model, or an empty string if it did not come from the Hub."""
    name = run.document.model
    if run.origin.model.revision:
        return name
    return EMBEDDED_MODELS[name].hub_name if name in EMBEDDED_MODELS else ""


def hub_dataset(run: RunResults) -> tuple[str, str]:
    """Return the data's name and configuration on the Hub; both are empty if the data is not from there."""
    source = run.document.source
    if not is_hub_name(source) or Path(source).expanduser().exists():
        return "", ""
    name, _, configuration = source.partition(":")
    return name, configuration


def _metadata(run: RunResults) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    test, (dataset, configuration) = run.test, hub_dataset(run)
    source = short_name(run.document.source)
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type=dataset or re.sub(r"[^\w.-]+", "-", source).strip("-") or "data",
            dataset_name=dataset or source,
            dataset_config=configuration or None,
            dataset_split="test",
            metric_type=metric.hub_type or metric.key,
            metric_name=f"{metric.title[:1].upper()}{metric.title[1:]}",
            metric_value=round(test.values[metric.key], 4),
            metric_args={"interval_95": [round(end, 4) for end in test.intervals[metric.key]]},
        )
        for metric in METRICS.values()
        if metric.is_headline and metric.key in test.intervals
    ]
    data = ModelCardData(
        base_model=base_model(run) or None,
        datasets=[dataset] if dataset else None,
        eval_results=results,
        library_name="transformers" if run.head == "stock" else "textune",
        metrics=_hub_metrics(test),
        model_name=run.name,
        pipeline_tag="text-classification",
        tags=["text-classification", "textune"],
    )
    return f"{data.to_yaml()}\n"


def _hub_metrics(test: SplitMetrics) -> list[str]:
    shown = [metric for metric in METRICS.values() if metric.is_headline and metric.unit == "%"]
    return list(dict.fromkeys(metric.hub_type or metric.key for metric in shown if metric.key in test.values))


def escape_markdown(text: str) -> str:
    r"""Return a text as one line of Markdown that renders it literally.

    Example:
        >>> print(escape_markdown("<b>|*"))
        \<b\>\|\*
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
