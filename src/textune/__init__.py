"""Fine-tune a pretrained encoder into a text classifier that you can trust, on the computer that you have.

    import textune

    result = textune.train("frozen", model="embedded:minilm", data="sample:emotion")
    classifier = textune.load(result.run)
    classifier.predict(["What a day!"])

Each function is imported at first use, so `import textune` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # The same names for type checkers; a test compares the two.
    from textune.commands.audit import audit as audit
    from textune.commands.compare import compare as compare
    from textune.commands.convert import convert as convert
    from textune.commands.doctor import doctor as doctor
    from textune.commands.evaluate import evaluate as evaluate
    from textune.commands.explain import explain as explain
    from textune.commands.export import export as export
    from textune.commands.package import package as package
    from textune.commands.predict_texts import predict_texts
    from textune.commands.push import push as push
    from textune.commands.report import report as report
    from textune.commands.resume import resume as resume
    from textune.commands.resume_tuning import resume_tuning as resume_tuning
    from textune.commands.seeds import resume_seeds as resume_seeds
    from textune.commands.seeds import train_seeds as train_seeds
    from textune.commands.train import train as train
    from textune.commands.tune import tune as tune
    from textune.commands.watch import watch as watch
    from textune.errors import TextuneError as TextuneError
    from textune.estimator.text_classifier import TextClassifier as TextClassifier
    from textune.labelling.labeller import Labeller as Labeller
    from textune.recipe.recipes import Recipe as Recipe
    from textune.recipe.recipes import load_recipe as load_recipe
    from textune.runtimes.choosing import load_predictor
    from textune.runtimes.torch_predictor import load_folder as load_folder

    load, predict = load_predictor, predict_texts
    __version__: str

_HOMES = {
    "Labeller": "textune.labelling.labeller:Labeller",
    "Recipe": "textune.recipe.recipes:Recipe",
    "TextClassifier": "textune.estimator.text_classifier:TextClassifier",
    "TextuneError": "textune.errors:TextuneError",
    "audit": "textune.commands.audit:audit",
    "compare": "textune.commands.compare:compare",
    "convert": "textune.commands.convert:convert",
    "doctor": "textune.commands.doctor:doctor",
    "evaluate": "textune.commands.evaluate:evaluate",
    "explain": "textune.commands.explain:explain",
    "export": "textune.commands.export:export",
    "load": "textune.runtimes.choosing:load_predictor",
    "load_folder": "textune.runtimes.torch_predictor:load_folder",
    "load_recipe": "textune.recipe.recipes:load_recipe",
    "package": "textune.commands.package:package",
    "predict": "textune.commands.predict_texts:predict_texts",
    "push": "textune.commands.push:push",
    "report": "textune.commands.report:report",
    "resume": "textune.commands.resume:resume",
    "resume_seeds": "textune.commands.seeds:resume_seeds",
    "resume_tuning": "textune.commands.resume_tuning:resume_tuning",
    "train": "textune.commands.train:train",
    "train_seeds": "textune.commands.seeds:train_seeds",
    "tune": "textune.commands.tune:tune",
    "watch": "textune.commands.watch:watch",
}

__all__ = list(_HOMES)


class _PublicNames(ModuleType):
    """The package's namespace, in which a public function wins over the room of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        # Without this, importing the room `textune.report` would replace the function `textune.report`.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _PublicNames


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("textune")
    if name not in _HOMES:
        raise AttributeError(f"module 'textune' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
