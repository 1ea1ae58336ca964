"""Whether code that the documentation prints fits textune: commands, options, settings, names and keywords.

In: a command line, or a block of Python. Out: what is wrong with it, in words; nothing is run.
"""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

import typer

import textune
from textune.cli.application import app
from textune.discovery import import_files
from textune.recipe.recipes import Recipe, dump_recipe

_TEXTUNE = re.compile(r"(?:^|[|] |-m )textune (.*)$")
_SETTING = re.compile(r"(?:search\.)?([a-z]+\.[a-z_0-9]+)=")


@cache
def command_line() -> Any:
    """Return the whole command line."""
    import_files("textune.cli")
    return typer.main.get_command(app)


@cache
def setting_names() -> set[str]:
    """Return every setting, as section.key."""
    section, names = "", set()
    for line in dump_recipe(Recipe()).splitlines():
        if header := re.match(r"\[(\w+)\]", line):
            section = header[1]
        elif setting := re.match(r"(?:# )?(\w+) = ", line):
            names.add(f"{section}.{setting[1]}")
    return names


def faults_of_command(command: str) -> list[str]:
    """Return what is wrong with a command line; empty if it is not one of textune's."""
    match = _TEXTUNE.search(command)
    if match is None:
        return []
    words = shlex.split(re.sub(r" [>|] .*$", "", match[1]))
    command_or_group = command_line()
    context = command_or_group.context_class(command_or_group, info_name="textune")
    while hasattr(command_or_group, "commands"):
        name, *words = words
        command_or_group = command_or_group.get_command(context, name)
        if command_or_group is None:
            return [f"there is no command {name}"]
    try:
        command_or_group.make_context(name, list(words))
    except Exception as error:  # Typer has its own copy of click, whose errors have no public name.
        if not hasattr(error, "format_message"):
            raise
        return [error.format_message()]
    return _wrong_settings([word for before, word in pairwise(words) if before == "--set"])


def faults_of_python(code: str) -> list[str]:
    """Return what is wrong with a block of Python as far as textune is concerned."""
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return [str(error)]
    return list(_faults(tree))


def _faults(tree: ast.Module) -> Iterator[str]:
    names: dict[str, Any] = {"textune": textune}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "textune":
            module = import_module(node.module or "")
            names |= {alias.asname or alias.name: getattr(module, alias.name, None) for alias in node.names}
            yield from _missing(module, [alias.name for alias in node.names])
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "textune":
            yield from _missing(textune, [node.attr])
        elif isinstance(node, ast.Call) and (called := _called(node.func, names)) is not None:
            yield from _wrong_arguments(node, called)
        elif isinstance(node, ast.keyword) and node.arg == "settings":
            written = [each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
            yield from _wrong_settings([each for each in written if isinstance(each, str)])


def _missing(module: Any, names: list[str]) -> list[str]:
    return [f"{module.__name__} has no {name}" for name in names if not hasattr(module, name)]


def _called(function: ast.expr, names: dict[str, Any]) -> Any:
    if isinstance(function, ast.Name):
        return names.get(function.id)
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return getattr(names.get(function.value.id), function.attr, None)
    return None


def _wrong_arguments(call: ast.Call, called: Any) -> Iterator[str]:
    """Yield whether a call's arguments do not fit a signature; with stars, only the names are compared."""
    stars = any(isinstance(each, ast.Starred) for each in call.args)
    keywords = {each.arg: each for each in call.keywords if each.arg is not None}
    bind = inspect.signature(called).bind_partial
    if not stars and len(keywords) == len(call.keywords):
        bind = inspect.signature(called).bind
    try:
        bind(*([] if stars else call.args), **keywords)
    except TypeError as error:
        yield f"{ast.unparse(call.func)}: {error}"


def _wrong_settings(overrides: list[str]) -> list[str]:
    written = [match[1] for each in overrides if (match := _SETTING.match(each))]
    return [f"there is no setting {name}" for name in written if name not in setting_names()]
