"""Errors for data sets that the Hub does not give (`test_sources_hub.py` has the tests with a server)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pytest
from datasets.exceptions import DatasetNotFoundError

from source_files import refusal
from textune.errors import HubError

HubRaises = Callable[[Exception], None]


@pytest.fixture
def hub_raises(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Let a Hub that can be reached, or its cache, fail with an error."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: None)

    def set_error(error: Exception) -> None:
        def fail(*_: Any) -> None:
            raise error

        monkeypatch.setattr(datasets, "load_dataset_builder", fail)

    return set_error


def test_a_gated_dataset_is_answered_with_how_to_ask_for_it(hub_raises: HubRaises) -> None:
    hub_raises(DatasetNotFoundError("Dataset 'owner/posts' is a gated dataset on the Hub."))

    error = refusal("owner/posts")

    assert isinstance(error, HubError)
    assert "The Hub dataset owner/posts is gated" in error.message
    assert "https://huggingface.co/datasets/owner/posts" in error.hint


def test_a_configuration_that_is_missing_from_the_name_is_answered_with_all(hub_raises: HubRaises) -> None:
    hub_raises(
        ValueError(
            "Config name is missing.\nPlease pick one among the available configs: ['emotion', 'irony']\n"
            "Example of usage:\n\t`load_dataset('owner/posts', 'emotion')`"
        )
    )

    error = refusal("owner/posts")

    assert error.message == "'owner/posts' has several configurations: emotion, irony."
    assert error.hint == "Name one after a colon, for instance owner/posts:emotion"


def test_a_configuration_without_a_copy_is_answered_with_those_that_have_one(hub_raises: HubRaises) -> None:
    hub_raises(
        ValueError(
            "Couldn't find cache for owner/posts for config 'emotion'\n"
            "Available configs in the cache: ['irony']"
        )
    )

    error = refusal("owner/posts:emotion", offline=True)

    assert error.message == "'owner/posts' has no configuration 'emotion'. Available: irony."


def test_a_dataset_that_needs_a_script_is_refused_without_running_it(hub_raises: HubRaises) -> None:
    hub_raises(RuntimeError("Dataset scripts are no longer supported, but found posts.py"))

    error = refusal("owner/posts")

    assert error.message == (
        "'owner/posts' is on the Hub, but cannot be read "
        "(Dataset scripts are no longer supported, but found posts.py)."
    )
    assert "Loading scripts are not run" in error.hint


def test_what_lies_behind_a_failed_preparation_is_reported(hub_raises: HubRaises) -> None:
    failure = datasets.exceptions.DatasetGenerationError("An error occurred while generating the dataset")
    failure.__cause__ = OSError(28, "No space left on device")
    hub_raises(failure)

    assert "No space left on device" in refusal("owner/posts").message


def test_an_answer_that_is_not_the_hubs_counts_as_a_hub_that_cannot_be_reached(
    hub_raises: HubRaises, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_raises(ConnectionError("Couldn't reach 'owner/posts' on the Hub (OfflineModeIsEnabled)"))

    def log_in_first(*_: Any, **__: Any) -> None:
        raise ValueError("Expecting value: line 1 column 1 (char 0)")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", log_in_first)

    error = refusal("owner/posts")

    assert error.message == (
        "The Hub cannot be reached (Expecting value: line 1 column 1 (char 0)), and there is no copy of "
        "'owner/posts' on this computer."
    )
    assert "save it with save_to_disk" in error.hint


def test_offline_leaves_the_settings_of_the_libraries_as_they_were(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    error = refusal("owner/posts", offline=True)

    assert "offline mode is on" in error.message
    assert not datasets.config.HF_HUB_OFFLINE
    assert not huggingface_hub.constants.HF_HUB_OFFLINE
    assert datasets.logging.get_verbosity() != datasets.logging.ERROR
