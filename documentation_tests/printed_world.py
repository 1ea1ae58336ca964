"""What the pages of the documentation speak of: files and runs by their names there, made small.

In: a folder with the sample's posts. Out: tables and folders of them, a Hub, and what trains the runs.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from datasets import ClassLabel, Dataset, Features, Value

from outside_data import outside_texts
from pair_data import write_pair_csv
from small_data import write_small_csv

TEXTUNE_TRAIN = "textune train --recipe frozen --model embedded:minilm"
SPLITS = ("train", "validation", "test")
RUNS = {
    "base": f"{TEXTUNE_TRAIN} --data posts",
    "stock": "textune train --recipe full --model embedded:minilm --data posts"
    " --set train.num_train_epochs=1",
    "clear": f"{TEXTUNE_TRAIN} --data clear.csv",
    "pairs": f"{TEXTUNE_TRAIN} --data questions.csv --set data.text_column=question"
    " --set data.text_pair_column=answer",
    "comments": f"{TEXTUNE_TRAIN} --data comments.jsonl",
    "clinc": f"{TEXTUNE_TRAIN} --data data_full.json --set data.text_column=1 --set data.label_column=2"
    " --set evaluate.other=oos",
}
"""The commands that train the runs, by name."""


def make_files(folder: Path) -> None:
    """Write the files; `posts/` must be there, with a table per split."""
    rows = {split: _read(folder / "posts" / f"{split}.csv") for split in SPLITS}
    everything = [row for split in SPLITS for row in rows[split]]
    for name in ("posts.csv", "texts.csv", "labelled.csv", "your-texts.csv"):
        _write(folder / name, ("text", "label"), everything)
    _write(folder / "more.csv", ("text", "label"), rows["test"])
    for name, chosen in (("week.csv", rows["test"]), ("inbox.csv", everything)):
        _write(folder / name, ("text",), [(text,) for text, _ in chosen])
    lines = "\n".join(" ".join(text.split()) for text, _ in rows["test"])
    (folder / "posts.txt").write_text(lines + "\n", encoding="utf-8")
    for place in ("tweeteval/emotion", "path/to/tweeteval/emotion"):
        _write_tweeteval(folder / place, rows)
    for split in ("train", "test"):
        _write(folder / "path" / "to" / "banking77" / f"{split}.csv", ("text", "label"), rows[split])
    _write_clinc([folder / "data_full.json", folder / "path" / "to" / "clinc150" / "data_full.json"], rows)
    _write_several(folder, rows)
    write_pair_csv(folder / "questions.csv", 240)
    write_small_csv(folder / "clear.csv", 300)
    long = [
        (" ".join(text for text, _ in everything[start : start + 20]), label)
        for start, (_, label) in enumerate(everything[:160])
    ]
    _write(folder / "reviews.csv", ("text", "label"), long)


def with_other_columns(path: Path) -> None:
    """Give a table's columns other names beside the usual ones, with the same cells."""
    rows = _read(path)
    _write(path, ("text", "label", "body", "mood"), [(*row, *row) for row in rows])


def without_one_label(path: Path) -> None:
    """Add a row that has no label, which is an error."""
    _write(path, ("text", "label"), [*_read(path), ("Nobody has said yet what this is", "")])


def without_labels(path: Path) -> None:
    """Leave the texts of a table alone, and only 120 of them."""
    _write(path, ("text",), [(text,) for text, _ in _read(path)[:120]])


def copy_run(source: Path, target: Path) -> None:
    """Copy a run; its files are shared, because they are replaced and never changed."""
    target.parent.mkdir(exist_ok=True)
    shutil.copytree(source, target, copy_function=os.link)


def make_hub(folder: Path, encoder: Path, tiny: Callable[[Path], object]) -> Path:
    """Lay out the repositories that pages name, for a stand-in of the Hub; `posts/` must be beside it."""
    models = folder / "models"
    shutil.copytree(encoder, models / "sentence-transformers" / "all-MiniLM-L6-v2")
    shutil.copytree(encoder, models / "OWNER" / "NAME")
    tiny(models / "distilbert" / "distilbert-base-uncased")
    rows = {split: _read(folder.parent / "posts" / f"{split}.csv") for split in SPLITS}
    _write_tweet_eval(folder / "datasets" / "cardiffnlp" / "tweet_eval", rows)
    return folder


def _write_tweeteval(folder: Path, rows: dict[str, list[tuple[str, ...]]]) -> None:
    folder.mkdir(parents=True)
    names = sorted({label for _, label in rows["train"]})
    mapping = "".join(f"{number}\t{name}\n" for number, name in enumerate(names))
    (folder / "mapping.txt").write_text(mapping, encoding="utf-8")
    for split, short in zip(SPLITS, ("train", "val", "test"), strict=True):
        texts = "".join(" ".join(text.split()) + "\n" for text, _ in rows[split])
        (folder / f"{short}_text.txt").write_text(texts, encoding="utf-8")
        labels = "".join(f"{names.index(label)}\n" for _, label in rows[split])
        (folder / f"{short}_labels.txt").write_text(labels, encoding="utf-8")


def _write_tweet_eval(folder: Path, rows: dict[str, list[tuple[str, ...]]]) -> None:
    """Write the configuration `emotion` as the Hub has it."""
    names = sorted({label for _, label in rows["train"]})
    features = Features({"text": Value("string"), "label": ClassLabel(names=names)})
    (folder / "emotion").mkdir(parents=True)
    lines = ["---", "configs:", "- config_name: emotion", "  data_files:"]
    for split in SPLITS:
        columns = {
            "text": [text for text, _ in rows[split]],
            "label": [names.index(label) for _, label in rows[split]],
        }
        Dataset.from_dict(columns, features=features).to_parquet(folder / "emotion" / f"{split}.parquet")
        lines += [f"  - split: {split}", f"    path: emotion/{split}.parquet"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")


def _write_clinc(paths: Iterable[Path], rows: dict[str, list[tuple[str, ...]]]) -> None:
    outside = outside_texts(120)
    parts = {"train": rows["train"], "val": rows["validation"], "test": rows["test"]}
    document = {name: [list(row) for row in part] for name, part in parts.items()}
    for number, name in enumerate(("oos_train", "oos_val", "oos_test")):
        document[name] = [[text, "oos"] for text in outside[number * 40 : number * 40 + 40]]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")


def _write_several(folder: Path, rows: dict[str, list[tuple[str, ...]]]) -> None:
    """Write texts with one label or two: two posts in one have the labels of both."""
    names = sorted({label for _, label in rows["train"]})

    def joined(split: str) -> list[tuple[str, list[str]]]:
        part = rows[split]
        both = [
            (f"{part[row][0]} {part[row + 1][0]}", sorted({part[row][1], part[row + 1][1]}))
            for row in range(0, len(part) - 1, 2)
        ]
        return [*((text, [label]) for text, label in part), *both]

    lines = [json.dumps({"text": text, "labels": labels}) for text, labels in joined("train")]
    (folder / "comments.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    goemotions = folder / "goemotions"
    goemotions.mkdir()
    (goemotions / "emotions.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    for split, short in zip(SPLITS, ("train", "dev", "test"), strict=True):
        cells = [
            f"{' '.join(text.split())}\t{','.join(str(names.index(label)) for label in labels)}\tid{row}"
            for row, (text, labels) in enumerate(joined(split))
        ]
        (goemotions / f"{short}.tsv").write_text("\n".join(cells) + "\n", encoding="utf-8")


def _read(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
