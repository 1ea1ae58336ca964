"""What textune installs is what it imports: nothing is missing, and nothing is for no command."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache

from packaging.requirements import Requirement

from conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FILES = sorted((REPOSITORY / "src" / "textune").rglob("*.py"))

OTHER_NAMES = {"sklearn": "scikit-learn", "pythonjsonlogger": "python-json-logger"}
"""Modules that are called other than the package that brings them."""

OF_ANOTHER = {
    "mcp_types": "mcp",
    "pydantic_core": "pydantic",
    "sqlalchemy": "optuna",
    "torch.utils.tensorboard": "torch",
}
"""Modules of packages that another package always brings, and could not do without."""

NOT_INSTALLED = {"mlflow", "pandas", "polars", "tensorboard", "wandb"}
"""What textune meets if the user has it, and never asks for."""

FOUND_BY_NAME = {
    "httptools": "uvicorn's protocol, from which the server's own is made",
    "uvloop": "uvicorn takes it for its event loop, if it is installed",
    "keras": "the engine imports it through tensorflow",
    "ray": "its modules are imported by name",
}
"""Packages of which no import statement tells."""


def normal(name: str) -> str:
    """Return a package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def imported() -> set[str]:
    """Return the packages that the source imports, inside functions too."""
    modules = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    others = modules - set(sys.stdlib_module_names) - {"textune"}
    return {normal(OTHER_NAMES.get(name, OF_ANOTHER.get(name, name))) for name in others}


def required(lines: list[str]) -> set[str]:
    return {normal(Requirement(line).name) for line in lines}


def test_every_package_that_is_installed_is_imported() -> None:
    assert required(PROJECT["dependencies"]) - imported() == set()


def test_every_package_that_is_imported_is_a_dependency_or_in_an_extra() -> None:
    extras = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name != "dev"}
    declared = required(PROJECT["dependencies"]).union(*map(required, extras.values()))

    assert imported() - declared - NOT_INSTALLED == set()


def test_what_an_extra_adds_is_imported_or_a_model() -> None:
    models = {name for name in PROJECT["optional-dependencies"] if name in ("embedded", "mpnet")}
    extras = [
        lines for name, lines in PROJECT["optional-dependencies"].items() if name not in {*models, "dev"}
    ]

    assert set().union(*map(required, extras)) - imported() - FOUND_BY_NAME.keys() == set()
