"""What a run is made from, as a type: origin.json, most of which manifest.json repeats.

Older runs, in which keys are missing, can be read; unknown keys are kept.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from textune.run.layout import Run, read_run_json


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class DataOrigin(_Part):
    """The data's name, and the hash of its texts and labels."""

    source: str = ""
    fingerprint: str = ""


class ModelOrigin(_Part):
    """The pretrained model; `reading_sha256` is the hash of what decides how it reads a text."""

    name: str = ""
    revision: str = ""
    weights_sha256: str = ""
    reading_sha256: str = ""


class PlacementOrigin(_Part):
    """The device and the precision of the encoder."""

    device: str = "cpu"
    precision: str = "fp32"


class RecipeOrigin(_Part):
    """The recipe's name, and the hash of recipe.toml."""

    name: str = ""
    sha256: str = ""


class MachineOrigin(_Part):
    """What decides the last bits of a training, together with the rest."""

    threads: int = 1
    processes: int = 1


class Origin(_Part):
    """What a run is made from; `schedule` says whether a function replaced the recipe's learning rates."""

    versions: dict[str, str] = {}
    data: DataOrigin = DataOrigin()
    model: ModelOrigin = ModelOrigin()
    placement: PlacementOrigin = PlacementOrigin()
    recipe: RecipeOrigin = RecipeOrigin()
    machine: MachineOrigin = MachineOrigin()
    schedule: str = "the recipe's"

    @field_validator("recipe", mode="before")
    @classmethod
    def _named(cls, recipe: Any) -> Any:
        """Return the recipe's origin, of which a manifest has only the name."""
        return {"name": recipe} if isinstance(recipe, str) else recipe

    def to_json(self) -> dict[str, Any]:
        """Return the contents of origin.json, with the keys that were set."""
        return self.model_dump(mode="json", exclude_unset=True)

    def facts(self, *, created: str, verification: dict[str, Any]) -> dict[str, Any]:
        """Return what the manifest says of the run, which began at `created`, besides the list of files."""
        repeated = self.model_dump(
            mode="json",
            include={"versions": True, "data": True, "model": True, "placement": True},
            exclude={"model": {"reading_sha256"}},
        )
        return {"recipe": self.recipe.name, "created": created, **repeated, "verification": verification}


def read_origin(run: Run) -> Origin:
    """Return what a run is made from; raise a `RunError` if it cannot be read."""
    return read_run_json(run, run.origin, Origin.model_validate)


def origin_of_complete(run: Run) -> Origin:
    """Return what a complete run's manifest says that it is made from: the oldest have no origin.json."""
    return read_run_json(run, run.manifest, Origin.model_validate)
