"""The model card: what machines read, what people read, and what stays out of it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, metadata_load

from made_results import made_results
from textune.encoder.embedded import EMBEDDED_MODELS, EmbeddedModel
from textune.report.card import render_card


def metadata_of(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    """Return a card's metadata as the Hub's library reads it."""
    file = tmp_path / "README.md"
    file.write_text(render_card(made_results(**changes)), encoding="utf-8")
    metadata: dict[str, Any] = metadata_load(file)
    return metadata


def on_hub(source: str, *, model: str = "distilbert/distilbert-base-uncased") -> dict[str, Any]:
    """Return changes that make results those of a model and data on the Hub."""
    origin = {
        **made_results().origin.to_json(),
        "model": {"name": model, "revision": "c" * 40, "weights_sha256": "a" * 64},
    }
    return {"document": {"source": source, "model": model}, "origin": origin}


def test_the_hubs_library_reads_the_metrics_back() -> None:
    run = made_results("runs/mine")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = ModelCard(render_card(run)).data

    values = {result.metric_type: result.metric_value for result in data.eval_results}
    assert values == {
        "accuracy": round(run.test.values["accuracy"], 4),
        "f1": round(run.test.values["macro_f1"], 4),
        "loss": round(run.test.values["log_loss"], 4),
    }
    assert data.model_name == "mine"
    assert {result.dataset_split for result in data.eval_results} == {"test"}


def test_the_metadata_say_what_it_is_and_leave_the_licence_to_the_owner(tmp_path: Path) -> None:
    metadata = metadata_of(tmp_path)

    assert metadata["pipeline_tag"] == "text-classification"
    assert metadata["metrics"] == ["accuracy", "f1"]
    assert metadata["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert "license" not in metadata


@pytest.mark.parametrize("model", EMBEDDED_MODELS.values(), ids=lambda model: str(model.name))
def test_the_card_of_an_embedded_model_names_its_origin_and_its_licence(
    model: EmbeddedModel, tmp_path: Path
) -> None:
    metadata = metadata_of(tmp_path, document={"model": model.name})

    assert metadata["base_model"] == model.hub_name
    assert f"https://huggingface.co/{model.hub_name}) (licence: Apache-2.0)" in (
        tmp_path / "README.md"
    ).read_text(encoding="utf-8")


def test_the_card_of_another_model_names_no_licence_of_it(tmp_path: Path) -> None:
    metadata_of(tmp_path, **on_hub("cardiffnlp/tweet_eval:emotion"))

    assert "(licence:" not in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_model_and_data_of_the_hub_are_linked(tmp_path: Path) -> None:
    metadata = metadata_of(tmp_path, **on_hub("cardiffnlp/tweet_eval:emotion"))

    dataset = metadata["model-index"][0]["results"][0]["dataset"]
    assert metadata["base_model"] == "distilbert/distilbert-base-uncased"
    assert metadata["datasets"] == ["cardiffnlp/tweet_eval"]
    assert (dataset["type"], dataset["config"]) == ("cardiffnlp/tweet_eval", "emotion")


def test_a_folder_that_is_named_like_data_on_the_hub_is_not_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "posts").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    metadata = metadata_of(tmp_path, document={"source": "data/posts"})

    assert "datasets" not in metadata


def test_paths_of_this_computer_and_texts_of_the_data_stay_out_of_it() -> None:
    run = made_results(
        "/home/someone/runs/mine",
        document={"model": "/home/someone/models/base", "recipe": "/home/someone/my.toml"},
    )

    card = render_card(run)

    assert "/home/someone" not in card
    assert "made text" not in card
    assert "posts.csv" in card


def test_the_card_says_how_certain_the_metrics_are_and_where_the_model_is_weak() -> None:
    run = made_results()
    low, high = run.test.intervals["accuracy"]

    card = render_card(run)

    assert f"{run.test.values['accuracy'] * 100:.1f} % ±{(high - low) / 2 * 100:.1f}" in card
    assert "It is weakest on" in card
    assert "Texts are truncated after 128 tokens." in card


def test_a_stock_head_is_loaded_with_transformers_and_another_with_textune() -> None:
    stock, linear = (render_card(made_results(head=head)) for head in ("stock", "linear"))

    assert 'pipeline("text-classification", model="OWNER/NAME")' in stock
    assert "textune.load_folder" not in stock
    assert 'textune.load_folder(snapshot_download("OWNER/NAME"))' in linear


def test_labels_that_are_markdown_or_yaml_are_shown_as_they_are(tmp_path: Path) -> None:
    labels = ("a|b", "<script>x</script>", "line\nend: [\n---\n")

    card = render_card(made_results(labels=labels))

    assert r"| a\|b |" in card
    assert "<script>" not in card
    assert ModelCard(card).data.pipeline_tag == "text-classification"
    assert r"| line end: \[ --- |" in card


def test_a_run_named_like_yaml_is_quoted(tmp_path: Path) -> None:
    metadata = metadata_of(tmp_path, path='runs/no: "[x')

    assert metadata["model-index"][0]["name"] == 'no: "[x'


def test_a_text_of_several_columns_is_described() -> None:
    recipe = '[data]\ntext_column = ["Title", "Body"]\ntext_separator = " [SEP] "\n'

    card = render_card(made_results(recipe_text=recipe))

    assert "A text is made of several columns: 'Title \\[SEP\\] Body'." in card


def test_a_text_of_one_column_is_not() -> None:
    assert "several columns" not in render_card(made_results())
