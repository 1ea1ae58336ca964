"""Fine-tune a pretrained encoder into a text classifier that you can trust, on the computer that you have.

    import textune

    result = textune.train("frozen", model="embedded:minilm", data="sample:emotion")
    classifier = textune.load(result.run)
    classifier.predict(["What a day!"])

The functions are imported when they are first used: `import textune` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textune.commands.audit import audit
    from textune.commands.compare import compare
    from textune.commands.evaluate import evaluate
    from textune.commands.explain import explain
    from textune.commands.export import export
    from textune.commands.push import push
    from textune.commands.report import report
    from textune.commands.seeds import resume_seeds, train_seeds
    from textune.commands.train import resume, train
    from textune.errors import TextuneError
    from textune.recipe.recipes import Recipe, load_recipe
    from textune.runtimes.choosing import load_predictor as load
    from textune.runtimes.torch_runtime import load_folder

__version__ = version("textune")

__all__ = [
    "Recipe",
    "TextuneError",
    "audit",
    "compare",
    "evaluate",
    "explain",
    "export",
    "load",
    "load_folder",
    "load_recipe",
    "push",
    "report",
    "resume",
    "resume_seeds",
    "train",
    "train_seeds",
]

_HOMES = {
    "Recipe": "textune.recipe.recipes",
    "TextuneError": "textune.errors",
    "audit": "textune.commands.audit",
    "compare": "textune.commands.compare",
    "evaluate": "textune.commands.evaluate",
    "explain": "textune.commands.explain",
    "export": "textune.commands.export",
    "load": "textune.runtimes.choosing:load_predictor",
    "load_folder": "textune.runtimes.torch_runtime",
    "load_recipe": "textune.recipe.recipes",
    "push": "textune.commands.push",
    "report": "textune.commands.report",
    "resume": "textune.commands.train",
    "resume_seeds": "textune.commands.seeds",
    "train": "textune.commands.train",
    "train_seeds": "textune.commands.seeds",
}


class _PublicNames(ModuleType):
    """The package's namespace, in which a public function wins over the room of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        # Importing the room `textune.report` would put it in the place of the function `textune.report`.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _PublicNames


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textune' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
