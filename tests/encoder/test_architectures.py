"""What some architectures need to give each text its own result, and which are refused for what reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from observers import Notes
from textune.context import Context
from textune.encoder.loading import find_model, load_encoder, load_stock_model, load_tokenizer, token_limit
from textune.encoder.placement import Placement
from textune.encoder.prefix import Pooling, encode
from textune.errors import ModelError
from tiny_models import MAX_TOKENS, build_tiny_model, change_json, change_weights, known

CPU = Placement("cpu", "fp32", "eager")
SHORT, LONG = [2, *range(40, 46), 3], [2, *range(60, 100), 3]


def mean_of_all_layers(encoder: Any, *rows: list[int]) -> np.ndarray:
    return encode(encoder, rows, pooling=Pooling("mean", (0, 1, 2)), padding_id=0, placement=CPU)


def test_bigbird_reads_a_text_alike_whatever_is_beside_it_or_came_before(
    tiny_models: Callable[[str], Path],
) -> None:
    folder = find_model(str(tiny_models("big_bird")))
    together = mean_of_all_layers(load_encoder(folder), SHORT, LONG)

    encoder = load_encoder(folder)
    alone = np.concatenate([mean_of_all_layers(encoder, SHORT), mean_of_all_layers(encoder, LONG)])

    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_bigbird_gives_what_transformers_gives_with_full_attention(
    tiny_models: Callable[[str], Path],
) -> None:
    from transformers import AutoModel

    folder = tiny_models("big_bird")
    full = AutoModel.from_pretrained(folder, attention_type="original_full").eval()

    with torch.inference_mode():
        expected = full(input_ids=torch.tensor([LONG])).last_hidden_state.mean(1)

    features = encode(
        load_encoder(find_model(str(folder))), [LONG], pooling=Pooling("mean"), padding_id=0, placement=CPU
    )
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_the_change_of_bigbirds_attention_is_noted(tiny_models: Callable[[str], Path]) -> None:
    notes = Notes()

    find_model(str(tiny_models("big_bird")), ctx=Context(notes))

    assert "attend to each other" in " ".join(notes.notes)


@pytest.mark.parametrize("row", [SHORT, LONG], ids=["shorter than the window", "longer"])
def test_longformers_encoder_gives_the_first_token_what_its_classifier_gives(
    tiny_models: Callable[[str], Path], row: list[int]
) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = tiny_models("longformer")
    stock = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = torch.tensor([row])

    encoder = load_encoder(find_model(str(folder)))

    with torch.inference_mode():
        expected = stock(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        actual = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("mra", "a program that transformers downloads"),
        ("yoso", "a program that transformers downloads"),
        ("reformer", "one vector of width 16 per token"),
        ("funnel", "one vector of width 16 per token"),
        ("nystromformer", "does not run on token ids alone"),
        ("perceiver", "does not run on token ids alone"),
    ],
)
def test_an_encoder_without_a_vector_per_token_is_refused_with_the_reason(
    tiny_models: Callable[[str], Path], architecture: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=f"'{architecture}'.*{reason}"):
        load_encoder(find_model(str(tiny_models(architecture))))


def test_an_encoder_that_draws_random_numbers_is_refused(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.models.bert.modeling_bert import BertLayer

    forward = BertLayer.forward
    monkeypatch.setattr(
        BertLayer, "forward", lambda *inputs, **named: forward(*inputs, **named) + torch.rand(())
    )

    with pytest.raises(ModelError, match="'bert'.*computes with random numbers"):
        load_encoder(find_model(str(bert)))


@pytest.mark.parametrize("architecture", known("modernvbert", "ultravbert"))
def test_an_encoder_of_texts_and_pictures_is_refused(bert: Path, architecture: str) -> None:
    (bert / "config.json").write_text(json.dumps({"model_type": architecture}))

    with pytest.raises(ModelError, match=f"'{architecture}' reads more than texts"):
        load_tokenizer(find_model(str(bert)))


def test_xmod_without_a_language_is_refused_with_the_reason(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path, "xmod")
    change_json(folder / "config.json", default_language=None)

    with pytest.raises(ModelError, match="default_language is None, and the model knows en_XX"):
        load_encoder(find_model(str(folder)))


def test_code_beside_an_architecture_of_transformers_is_passed_over_with_a_note(
    bert: Path, tiny_models: Callable[[str], Path]
) -> None:
    (bert / "modeling.py").write_text("raise AssertionError('remote code was run')")
    change_json(
        bert / "config.json", auto_map={"AutoModel": "modeling.Model", "AutoConfig": "modeling.Config"}
    )
    notes = Notes()

    folder = find_model(str(bert), ctx=Context(notes))

    assert "its own Python code (auto_map in config.json), which textune never runs" in " ".join(notes.notes)
    assert "transformers' own 'bert'" in " ".join(notes.notes)
    encoder, plain = load_encoder(folder), load_encoder(find_model(str(tiny_models("bert"))))
    assert np.array_equal(mean_of_all_layers(encoder, LONG), mean_of_all_layers(plain, LONG))
    assert not hasattr(encoder.config, "auto_map")


@pytest.mark.parametrize("empty", [{}, None])
def test_an_auto_map_that_names_no_code_is_not_mentioned(bert: Path, empty: Any) -> None:
    change_json(bert / "config.json", auto_map=empty)
    notes = Notes()

    find_model(str(bert), ctx=Context(notes))

    assert not notes.notes


def test_a_tokenizer_with_code_of_its_own_beside_a_known_one_is_loaded_without_it(bert: Path) -> None:
    change_json(bert / "tokenizer_config.json", auto_map={"AutoTokenizer": [None, "tokenizing.Tokenizer"]})
    (bert / "tokenizing.py").write_text("raise AssertionError('remote code was run')")

    assert load_tokenizer(find_model(str(bert)))("so happy")["input_ids"]


def test_weights_for_a_models_own_code_are_refused_with_that_reason(bert: Path) -> None:
    change_json(bert / "config.json", auto_map={"AutoModel": "modeling.Model"})
    change_weights(bert, lambda tensors: {f"mixer.{name}": tensor for name, tensor in tensors.items()})

    with pytest.raises(ModelError, match="lack") as caught:
        load_encoder(find_model(str(bert)))

    assert "laid out for the Python code that comes with the model" in caught.value.hint


@pytest.mark.parametrize("architecture", ["bert", "roberta", "longformer", "mpnet"])
def test_a_padding_token_that_the_configuration_leaves_out_is_the_tokenizers(
    architecture: str, tiny_models: Callable[[str], Path], tmp_path: Path
) -> None:
    known = find_model(str(tiny_models(architecture)))
    build_tiny_model(tmp_path, architecture)
    change_json(tmp_path / "config.json", pad_token_id=None)

    folder = find_model(str(tmp_path))
    tokenizer = load_tokenizer(folder)
    encoder = load_encoder(folder)

    assert token_limit(tokenizer, folder.config) == token_limit(tokenizer, known.config) == MAX_TOKENS
    assert encoder.config.pad_token_id == tokenizer.pad_token_id
    vectors = mean_of_all_layers(encoder, SHORT, LONG)
    np.testing.assert_array_equal(vectors, mean_of_all_layers(load_encoder(known), SHORT, LONG))
    assert load_stock_model(folder, label_names=["a", "b"], seed=0)
