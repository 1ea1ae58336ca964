"""Tiny pretrained models that the tests of the encoder share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textune.encoder.loading import find_model, load_tokenizer
from tiny_models import build_tiny_model


@pytest.fixture
def bert(tiny_models: Callable[[str], Path], tmp_path: Path) -> Path:
    """A tiny BERT of the test's own."""
    return Path(shutil.copytree(tiny_models("bert"), tmp_path / "bert"))


@pytest.fixture
def sharded_bert(bert: Path) -> Path:
    """A tiny BERT of the test's own whose weights lie in several files."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(bert)
    (bert / "model.safetensors").unlink()
    model.save_pretrained(bert, max_shard_size="10KB")
    return bert


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tokenizer(model: Path) -> Any:
    return load_tokenizer(find_model(str(model)))
