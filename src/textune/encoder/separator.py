"""What stands between the texts of several columns: the model's own separator token.

In: a recipe, or the folder of a saved classifier. Out: the recipe with the separator, or the separator. It is
recorded with a run, so that whatever reads texts for the run joins them alike.
"""

from __future__ import annotations

import json
from pathlib import Path

from textune.context import Context
from textune.errors import RequestError
from textune.recipe.settings import DataSettings, Recipe

_WITHOUT_TOKEN = "\n"


def resolve_separator(recipe: Recipe, ctx: Context) -> Recipe:
    """Return a recipe with its model's separator, if it joins columns and names none.

    Errors are those of `find_model` and `load_tokenizer`.
    """
    if not recipe.data.joins_columns or recipe.data.text_separator:
        return recipe
    from textune.encoder.loading import find_model, load_tokenizer

    weights = find_model(recipe.model.name, revision=recipe.model.revision, ctx=ctx)
    data = _with_separator(recipe.data, load_tokenizer(weights).sep_token)
    return recipe.model_copy(update={"data": data})


def stored_separator(data: DataSettings, model: Path) -> DataSettings:
    """Return a recipe's settings of data with the separator of a saved classifier; see `resolve_separator`.

    Raises:
        RequestError: The folder holds no tokenizer that says it.
    """
    if not data.joins_columns or data.text_separator:
        return data
    places = [folder / "tokenizer_config.json" for folder in (model, model / "encoder")]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        raise RequestError(
            f"{model} does not say what stands between the texts of several columns.",
            "Give it, for instance: --set 'data.text_separator= [SEP] '",
        )
    token = json.loads(place.read_text(encoding="utf-8")).get("sep_token")
    return _with_separator(data, token["content"] if isinstance(token, dict) else token)


def _with_separator(data: DataSettings, token: str | None) -> DataSettings:
    separator = f" {token} " if token else _WITHOUT_TOKEN
    return data.model_copy(update={"text_separator": separator})
