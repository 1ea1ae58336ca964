"""A run's classifier and card are uploaded to a stand-in for the Hub, or refused."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import textune
from hub_receiver import GOOD_TOKEN, OTHER_TOKEN, HubReceiver, Repository, push_command, receive_uploads
from textune.errors import HubError, RequestError
from textune.run.layout import open_run


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "mine"
    settings = ["evaluate.bootstrap_samples=100", "train.num_train_epochs=3"]
    return textune.train("paper", model=tiny_distilbert, data=small_csv, out=out, settings=settings).run


@pytest.fixture
def hub() -> Iterator[HubReceiver]:
    with receive_uploads() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def pushed(run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files that a push has uploaded, and what the command printed."""
    with receive_uploads() as hub:
        home = tmp_path_factory.mktemp("home")
        done = push_command(run, "me/emotion", "--json", endpoint=hub.endpoint, home=home, token=GOOD_TOKEN)
        assert done.returncode == 0, done.stderr
        return hub.repositories["me/emotion"].files, json.loads(done.stdout)


@pytest.fixture
def card(run: Path) -> Iterator[Path]:
    """The run's model card, which a test may change."""
    file = open_run(run).card
    whole = file.read_bytes()
    yield file
    file.write_bytes(whole)


def test_the_model_and_its_card_are_uploaded_whole_and_nothing_else(
    run: Path, pushed: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    received, printed = pushed

    model = {path.relative_to(run / "model").as_posix(): path for path in (run / "model").rglob("*")}
    assert {name: received[name] for name in model} == {
        name: path.read_bytes() for name, path in model.items()
    }
    assert received.keys() - model.keys() == {"README.md"}
    assert printed["repository"] == "me/emotion"


def test_the_uploaded_card_names_the_repository(pushed: tuple[dict[str, bytes], dict[str, Any]]) -> None:
    uploaded = pushed[0]["README.md"].decode()

    assert 'model="me/emotion"' in uploaded
    assert "OWNER/NAME" not in uploaded


def test_what_is_uploaded_loads_and_classifies_as_the_run_does(
    run: Path, pushed: tuple[dict[str, bytes], dict[str, Any]], tmp_path: Path
) -> None:
    for name, content in pushed[0].items():
        (tmp_path / name).write_bytes(content)

    probabilities = textune.load_folder(tmp_path).predict_proba(["so happy and fun"])

    assert probabilities.tolist() == textune.load(run).predict_proba(["so happy and fun"]).tolist()


def test_a_card_that_its_owner_has_changed_is_uploaded_as_it_is(
    run: Path, card: Path, hub: HubReceiver, tmp_path: Path
) -> None:
    text = card.read_text(encoding="utf-8")
    card.write_text(text.replace("---\n", "---\nlicense: mit\n", 1), encoding="utf-8")

    done = push_command(
        run, "me/emotion", "--private", "--token", GOOD_TOKEN, endpoint=hub.endpoint, home=tmp_path
    )

    assert done.returncode == 0, done.stderr
    assert b"license: mit" in hub.repositories["me/emotion"].files["README.md"]
    assert hub.repositories["me/emotion"].private
    assert "names no licence" not in done.stdout


def test_a_public_repository_is_not_written_to_where_a_private_one_is_asked_for(
    run: Path, hub: HubReceiver, tmp_path: Path
) -> None:
    hub.repositories["me/open"] = Repository(private=False)

    done = push_command(run, "me/open", "--private", endpoint=hub.endpoint, home=tmp_path, token=GOOD_TOKEN)

    assert done.returncode == 2
    assert "exists already and is public" in done.stderr
    assert hub.repositories["me/open"].files == {}


@pytest.mark.parametrize(
    ("token", "repository", "message"),
    [
        ("hf_expired", "me/emotion", "does not accept the token"),
        (OTHER_TOKEN, "me/emotion", "may not write to me/emotion"),
        (GOOD_TOKEN, "you/emotion", "may not write to you/emotion"),
    ],
)
def test_a_refusal_is_reported_in_a_sentence_without_the_token(
    run: Path, hub: HubReceiver, tmp_path: Path, token: str, repository: str, message: str
) -> None:
    done = push_command(run, repository, endpoint=hub.endpoint, home=tmp_path, token=token)

    assert done.returncode == 2
    assert message in done.stderr
    assert token not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_that_is_not_there_is_reported(run: Path, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"

        done = push_command(run, "me/emotion", endpoint=endpoint, home=tmp_path, token=GOOD_TOKEN)

    assert done.returncode == 2
    assert f"The Hub at {endpoint} cannot be reached" in done.stderr


def test_offline_mode_is_reported_before_anything_is_tried(run: Path) -> None:
    with pytest.raises(HubError, match="Offline mode is on"):
        textune.push(run, "me/emotion", token=GOOD_TOKEN)


def test_a_missing_token_is_reported_with_how_to_get_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)

    with pytest.raises(HubError, match="No token for the Hub") as caught:
        textune.push(run, "me/emotion")
    assert "hf auth login" in caught.value.hint


def test_a_name_that_no_repository_can_have_is_reported(run: Path) -> None:
    with pytest.raises(RequestError, match="'a/b/c' is not a valid repository name"):
        textune.push(run, "a/b/c")


def test_a_card_whose_metadata_are_broken_is_reported(
    run: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    card.write_text("---\nlicense: [\n---\n", encoding="utf-8")

    with pytest.raises(RequestError, match=r"README.md cannot be read"):
        textune.push(run, "me/emotion", token=GOOD_TOKEN)
