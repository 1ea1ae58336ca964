"""What is found on a computer."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from textune.machine import facts
from textune.machine.facts import examine, extras_of
from textune.runtimes.processor import available_cores


def test_this_computer_has_what_its_system_says() -> None:
    machine = examine()

    assert machine.python == platform.python_version()
    assert machine.processor.cores == available_cores()
    assert machine.processor.threads == torch.get_num_threads()
    assert machine.packages["torch"] == torch.__version__
    assert machine.models[0] == "embedded:minilm"


def test_no_home_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(Path.home() / "somewhere" / "cache"))

    assert examine().storage.folder == str(Path("~/somewhere/cache"))


def test_the_runtimes_have_their_versions_and_the_hubs_cache_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime
    from huggingface_hub import constants

    for name in ("models--me--one", "models--me--two", "datasets--me--one", "version.txt"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    machine = examine()

    assert machine.runtimes["ONNX Runtime"] == onnxruntime.__version__
    assert (machine.hub.folder, machine.hub.models, machine.hub.datasets) == (str(tmp_path), 2, 1)


def test_only_settings_that_matter_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_TOKEN", "a secret")

    settings = examine().settings

    assert settings["HF_HUB_OFFLINE"] == "1"
    assert "a secret" not in settings.values()


def test_an_extra_is_missing_what_is_absent_or_too_old() -> None:
    extras = extras_of(
        [
            "numpy>=1.26",
            "numpy>=1; extra == 'fine'",
            "numpy>=99; extra == 'old'",
            "no-such-package; extra == 'absent'",
            "numpy>=1; extra == 'absent'",
            "no-such-package; extra == 'dev'",
            "no-such-package; platform_system == 'Nowhere' and extra == 'fine'",
        ]
    )

    assert {extra.name: extra.missing for extra in extras} == {
        "fine": (),
        "old": ("numpy",),
        "absent": ("no-such-package",),
    }


@pytest.mark.parametrize(("limit", "quota"), [("max 100000", None), ("150000 100000\n", 1.5)])
def test_a_container_gets_the_time_of_some_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, quota: float | None
) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(facts, "_CPU_QUOTA", tmp_path / "cpu.max")

    assert examine().processor.quota == quota


def test_a_container_has_the_memory_that_it_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "meminfo").write_text("MemTotal:        2000 kB\nMemAvailable:     500 kB\n")
    monkeypatch.setattr(facts, "_MEMORY_LIMIT", tmp_path / "memory.max")
    monkeypatch.setattr(facts, "_MEMORY", tmp_path / "meminfo")

    machine = examine()

    assert (machine.memory_bytes, machine.free_memory_bytes) == (1_000_000, 512_000)
