"""What options and arguments can be, for the completion of shells; needs no library but those of recipes.

In: a parameter of a command. Out: its values, each with its help. A placeholder such as `hour|day` lists
them; else the parameter's name stands for them, or its placeholder does: `FILE` and `RUN` are for the shell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILES, FOLDERS = "<files>", "<folders>"
"""Instead of values: the shell completes the names of files, or of folders."""

OptionValues = dict[str, str]

_PLACEHOLDERS = {
    "FILE": FILES,
    "FILE.svg": FILES,
    "OUT": FILES,
    "DIR": FOLDERS,
    "FOLDER": FOLDERS,
    "RUN": FOLDERS,
}
_SOURCES = ("DATA", "POOL", "NEW", "SOURCE")


def option_values(parameter: Any, incomplete: str) -> OptionValues:
    """Return the values of a parameter that may follow a beginning; none where any text will do."""
    placeholder = (parameter.metavar or "").strip("[].")
    words = placeholder.split("|")
    if len(words) > 1 and placeholder == placeholder.lower():
        return dict.fromkeys(words, "")
    if placeholder in _SOURCES:
        return _sources(incomplete)
    if find := VALUES.get(parameter.name):
        return find(incomplete)
    return {_PLACEHOLDERS[words[0]]: ""} if words[0] in _PLACEHOLDERS else {}


def _sources(_: str) -> OptionValues:
    return {"sample:emotion": "The shipped sample", FILES: ""}


def _recipes(_: str) -> OptionValues:
    from textune.recipe.recipes import load_recipe, recipe_names

    return {name: load_recipe(name).description for name in recipe_names()}


def _models(_: str) -> OptionValues:
    from textune.encoder.embedded import EMBEDDED_MODELS
    from textune.recipe.recipes import Recipe

    return {**dict.fromkeys(EMBEDDED_MODELS, ""), Recipe().model.name: "The default", FOLDERS: ""}


def _runtimes(_: str) -> OptionValues:
    from textune.runtimes.registry import TORCH, all_runtimes

    exports = {
        name if precision == "fp32" else f"{name}-{precision}": f"{runtime.title}, {precision}"
        for name, runtime in all_runtimes().items()
        for precision in runtime.precisions
    }
    return {TORCH: "The run's own model", **exports}


def _protocols(incomplete: str) -> OptionValues:
    from textune.serving.protocols.registry import ALL, protocol_names

    before, comma, _ = incomplete.rpartition(",")
    names = [name for name in protocol_names() if name not in before.split(",")]
    return dict.fromkeys((f"{before}{comma}{name}" for name in (*names, *(() if comma else (ALL,)))), "")


def _formats(_: str) -> OptionValues:
    from textune.annotations.registry import target_formats

    return dict.fromkeys(target_formats(), "")


def _strategies(_: str) -> OptionValues:
    from textune.labelling.choices import STRATEGY_NAMES

    return dict.fromkeys(STRATEGY_NAMES, "")


def _settings(incomplete: str) -> OptionValues:
    """Return `section.key=` with its documentation or, after the equals sign, the values that it can have."""
    from textune.recipe.recipes import Recipe
    from textune.recipe.settings import Section

    sections = {name: type(section) for name, section in Recipe() if isinstance(section, Section)}
    fields = {
        f"{name}.{key}": field for name, kind in sections.items() for key, field in kind.model_fields.items()
    }
    key, equals, _ = incomplete.partition("=")
    if not equals:
        return {f"{name}=": field.description or "" for name, field in fields.items()}
    values = _allowed(fields[key].annotation) if key in fields else []
    return dict.fromkeys((f"{key}={value}" for value in values), "")


def _allowed(annotation: Any) -> list[str]:
    """Return the values of a type, where they can be listed."""
    if annotation is bool:
        return ["true", "false"]
    if isinstance(annotation, str):
        return [annotation]
    return [value for part in getattr(annotation, "__args__", ()) for value in _allowed(part)]


def _fixed(*values: str) -> Callable[[str], OptionValues]:
    return lambda _: dict.fromkeys(values, "")


VALUES: dict[str, Callable[[str], OptionValues]] = {
    "recipe": lambda start: {**_recipes(start), FILES: ""},
    "name": _recipes,
    "model": _models,
    "data": _sources,
    "runtime": _runtimes,
    "protocols": _protocols,
    "to": _formats,
    "strategy": _strategies,
    "settings": _settings,
    "split": _fixed("train", "validation", "test"),
    "method": _fixed("occlusion", "integrated-gradients"),
    "score": _fixed("log_loss", "accuracy", "macro_f1"),
    "host": _fixed("127.0.0.1", "0.0.0.0"),
}
"""What parameters can be, by their names."""
