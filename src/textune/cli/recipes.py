"""`textune recipes` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from textune.cli.application import Debug, app, example


@app.command(epilog=example("textune recipes frozen"))
def recipes(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The recipe to show in full.", show_default=False)
    ] = "",
    settings: Annotated[
        bool, typer.Option("--settings", help="Show all settings with their defaults.")
    ] = False,
    debug: Debug = False,
) -> None:
    """List the shipped recipes, or show one with its comments."""
    from textune.cli.render.table_looks import bare_table, show
    from textune.recipe.recipes import Recipe, dump_recipe, load_recipe, recipe_names, recipe_text

    if settings:
        typer.echo(dump_recipe(Recipe()), nl=False)
    elif name:
        typer.echo(recipe_text(name), nl=False)
    else:
        table = bare_table("recipe", "purpose", numbers=False)
        for recipe in recipe_names():
            table.add_row(recipe, load_recipe(recipe).description)
        show(table)
        typer.echo("\n`textune recipes NAME` shows a recipe with its comments.")
