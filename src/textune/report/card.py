"""Results -> a model card by the Hub's conventions: metadata that machines read, and a page for people.

In: one run's results. Out: the text of `README.md`, without paths of this computer and texts of the data.
Does not read or write files, and does not choose a licence: that is the owner's to do.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.hub_datasets import is_hub_name
from textune.report import sections
from textune.report.names import short_name
from textune.report.results import RunResults
from textune.report.verdict import BASELINES, judge, percent

if TYPE_CHECKING:
    from jinja2 import Environment

PLACEHOLDER = "OWNER/NAME"
"""What a card calls its repository until it is pushed."""

_EMBEDDED = {"embedded:minilm": "sentence-transformers/all-MiniLM-L6-v2"}
_FEW_ROWS = 30
_MARKDOWN = re.compile(r"([\\`*_\[\]|~$<>&])")


def render_card(run: RunResults) -> str:
    """Return the model card of a run."""
    document = run.document
    train = document["metrics"].get("train", {}).get("per_class", {})
    context = {
        "name": run.name,
        "labels": run.label_names,
        "base": base_model(run),
        "model": short_name(document["model"]),
        "versions": run.facts["versions"],
        "verdict": judge(document),
        "figures": _figures(run),
        "test": run.test,
        "source": short_name(document["source"]),
        "dataset": hub_dataset(run)[0],
        "rows": {split: figures["examples"] for split, figures in document["metrics"].items()},
        "trained": {label: figures["support"] for label, figures in train.items()},
        "max_length": run.max_length,
        "weakest": [name for name, each in run.test["per_class"].items() if each["support"] < _FEW_ROWS],
        "head": run.head,
        "recipe": Path(document["recipe"]).name,
        "seed": run.recipe.get("train", {}).get("seed", 0),
        "training": document.get("training"),
        "placeholder": PLACEHOLDER,
    }
    body = _environment().get_template("card.md").render(context)
    return f"---\n{_metadata(run)}---\n\n{body}"


def base_model(run: RunResults) -> str:
    """Return the Hub name of the pretrained model, or an empty text where it did not come from the Hub."""
    name = str(run.document["model"])
    return name if run.facts["model"]["revision"] else _EMBEDDED.get(name, "")


def hub_dataset(run: RunResults) -> tuple[str, str]:
    """Return the data's name and configuration on the Hub; both empty where they are not from there."""
    source = str(run.document["source"])
    if not is_hub_name(source) or Path(source).expanduser().exists():
        return "", ""
    name, _, configuration = source.partition(":")
    return name, configuration


def _metadata(run: RunResults) -> str:
    """Return the YAML that the Hub reads, as its own library writes it."""
    from huggingface_hub import EvalResult, ModelCardData

    test, (dataset, configuration) = run.test, hub_dataset(run)
    source = short_name(str(run.document["source"]))
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type=dataset or _slug(source),
            dataset_name=dataset or source,
            dataset_config=configuration or None,
            dataset_split="test",
            metric_type=kind,
            metric_name=name,
            metric_value=round(test[figure], 4),
            metric_args={"interval_95": [round(end, 4) for end in test[f"{figure}_ci95"]]},
        )
        for kind, name, figure in (
            ("accuracy", "Accuracy", "accuracy"),
            ("f1", "Macro F1", "macro_f1"),
            ("loss", "Log loss", "log_loss"),
        )
    ]
    data = ModelCardData(
        base_model=base_model(run) or None,
        datasets=[dataset] if dataset else None,
        eval_results=results,
        library_name="transformers" if run.head == "stock" else "textune",
        metrics=["accuracy", "f1"],
        model_name=run.name,
        pipeline_tag="text-classification",
        tags=["text-classification", "textune"],
    )
    return f"{data.to_yaml()}\n"


def _figures(run: RunResults) -> list[dict[str, Any]]:
    baselines = run.document.get("baselines", {})
    named = {BASELINES.get(name, name): figures for name, figures in baselines.items()}
    return [{"name": name, "figures": figures} for name, figures in {"this model": run.test, **named}.items()]


def escape_markdown(text: str) -> str:
    r"""Return a text, in one line, as Markdown that shows it as it is.

    Example:
        >>> print(escape_markdown("<b>|*"))
        \<b\>\|\*
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-") or "data"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("textune.report"),
        autoescape=False,  # Markdown is escaped by the filter `md`.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "md": escape_markdown,
        "percent": percent,
        "with_doubt": sections.with_doubt,
    }
    return environment
