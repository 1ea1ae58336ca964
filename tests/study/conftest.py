"""What several tests of data share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from textune.encoder.loading import find_model, load_tokenizer
from tiny_models import build_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tokenizer(model: Path) -> Any:
    return load_tokenizer(find_model(str(model)))
