"""Fine-tune a pretrained encoder into a text classifier that you can trust, on the computer that you have.

    import textune

    result = textune.train("frozen", model="embedded:minilm", data="sample:emotion")
    classifier = textune.load(result.run)
    classifier.predict(["What a day!"])

The functions are imported when they are first used: `import textune` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textune.errors import TextuneError
    from textune.inference.folders import load_folder
    from textune.inference.predictor import load_predictor as load
    from textune.recipe import Recipe, load_recipe
    from textune.workflows.auditing import audit
    from textune.workflows.comparing import compare
    from textune.workflows.evaluating import evaluate
    from textune.workflows.explaining import explain
    from textune.workflows.exporting import export
    from textune.workflows.publishing import push
    from textune.workflows.reporting import report
    from textune.workflows.seeds import resume_seeds, train_seeds
    from textune.workflows.training import resume, train

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
    "Recipe": "textune.recipe",
    "TextuneError": "textune.errors",
    "audit": "textune.workflows.auditing",
    "compare": "textune.workflows.comparing",
    "evaluate": "textune.workflows.evaluating",
    "explain": "textune.workflows.explaining",
    "export": "textune.workflows.exporting",
    "load": "textune.inference.predictor:load_predictor",
    "load_folder": "textune.inference.folders",
    "load_recipe": "textune.recipe",
    "push": "textune.workflows.publishing",
    "report": "textune.workflows.reporting",
    "resume": "textune.workflows.training",
    "resume_seeds": "textune.workflows.seeds",
    "train": "textune.workflows.training",
    "train_seeds": "textune.workflows.seeds",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textune' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
