"""`textune serve` on the command line: what it passes on, and what it says if something cannot be served."""

from __future__ import annotations

import gc
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from serving_process import tiny_run
from textune.logbook.log_options import LogOptions
from textune.serving.limits import Limits


@pytest.fixture(autouse=True)
def process_as_it_was() -> Iterator[None]:
    """Undo what a server does to its process: signals, threads, what is kept from garbage collection."""
    handler, threads = signal.getsignal(signal.SIGTERM), torch.get_num_threads()
    yield
    signal.signal(signal.SIGTERM, handler)
    torch.set_num_threads(threads)
    gc.unfreeze()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asks of `commands.serve`, which is not run."""
    options: dict[str, Any] = {}
    monkeypatch.setattr("textune.commands.serve.serve", lambda run, **others: options.update(others, run=run))
    return options


def test_without_options_it_serves_this_computer_alone(textune_command: Any, asked: dict[str, Any]) -> None:
    assert textune_command("serve", "runs/mine").code == 0

    assert (asked["run"], asked["host"], asked["port"]) == (Path("runs/mine"), "127.0.0.1", None)
    assert asked["api_keys"] == ()
    assert asked["limits"] == Limits()


def test_limits_are_handed_on(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine", "--max-queue", "7", "--timeout", "1.5", "--max-body", "100")

    assert asked["limits"] == Limits(queued_texts=7, timeout_seconds=1.5, texts=7, body_bytes=100)


def test_the_runtime_is_passed_on(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine", "--runtime", "onnx")

    assert asked["runtime"] == "onnx"


def test_protocols_and_the_models_name_are_passed_on(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine", "--protocols", "oip, vllm", "--model-name", "acme/emotion")

    assert (asked["protocols"], asked["model_name"]) == (["oip", "vllm"], "acme/emotion")


def test_in_a_container_the_environment_says_what_is_served_and_where(
    textune_command: Any, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_RUN", "/opt/ml/model")
    monkeypatch.setenv("TEXTUNE_HOST", "0.0.0.0")
    monkeypatch.setenv("TEXTUNE_PORT", "8080")
    monkeypatch.setenv("TEXTUNE_PROTOCOLS", "sagemaker")

    assert textune_command("serve").code == 0

    assert (asked["run"], asked["host"], asked["port"]) == (Path("/opt/ml/model"), "0.0.0.0", 8080)
    assert asked["protocols"] == ["sagemaker"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--protocols", "oip,grpc"), "error: There is no protocol 'grpc'.\nThe protocols are: hf, kserve, "),
        (("--model-name", "a b"), "error: --model-name 'a b' cannot be a model's name.\nGive letters, "),
        (("--model-name", "a/../b"), "error: --model-name 'a/../b' cannot be a model's name.\n"),
    ],
)
def test_a_protocol_or_a_name_that_cannot_be_is_refused_before_anything_is_loaded(
    textune_command: Any, options: tuple[str, ...], message: str
) -> None:
    outcome = textune_command("serve", "no/such/run", *options)

    assert outcome.code == 2
    assert outcome.err.startswith(message)


def test_keys_may_be_several(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine", "--api-key", "one", "--api-key", "two")

    assert asked["api_keys"] == ["one", "two"]


def test_a_key_may_come_from_the_environment(
    textune_command: Any, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_API_KEY", "a-key")

    textune_command("serve", "runs/mine")

    assert asked["api_keys"] == ("a-key",)


def test_keys_that_are_given_take_the_place_of_the_environments(
    textune_command: Any, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_API_KEY", "a-key")

    textune_command("serve", "runs/mine", "--api-key", "another")

    assert asked["api_keys"] == ["another"]


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_variable_without_a_key_in_it_opens_no_server(
    textune_command: Any, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, blank: str
) -> None:
    monkeypatch.setenv("TEXTUNE_API_KEY", blank)

    outcome = textune_command("serve", "runs/mine")

    assert outcome.code == 2
    assert outcome.err == (
        "error: TEXTUNE_API_KEY is set but empty.\nSet it to a key, or unset it to serve without a key.\n"
    )
    assert asked == {}


@pytest.mark.parametrize("key", ["two words", "blank-after ", " blank-before", "line-end\n"])
def test_the_environments_key_is_one_and_holds_no_blank(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TEXTUNE_API_KEY", key)

    outcome = textune_command("serve", "runs/mine", "--port", "0")

    assert outcome.code == 2
    assert "An API key is empty, or has blanks" in outcome.err


@pytest.mark.parametrize("key", ["", " ", "k\u00e9", "a\tb", "abc ", " abc", "a bc", "abc\n"])
def test_a_key_that_no_client_can_send_is_refused(textune_command: Any, key: str) -> None:
    outcome = textune_command("serve", "runs/mine", "--port", "0", "--api-key", key)

    assert outcome.code == 2
    assert "An API key is empty, or has blanks or other characters that a bearer" in outcome.err


def test_a_key_that_is_refused_is_not_printed(textune_command: Any) -> None:
    outcome = textune_command("serve", "runs/mine", "--port", "0", "--api-key", "kept private")

    assert "private" not in outcome.out + outcome.err


def test_an_address_of_another_computer_is_refused(textune_command: Any) -> None:
    # Of the addresses that are kept for documentation (RFC 5737).
    outcome = textune_command("serve", "runs/mine", "--host", "192.0.2.1", "--port", "8000")

    assert outcome.code == 2
    assert "The address 192.0.2.1, port 8000, cannot be used" in outcome.err


def test_a_port_in_use_is_refused_before_anything_is_loaded(textune_command: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = textune_command("serve", "no/such/run", "--port", port)

    assert outcome.code == 2
    assert outcome.err == (
        f"error: The address 127.0.0.1, port {port}, cannot be used: Address already in use.\n"
        "Give another port with --port, or 0 for any that is free.\n"
    )


def test_a_folder_that_is_not_a_run_is_refused(textune_command: Any, tmp_path: Path) -> None:
    outcome = textune_command("serve", tmp_path, "--port", "0")

    assert outcome.code == 2
    assert "is not a complete run" in outcome.err


def test_the_address_is_all_that_is_printed(
    textune_command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(server: Any, bound: socket.socket) -> bool:
        server._on_ready()
        return True

    monkeypatch.setattr("textune.serving.server.Server.run_on", begin)

    outcome = textune_command("serve", tiny_run(tmp_path), "--port", "0")

    assert outcome.code == 0
    assert outcome.out.startswith(f"Serving {tmp_path / 'run'} at http://127.0.0.1:")
    [line] = outcome.err.splitlines()
    assert json.loads(line)["message"].startswith("Serving with torch.")


def test_a_server_that_was_ended_at_once_says_so(
    textune_command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.serving.server.Server.run_on", lambda server, bound: False)

    outcome = textune_command("serve", tiny_run(tmp_path), "--port", "0")

    assert outcome.code == 130
    assert outcome.err.endswith("}\nStopped at once. Some requests may have no answer.\n")


def test_a_server_for_all_the_world_without_a_key_warns(
    textune_command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.serving.server.Server.run_on", lambda server, bound: True)

    outcome = textune_command("serve", tiny_run(tmp_path), "--port", "0", "--host", "0.0.0.0")

    assert "No API key is set" in outcome.err


def test_without_the_extra_the_error_names_the_line_that_installs_it(
    textune_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.commands.serve._PACKAGES", ("no_such_package",))

    outcome = textune_command("serve", "runs/mine")

    assert outcome.code == 2
    assert "pip install 'textune[serve]'" in outcome.err


def test_origins_may_be_several(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine", "--cors", "https://a.example", "--cors", "http://localhost:3000")

    assert asked["cors"] == ["https://a.example", "http://localhost:3000"]


def test_by_default_no_origin_is_let_in(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine")

    assert asked["cors"] == ()


def test_what_is_not_an_origin_is_refused_before_anything_is_loaded(textune_command: Any) -> None:
    outcome = textune_command("serve", "no/such/run", "--cors", "https://a.example/page")

    assert outcome.code == 2
    assert "--cors 'https://a.example/page' is not an origin" in outcome.err
    assert "Give --cors https://a.example" in outcome.err


def test_by_default_nothing_is_kept_of_what_is_predicted(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine")

    assert asked["keep"] is None


def test_what_is_to_be_kept_is_handed_on(textune_command: Any, asked: dict[str, Any]) -> None:
    textune_command("serve", "runs/mine", "--log", "kept")
    usual = asked["keep"]
    options = ("--sample", "0.1", "--log-texts", "--log-megabytes", "50")
    textune_command("serve", "runs/mine", "--log", "kept", *options)

    assert usual == LogOptions(Path("kept"))
    assert asked["keep"] == LogOptions(Path("kept"), sample=0.1, texts=True, megabytes=50)


@pytest.mark.parametrize("options", [["--sample", "0.1"], ["--log-texts"], ["--log-megabytes", "50"]])
def test_what_a_log_keeps_needs_a_log(textune_command: Any, options: list[str]) -> None:
    outcome = textune_command("serve", "runs/mine", *options)

    assert outcome.code == 2
    assert "--log is missing" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sample", "0"], "--sample is 0, and must be above 0"),
        (["--sample", "1.5"], "--sample is 1.5, and must be above 0"),
        (["--sample", "nan"], "--sample is nan, and must be above 0"),
        (["--log-megabytes", "9"], "at least 10"),
        (["--label-studio"], "it learns all the time"),
    ],
)
def test_a_log_that_makes_no_sense_is_refused_before_anything_is_loaded(
    textune_command: Any, tmp_path: Path, options: list[str], message: str
) -> None:
    outcome = textune_command("serve", "runs/mine", "--log", tmp_path / "log", *options)

    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert [*tmp_path.iterdir()] == []


def test_a_file_is_no_place_for_a_log(textune_command: Any, tmp_path: Path) -> None:
    (tmp_path / "log").touch()

    outcome = textune_command("serve", "runs/mine", "--log", tmp_path / "log")

    assert outcome.code == 2
    assert "which is not a folder" in " ".join(outcome.err.split())
