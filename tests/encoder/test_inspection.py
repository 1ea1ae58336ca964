"""What a model's folder must hold before torch is imported, and the errors if it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from textune.encoder.loading import find_model
from textune.errors import ModelError


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "cannot be read as JSON"),
        (b"\xff\xfe{}", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"[]", "has no model_type"),
        (b"{}", "has no model_type"),
        (b'{"model_type": 7}', "has no model_type"),
        (b'{"model_type": "new", "auto_map": {"AutoModel": "code.Model"}}', "auto_map.*its own Python code"),
        (b'{"model_type": "bart", "is_encoder_decoder": true}', "is_encoder_decoder = true"),
        (b'{"model_type": "bert", "is_decoder": true}', "is_decoder = true"),
    ],
)
def test_a_configuration_of_no_plain_encoder_is_refused(bert: Path, content: bytes, complaint: str) -> None:
    (bert / "config.json").write_bytes(content)

    with pytest.raises(ModelError, match=complaint) as caught:
        find_model(str(bert))

    assert str(bert / "config.json") in caught.value.message


def test_a_folder_without_a_configuration_is_refused(bert: Path) -> None:
    (bert / "config.json").unlink()

    with pytest.raises(ModelError, match="has no config.json"):
        find_model(str(bert))


def test_a_folder_without_a_tokenizer_is_refused(bert: Path) -> None:
    (bert / "tokenizer.json").unlink()

    with pytest.raises(ModelError, match="has no tokenizer"):
        find_model(str(bert))


def test_a_folder_without_weights_is_refused(bert: Path) -> None:
    (bert / "model.safetensors").unlink()

    with pytest.raises(ModelError, match="has no weights"):
        find_model(str(bert))


def test_a_pickle_is_refused_with_the_reason_and_the_way_to_convert_it(bert: Path) -> None:
    (bert / "model.safetensors").rename(bert / "pytorch_model.bin")

    with pytest.raises(
        ModelError, match=r"only as a pickle \(pytorch_model.bin\).*can run its author's code"
    ) as caught:
        find_model(str(bert))

    assert "save_pretrained" in caught.value.hint


@pytest.mark.parametrize(
    ("files", "told", "advice"),
    [
        (["tf_model.h5"], r"only weights for TensorFlow \(tf_model.h5\)", "from_tf=True"),
        (["tf_model-00001-of-00002.h5", "tf_model-00002-of-00002.h5"], "for TensorFlow", "from_tf=True"),
        (["flax_model.msgpack", "model.onnx"], r"for Flax \(flax_model.msgpack\)", "from_flax=True"),
        (["adapter_model.safetensors", "adapter_config.json"], "an adapter", "merge_and_unload"),
        (["model.onnx"], r"for another program \(model.onnx\)", "safetensors"),
        (["model.fp16.safetensors"], r"under another name \(model.fp16.safetensors\)", "rename"),
    ],
)
def test_weights_of_another_kind_are_named_with_the_way_to_safetensors(
    bert: Path, files: list[str], told: str, advice: str
) -> None:
    (bert / "model.safetensors").unlink()
    for name in files:
        (bert / name).write_bytes(b"weights")

    with pytest.raises(ModelError, match=told) as caught:
        find_model(str(bert))

    assert str(bert) in caught.value.message
    assert advice in caught.value.hint


def test_a_pickle_beside_weights_of_tensorflow_is_the_shorter_way(bert: Path) -> None:
    (bert / "model.safetensors").rename(bert / "pytorch_model.bin")
    (bert / "tf_model.h5").write_bytes(b"weights")

    with pytest.raises(ModelError, match="only as a pickle"):
        find_model(str(bert))


def test_a_checkpoint_of_tensorflow_1_without_a_configuration_is_named(tmp_path: Path) -> None:
    for name in (
        "bert_config.json",
        "bert_model.ckpt.index",
        "bert_model.ckpt.data-00000-of-00001",
        "vocab.txt",
    ):
        (tmp_path / name).touch()

    with pytest.raises(ModelError, match=r"no config.json, and holds only weights for TensorFlow"):
        find_model(str(tmp_path))


@pytest.mark.parametrize(("written_by", "title"), [("tf", "TensorFlow"), ("flax", "Flax")])
def test_safetensors_of_another_framework_are_refused(bert: Path, written_by: str, title: str) -> None:
    path = bert / "model.safetensors"
    save_file(load_file(path), path, metadata={"format": written_by})

    with pytest.raises(ModelError, match=f"those of a {title} model"):
        find_model(str(bert))


@pytest.mark.parametrize("kept_bytes", [0, 7, 500, -1], ids=["all", "length", "header", "last byte"])
def test_a_weight_file_that_is_cut_short_is_detected(bert: Path, kept_bytes: int) -> None:
    path = bert / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept_bytes])

    with pytest.raises(ModelError, match="model.safetensors is damaged or incomplete"):
        find_model(str(bert))


def test_a_shard_that_is_cut_short_is_named(sharded_bert: Path) -> None:
    shard = sorted(sharded_bert.glob("model-*.safetensors"))[1]
    shard.write_bytes(shard.read_bytes()[:-1])

    with pytest.raises(ModelError, match=f"{shard.name} is damaged or incomplete"):
        find_model(str(sharded_bert))


def test_a_shard_that_is_missing_is_named(sharded_bert: Path) -> None:
    shard = sorted(sharded_bert.glob("model-*.safetensors"))[1]
    shard.unlink()

    with pytest.raises(ModelError, match=f"do not exist: {shard.name}"):
        find_model(str(sharded_bert))


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": [1]}'])
def test_a_damaged_index_of_shards_is_refused(sharded_bert: Path, content: str) -> None:
    (sharded_bert / "model.safetensors.index.json").write_text(content)

    with pytest.raises(ModelError, match="model.safetensors.index.json"):
        find_model(str(sharded_bert))


def test_an_index_that_points_out_of_the_folder_is_refused(sharded_bert: Path) -> None:
    shard = sorted(sharded_bert.glob("model-*.safetensors"))[0]
    shard.rename(sharded_bert.parent / "outside.safetensors")
    index = '{"weight_map": {"pooler.dense.bias": "../outside.safetensors"}}'
    (sharded_bert / "model.safetensors.index.json").write_text(index)

    with pytest.raises(ModelError, match="names no weight files in its folder"):
        find_model(str(sharded_bert))
