"""Who takes part: textune's recipes, and peers with their scripts and environments."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import textune
from suite_parts.sources import Data
from textune.files import sha256_of_text

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "benchmarks" / "peers"


@dataclass(frozen=True)
class Contestant:
    """A peer, or a recipe of textune.

    Attributes:
        name: What options and cells call it.
        title: What the table calls it.
        script: The peer's file in `benchmarks/peers`; empty for textune.
        variant: The script's variant, or textune's recipe.
        environment: The folder of the peer's environment.
        packages: The packages whose versions belong to a result.
        several: Whether it can learn texts with several labels.
        seeded: Whether a seed changes its result.
        slow: Whether its cells are filled after those of the others.
    """

    name: str
    title: str
    script: str = ""
    variant: str = ""
    environment: str = ""
    packages: tuple[str, ...] = ("torch", "transformers", "scikit-learn")
    several: bool = True
    seeded: bool = True
    slow: bool = False


_TRAINER = ("torch", "transformers", "accelerate")
PEERS = {
    peer.name: peer
    for peer in (
        Contestant(
            "tfidf",
            "TF-IDF + logistic regression, scikit-learn's defaults",
            "tfidf.py",
            environment="scikit-learn",
            packages=("scikit-learn",),
            seeded=False,
        ),
        Contestant(
            "sentence",
            "sentence-transformers + logistic regression",
            "sentence_embeddings.py",
            environment="setfit",
            packages=("sentence-transformers", "transformers", "scikit-learn", "torch"),
            seeded=False,
        ),
        Contestant(
            "model2vec",
            "model2vec's trainer, on a static model of the encoder",
            "model2vec_trainer.py",
            environment="model2vec",
            packages=("model2vec", "torch", "transformers"),
        ),
        Contestant(
            "autointent",
            "AutoIntent, preset `classic-light`",
            "autointent_preset.py",
            environment="autointent",
            packages=("autointent", "sentence-transformers", "torch"),
        ),
        Contestant(
            "setfit",
            "SetFit, stopped after 10 minutes of CPU time",
            "setfit_defaults.py",
            "600",
            "setfit",
            ("setfit", "sentence-transformers", "transformers", "torch"),
            slow=True,
        ),
        Contestant(
            "trainer",
            "`Trainer`, its defaults",
            "hf_trainer.py",
            environment="transformers",
            packages=_TRAINER,
            slow=True,
        ),
        Contestant(
            "trainer-frozen",
            "`Trainer`, frozen encoder, 15 epochs",
            "hf_trainer.py",
            "frozen",
            "transformers",
            _TRAINER,
            slow=True,
        ),
        Contestant(
            "keras",
            "the study's pipeline in Keras",
            "keras_study.py",
            environment="keras",
            packages=("tensorflow", "keras", "keras-hub"),
            several=False,
            slow=True,
        ),
    )
}
"""The peers by name, in the order of the table."""


def recipe_contestant(recipe: str) -> Contestant:
    """Return textune with a recipe, a shipped name or a TOML file, as a contestant."""
    name = Path(recipe).stem if recipe.endswith(".toml") else recipe
    return Contestant(name, f"textune `{name}`", variant=recipe)


@dataclass(frozen=True)
class Place:
    """Where a suite works: the folder of its results, that of the environments, and the encoder.

    `model` is the encoder's name, and `weights` a folder with its files.
    """

    store: Path
    environments: Path
    model: str
    weights: Path

    def python(self, contestant: Contestant) -> Path:
        """Return the interpreter that runs a contestant."""
        if not contestant.script:
            return Path(sys.executable)
        return self.environments / contestant.environment / "bin" / "python"


def reason_against(contestant: Contestant, data: Data, place: Place) -> str:
    """Return why a contestant has no result on some data, without having run; empty if it can run."""
    if contestant.script and data.dataset.is_multi_label and not contestant.several:
        return "not made for several labels"
    if contestant.script and data.dataset.has_pairs:
        return "not made for pairs"
    python = place.python(contestant)
    return "" if python.exists() else f"not installed: make .bench/{contestant.environment}/installed"


def command_of(contestant: Contestant, data: Data, seed: int, out: Path, place: Place) -> list[str]:
    """Return the words of the command that fills a cell, to be run where the suite runs."""
    python = _seen(place.python(contestant))
    if contestant.script:
        words = [python, _seen(SCRIPTS / contestant.script), "--rows", _seen(data.rows)]
        words += ["--model", _seen(place.weights), "--seed", str(seed), "--out", _seen(out)]
        return [*words, "--variant", contestant.variant] if contestant.variant else words
    words = [python, "-m", "textune", "train", "--recipe", contestant.variant, "--model", place.model]
    words += ["--data", data.source.place]
    for setting in data.settings:
        words += ["--set", setting]
    return [*words, "--seed", str(seed), "--out", _seen(out), "--json"]


def written(command: Sequence[str]) -> str:
    """Return a command as a person types it."""
    return shlex.join(command)


def _seen(path: Path) -> str:
    """Return a path as it is seen from the working folder, if it is in there."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


@cache
def versions_of(python: Path, packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of packages in an environment; a package that is missing has an empty one."""
    program = (
        "import json, sys\nfrom importlib.metadata import distributions\n"
        "found = {each.name: each.version for each in distributions()}\n"
        "print(json.dumps({name: found.get(name, '') for name in sys.argv[1:]}))"
    )
    printed = subprocess.run([python, "-c", program, *packages], capture_output=True, text=True, check=True)
    return dict(json.loads(printed.stdout))


@cache
def code_of(script: str) -> str:
    """Return the hash of the code that a result comes from: a peer's script, or the package textune."""
    package = Path(textune.__file__).parent
    files = (
        [SCRIPTS / script, SCRIPTS / "protocol.py"]
        if script
        else sorted([*package.rglob("*.py"), *package.rglob("*.toml")])
    )
    return sha256_of_text("\n".join(file.read_text(encoding="utf-8") for file in files))[:12]
