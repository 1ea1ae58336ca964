#!/usr/bin/env bash
# datasets 5.2.0: load_dataset("parquet") reads the labels of every file by the names that the first file stores.
#
# A Parquet file that datasets wrote holds the names of its label ids. If train.parquet has [anger, joy] and test.parquet has
# [joy, love], concatenate_datasets refuses to join them, and Dataset.from_parquet reads each by its own names. load_dataset
# reads the ids of test by the names of train, without a word: its "joy" becomes "anger", and its "love" becomes "joy".
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check datasets==5.2.0
cat >"$folder/read.py" <<'PYTHON'
import sys

import datasets
from datasets import ClassLabel, Dataset, Features, Value, concatenate_datasets, load_dataset

folder = sys.argv[1]
datasets.disable_progress_bars()


def names_of(rows):
    return [rows.features["label"].int2str(label) for label in rows["label"]]


written = {}
for split, names in (("train", ["anger", "joy"]), ("test", ["joy", "love"])):
    features = Features(text=Value("string"), label=ClassLabel(names=names))
    written[split] = Dataset.from_dict({"text": ["a text", "another"], "label": [0, 1]}, features=features)
    written[split].to_parquet(f"{folder}/{split}.parquet")

files = {split: f"{folder}/{split}.parquet" for split in written}
read = load_dataset("parquet", data_files=files, cache_dir=f"{folder}/cache")
alone = Dataset.from_parquet(files["test"], cache_dir=f"{folder}/cache-alone")
try:
    concatenate_datasets(list(written.values()))
    joined = "joined"
except ValueError:
    joined = "refused"
print("datasets", datasets.__version__)
print("labels of test as written:", names_of(written["test"]))
print("read by Dataset.from_parquet:", names_of(alone))
print("read by load_dataset, beside train:", names_of(read["test"]))
print("concatenate_datasets:", joined)
assert names_of(alone) == names_of(written["test"]) == ["joy", "love"]
assert names_of(read["test"]) == ["anger", "joy"]
assert joined == "refused"
PYTHON
HF_HOME="$folder/home" "$folder/env/bin/python" "$folder/read.py" "$folder"
