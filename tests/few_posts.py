"""A few real posts per emotion to train on, out of the sample that textune ships."""

from __future__ import annotations

from textune.context import Context
from textune.data.sources import load_dataset
from textune.recipe.settings import DataSettings


def few_posts(per_label: int) -> dict[str, list[dict[str, str]]]:
    """Return the splits of the sample, with so many rows per label in train."""
    posts = load_dataset(DataSettings(source="sample:emotion"), Context())
    names = posts.label_names
    rows = {
        split: [
            {"text": str(text), "label": names[label]}
            for text, label in zip(of_split.texts, of_split.labels, strict=True)
        ]
        for split, of_split in posts.splits.items()
    }
    by_label = [[row for row in rows["train"] if row["label"] == name] for name in names]
    return {**rows, "train": [row for of_label in by_label for row in of_label[:per_label]]}
