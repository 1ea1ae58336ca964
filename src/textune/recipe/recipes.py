"""Recipe files: shipped by name or written by the user, read, overridden and written as TOML.

In: a recipe's name or file, and settings that override it. Out: a checked `Recipe`, or one `RecipeError` that
lists all faults; a recipe as TOML with its documentation. Does not know how the settings are carried out.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from textune.errors import MissingExtraError, RecipeError, RequestError
from textune.extras import check_extra, has_keras
from textune.recipe.settings import DataSettings, Section
from textune.recipe.settings import Recipe as Recipe
from textune.wording import plain_fault

_SHIPPED = resources.files("textune") / "recipe" / "shipped"


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes, sorted."""
    return sorted(
        file.name.removesuffix(".toml") for file in _SHIPPED.iterdir() if file.name.endswith(".toml")
    )


def recipe_text(name: str) -> str:
    """Return the text of a shipped recipe or a recipe file; raise a `RecipeError` if there is none."""
    path = Path(name)
    if name in recipe_names():
        return (_SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    if path.suffix != ".toml" and not path.is_file():
        raise RecipeError(
            f"There is no recipe '{name}'.{_nearest(name, recipe_names())}",
            f"The recipes are {', '.join(recipe_names())}; give a recipe of your own as a .toml file.",
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"The recipe {path} cannot be read: {error}.", "Check its path and encoding."
        ) from error


def load_recipe(name: str, *, settings: Sequence[str] = ()) -> Recipe:
    """Read a recipe and override single settings.

    Args:
        name: A shipped recipe's name, or the path of a TOML file.
        settings: Overrides as `section.key=value`, later ones winning; values are read as TOML, and as
            plain text otherwise.

    Raises:
        RecipeError: The recipe or an override is wrong; the message lists all faults.

    Example:
        >>> load_recipe("frozen", settings=["train.seed=3"]).train.seed
        3
    """
    try:
        values = tomllib.loads(recipe_text(name))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The recipe {name} is not valid TOML: {error}.", "Fix that line.") from error
    return check_recipe(values, origin=name, settings=settings)


def check_recipe(values: Mapping[str, Any], *, origin: str, settings: Sequence[str] = ()) -> Recipe:
    """Build a recipe from nested values and overrides (see `load_recipe`); `origin` names it in errors."""
    merged = {key: dict(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    faults = [fault for setting in settings if (fault := _override(merged, setting))]
    try:
        recipe = Recipe.model_validate(merged)
    except ValidationError as error:
        # A setting of several types has a fault for each; the first says enough.
        by_setting = {tuple(fault["loc"][:2]) or fault["msg"]: fault for fault in reversed(error.errors())}
        faults += [_describe(fault) for fault in reversed(by_setting.values())]
    if faults:
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise RecipeError(
            f"The recipe {origin} has {count}:\n" + "\n".join(f"  - {fault}" for fault in faults),
            "`textune recipes --settings` lists all settings.",
        )
    return recipe


def resolve_recipe(
    recipe: str | Recipe,
    *,
    model: str | None = None,
    data: str | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
) -> Recipe:
    """Return a recipe, or that of a shipped name or TOML file, with its overrides.

    They are `model.name`, `data.source`, `train.seed` and further settings, see `load_recipe`.
    """
    values = {"model.name": model, "data.source": data, "train.seed": seed}
    overrides = [f"{key}={json.dumps(value)}" for key, value in values.items() if value is not None]
    if isinstance(recipe, Recipe):
        own = {**recipe.model_dump(), "search": recipe.search}
        return check_recipe(own, origin="custom", settings=[*overrides, *settings])
    return load_recipe(recipe, settings=[*overrides, *settings])


def override_data(recipe: Recipe, settings: Sequence[str]) -> tuple[DataSettings, set[str]]:
    """Return a recipe's settings of data with overrides, and the names of those that were overridden.

    Raises:
        RequestError: A setting is not one of data, or is wrong.
    """
    keys = [setting.partition("=")[0].strip() for setting in settings]
    other = next((setting for setting, key in zip(settings, keys, strict=True) if key[:5] != "data."), None)
    if other is not None:
        raise RequestError(
            f"'{other}' does not say how data is read.",
            "Only settings of data apply here, for instance --set data.separator=tab",
        )
    return resolve_recipe(recipe, settings=settings).data, {key.removeprefix("data.") for key in keys}


def reading_options(data: DataSettings) -> list[str]:
    """Return the options that read a source as these settings do, such as `--set data.header=false`.

    Example:
        >>> reading_options(DataSettings(source="posts.csv", text_column="Body", header=False))
        ['--set data.text_column=Body', '--set data.header=false']
    """
    own = {"source", "text_separator", "validation_fraction", "test_fraction", "split_seed"}
    changed = {
        key: value
        for key, value in data.model_dump(exclude=own).items()
        if value != DataSettings.model_fields[key].get_default(call_default_factory=True)
    }
    if data.separator == "\t":
        changed["separator"] = "tab"
    return [f"--set {shlex.quote(f'data.{key}={_written(value)}')}" for key, value in changed.items()]


def check_extras(recipe: Recipe) -> None:
    """Raise a `RequestError` with the line that installs it if a package that the recipe needs is missing."""
    if recipe.model.lora_rank:
        check_extra("peft", "lora", "A low-rank update (model.lora_rank)")
    if recipe.train.engine == "keras" and not has_keras():
        raise MissingExtraError("tensorflow", "The Keras engine (train.engine = 'keras')")
    tracker = recipe.train.report_to
    if tracker != "none" and importlib.util.find_spec(tracker) is None:
        raise RequestError(
            f"train.report_to = '{tracker}' needs the package {tracker}, which is not installed.",
            f"Install it with: pip install {tracker}",
        )


def dump_recipe(recipe: Recipe) -> str:
    """Return a recipe as TOML, every setting with its documentation as a comment."""
    lines = [f"description = {_toml(recipe.description)}"]
    for name, section in recipe:
        if isinstance(section, Section):
            lines += ["", f"[{name}]"]
            for key, field in type(section).model_fields.items():
                lines += [f"# {field.description}", f"{key} = {_toml(getattr(section, key))}"]
    return "\n".join(lines) + "\n"


def _override(values: dict[str, Any], setting: str) -> str:
    key, equals, text = setting.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and name):
        return f"'{setting}' is not of the form section.key=value, for instance train.seed=1"
    part = values.setdefault(section, {})
    if not isinstance(part, dict):
        return f"{section} is not a section, so {key.strip()} cannot be set"
    part[name] = _read(text)
    return ""


def _read(text: str) -> Any:
    """Return the value of an override: TOML, or else plain text."""
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _written(value: Any) -> str:
    """Return what `_read` reads as a value: plain text if that is enough."""
    return value if isinstance(value, str) and _read(value) == value else _toml(value)


def _describe(fault: Any) -> str:
    place = [str(part) for part in fault["loc"]]
    where, value = ".".join(place[:2]), fault["input"]
    if fault["type"] == "extra_forbidden":
        section = Recipe.model_fields[place[0]].default if len(place) > 1 else None
        known = type(section).model_fields if isinstance(section, Section) else Recipe.model_fields
        return f"{where} is not a setting.{_nearest(place[-1], list(known), prefix=place[:-1])}"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    message = plain_fault(fault["msg"])
    message = message[0].lower() + message[1:]
    return f"{where} = {json.dumps(value, ensure_ascii=False, default=str)}: {message}"


def _nearest(name: str, known: Sequence[str], *, prefix: Sequence[str] = ()) -> str:
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {'.'.join([*prefix, matches[0]])}?" if matches else ""


def _toml(value: Any) -> str:
    # JSON's strings, numbers, booleans and flat lists are TOML as they stand, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
