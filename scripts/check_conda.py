"""Renders the draft of the recipe for conda-forge with rattler-build, which refuses what it does not know.

    python scripts/check_conda.py

Needs the package py-rattler-build, and no network.
"""

from __future__ import annotations

from pathlib import Path

from rattler_build import Stage0Recipe, VariantConfig

RECIPE = Path(__file__).parent.parent / "deploy" / "conda" / "recipe.yaml"


def main() -> None:
    """Render the recipe, and print what it makes."""
    recipe = Stage0Recipe.from_yaml(RECIPE.read_text(encoding="utf-8"))
    for variant in recipe.render(VariantConfig()):
        print(f"{RECIPE.name} is valid: {variant}")


if __name__ == "__main__":
    main()
