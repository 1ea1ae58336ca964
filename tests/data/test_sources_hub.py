"""A data set from the Hub: fetched once, then read again without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from hub_stand_in import HubStandIn, run_client, serve_hub

EMOTION = "cardiffnlp/tweet_eval:emotion"
LABELS = ["anger", "joy", "optimism", "sadness"]
TEXTS = {
    "train": [
        "who moved my bike again, i am furious",
        "best birthday ever, thank you all",
        "new job on monday, this will be a good year",
        "the house is so quiet without him",
        "stop calling me at dinner time!!",
        "we laughed until it hurt",
        "one more try, i think i can do it",
        "cried on the bus home",
    ],
    "validation": ["rude waiter, cold soup", "sun is out :)", "spring will come", "i miss my old street"],
    "test": ["they lied to us all", "puppies at work today", "tomorrow is a fresh start", "nobody came"],
}
CARD = """---
configs:
- config_name: emotion
  data_files:
  - split: train
    path: emotion/train-*
  - split: validation
    path: emotion/validation-*
  - split: test
    path: emotion/test-*
dataset_info:
- config_name: emotion
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': anger
          '1': joy
          '2': optimism
          '3': sadness
---
Invented posts, for tests.
"""
LOAD = """
import json, time
from textune.context import Context
from textune.data.sources import load_source
from textune.errors import TextuneError
started = time.perf_counter()
try:
    source = load_source({name!r}, ctx=Context(offline={offline!r}))
    result = {{
        "texts": {{split: list(rows.texts) for split, rows in source.items()}},
        "labels": source["train"].labels.tolist(),
        "names": list(source.label_names),
        "fingerprint": source.fingerprint,
    }}
except TextuneError as error:
    result = {{"error": type(error).__name__, "message": error.message, "hint": error.hint}}
print(json.dumps({{**result, "seconds": time.perf_counter() - started}}))
"""

Load = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the stand-in that holds cardiffnlp/tweet_eval: Parquet files and a card."""
    folder = tmp_path_factory.mktemp("hub")
    data = folder / "datasets" / "cardiffnlp" / "tweet_eval" / "emotion"
    data.mkdir(parents=True)
    (data.parent / "README.md").write_text(CARD)
    for split, texts in TEXTS.items():
        table = pyarrow.table({"text": texts, "label": [number % 4 for number in range(len(texts))]})
        pyarrow.parquet.write_table(table, data / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture
def hub(repository: Path) -> Iterator[HubStandIn]:
    with serve_hub(repository) as stand_in:
        yield stand_in


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A call of `load_source` in a process of its own, with a cache that starts empty."""

    def call(
        endpoint: str, *, name: str = EMOTION, offline: bool = False, sockets: bool = True
    ) -> dict[str, Any]:
        code = LOAD.format(name=name, offline=offline)
        return run_client(code, endpoint=endpoint, home=tmp_path / "home", sockets=sockets)

    return call


def test_texts_labels_and_their_names_come_from_the_hub(hub: HubStandIn, load: Load) -> None:
    source = load(hub.endpoint)

    assert source["texts"] == TEXTS
    assert source["labels"] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert source["names"] == LABELS


def test_a_data_set_that_was_fetched_is_read_offline_without_opening_a_connection(
    repository: Path, load: Load
) -> None:
    with serve_hub(repository) as stand_in:
        online = load(stand_in.endpoint)

    offline = load(stand_in.endpoint, offline=True, sockets=False)

    assert {**offline, "seconds": 0} == {**online, "seconds": 0}


def test_a_data_set_that_was_not_fetched_cannot_be_had_offline(hub: HubStandIn, load: Load) -> None:
    failed = load(hub.endpoint, offline=True, sockets=False)

    assert failed["error"] == "HubError"
    assert "no copy of 'cardiffnlp/tweet_eval:emotion'" in failed["message"]
    assert hub.requests == []


def test_a_hub_that_is_gone_is_reported_soon_with_the_way_to_continue(repository: Path, load: Load) -> None:
    with serve_hub(repository) as stand_in:
        endpoint = stand_in.endpoint

    failed = load(endpoint)

    assert failed["error"] == "HubError"
    assert "cannot be reached" in failed["message"]
    assert failed["hint"]
    assert failed["seconds"] < 10


def test_a_data_set_that_the_hub_does_not_have_is_reported(hub: HubStandIn, load: Load) -> None:
    failed = load(hub.endpoint, name="cardiffnlp/tweet_evil")

    assert failed["error"] == "HubError"
    assert "'cardiffnlp/tweet_evil' is neither a folder here nor a dataset" in failed["message"]


def test_an_unknown_configuration_is_answered_with_the_nearest(hub: HubStandIn, load: Load) -> None:
    failed = load(hub.endpoint, name="cardiffnlp/tweet_eval:emotions")

    assert failed["error"] == "DataError"
    assert "no configuration 'emotions'" in failed["message"]
    assert "cardiffnlp/tweet_eval:emotion" in failed["hint"]


def test_files_that_store_different_label_names_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "hub" / "datasets" / "owner" / "posts" / "data"
    data.mkdir(parents=True)
    for split, names in (("train", ["anger", "joy"]), ("test", ["joy", "anger"])):
        features = Features(text=Value("string"), label=ClassLabel(names=names))
        rows = {"text": [f"{split} {number}" for number in range(8)], "label": [0, 1] * 4}
        Dataset.from_dict(rows, features=features).to_parquet(data / f"{split}-00000-of-00001.parquet")

    with serve_hub(tmp_path / "hub") as stand_in:
        code = LOAD.format(name="owner/posts", offline=False)
        result = run_client(code, endpoint=stand_in.endpoint, home=tmp_path / "home")

    assert result["error"] == "DataError"
    assert (
        "test-00000-of-00001.parquet (split test) stores other names for the ids of 'label'"
        in result["message"]
    )
