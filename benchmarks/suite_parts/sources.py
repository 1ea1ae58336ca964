"""The sources that a suite compares on: from arguments to rows that every contestant can read.

An argument is a source, as `textune train --data` takes it, and settings behind it, in the same words:

    "posts.json data.text_column=1 data.label_column=2 name=posts metric=accuracy"

`name` is what the table calls it, and `metric` the key of the metric that ranks. A folder whose subfolders
are tasks in TweetEval's layout stands for all of them. A source without a test split gets one from textune,
by `data.split_seed`; each seed given makes a data set of its own.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite_parts.official import STANCE, is_tweeteval_layout, metric_of, task_of
from textune.context import Context
from textune.data.dataset import UNKNOWN, Dataset, Split
from textune.data.sources import load_source
from textune.errors import RequestError
from textune.evaluation.metrics import Metric
from textune.files import sha256_of_text, write_text
from textune.formats.text_pairs import TEXT_FIELDS, sides_of
from textune.recipe.recipes import check_recipe


@dataclass(frozen=True)
class Source:
    """A source as an argument names it: where it is, its settings, its name, and the key of its metric."""

    place: str
    settings: tuple[str, ...] = ()
    name: str = ""
    metric: str = ""


@dataclass(frozen=True)
class Data:
    """A source with its splits.

    Attributes:
        name: What cells and the table call it.
        source: Where it comes from.
        settings: The settings with which textune reads it, also the seed of splits that it makes.
        dataset: Its texts and labels.
        metric: The metric that ranks.
        rows: The file from which peers read it.
        sha256: The hash of that file.
        pooled: The name of the data sets that count together with it, if any.
    """

    name: str
    source: Source
    settings: tuple[str, ...]
    dataset: Dataset
    metric: Metric
    rows: Path
    sha256: str
    pooled: str = ""

    @property
    def test(self) -> Split:
        """The rows that measure."""
        return self.dataset["test"]


def parse_source(argument: str) -> Source:
    """Return the source that an argument names.

    Raises:
        RequestError: Something behind the source is not a setting.

    Example:
        >>> parse_source("posts.csv data.label_column=mood name=moods")
        Source(place='posts.csv', settings=('data.label_column=mood',), name='moods', metric='')
    """
    place, *rest = [argument] if Path(argument).exists() else shlex.split(argument) or [""]
    named, settings = {"name": "", "metric": ""}, []
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals or (key not in named and "." not in key):
            raise RequestError(
                f"'{word}' in '{argument}' is not a setting.",
                "Write data.KEY=VALUE, name=NAME or metric=KEY, and quote a path that has spaces.",
            )
        if key in named:
            named[key] = value
        else:
            settings.append(word)
    return Source(place, tuple(settings), **named)


def with_tasks(sources: Iterable[Source]) -> Iterator[Source]:
    """Yield sources; a folder of TweetEval's tasks, or of tasks and stance's targets, gives each of them."""
    for source in sources:
        folder = Path(source.place)
        if not folder.is_dir() or is_tweeteval_layout(folder):
            yield source
            continue
        tasks = sorted(
            path.parent for path in [*folder.glob("*/mapping.txt"), *folder.glob("*/*/mapping.txt")]
        )
        tasks = [task for task in tasks if is_tweeteval_layout(task)]
        yield from [Source(str(task), source.settings, "", source.metric) for task in tasks] or [source]


def name_of(source: Source) -> str:
    """Return the name of a source for cells and the table."""
    if source.name:
        return source.name
    path = Path(source.place)
    stem = path.absolute().name.partition(".")[0] if path.exists() else re.sub(r"\W+", "-", source.place)
    return f"{STANCE}-{stem}" if task_of(source.place) == STANCE else stem


def load_data(source: Source, store: Path, *, split_seeds: Sequence[int], ctx: Context) -> list[Data]:
    """Read a source, and write its rows for the peers; one data set per seed that makes other splits.

    Raises:
        RequestError: The source or its settings are wrong; the message says how.
    """
    loaded: list[Data] = []
    for seed in split_seeds:
        settings = source.settings if seed == 0 else (*source.settings, f"data.split_seed={seed}")
        recipe = check_recipe({}, origin=source.place, settings=settings)
        dataset = load_source(source.place, recipe.data, ctx, other=recipe.evaluate.other)
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in _objects(dataset))
        sha256 = sha256_of_text(text)
        if any(data.sha256 == sha256 for data in loaded):
            continue
        name = name_of(source) if not loaded else f"{name_of(source)}.split-{seed}"
        rows = store / name / "rows.jsonl"
        if not rows.is_file() or rows.read_text(encoding="utf-8") != text:
            write_text(rows, text)
        try:
            metric = metric_of(source.place, dataset.problem_type, len(dataset.label_names), source.metric)
        except KeyError as error:
            raise RequestError(
                f"metric={source.metric} is not a metric of {source.place}.", "Give a key of metrics.json."
            ) from error
        pooled = STANCE if task_of(source.place) == STANCE and seed == split_seeds[0] else ""
        loaded.append(Data(name, source, settings, dataset, metric, rows, sha256, pooled))
    return loaded


def _objects(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Yield each row as peers read it, see `benchmarks/peers/protocol.py`."""
    names = dataset.label_names
    for split, rows in dataset.items():
        for text, label in zip(rows.texts, rows.labels, strict=True):
            row = {"split": split, **dict(zip(TEXT_FIELDS, sides_of(text), strict=False))}
            if not dataset.is_multi_label:
                yield {**row, "label": names[int(label)]}
                continue
            yield {**row, "labels": [names[place] for place in np.flatnonzero(label == 1)]} | (
                {"unknown": [names[place] for place in np.flatnonzero(label == UNKNOWN)]}
                if (label == UNKNOWN).any()
                else {}
            )
