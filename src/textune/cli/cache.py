"""`textune cache list` and `textune cache clear` on the command line."""

from __future__ import annotations

import typer

from textune.cli.application import Debug, Json, app, example

cache = typer.Typer(
    no_args_is_help=True, help="List or delete what textune has cached.", epilog=example("textune cache list")
)
app.add_typer(cache, name="cache")


@cache.command("list", epilog=example("textune cache list"))
def list_cache(json: Json = False, debug: Debug = False) -> None:
    """List the cached features of encoders, and the unpacked embedded models."""
    from textune.cli.render.progress import show_json
    from textune.cli.render.table_looks import bare_table, escape, show
    from textune.encoder.cache import FeatureCache, cache_folder
    from textune.encoder.unpacking import unpacked_models

    features, models = FeatureCache(), unpacked_models()
    entries = [*models, *features.entries()]
    if json:
        listed = [
            {
                "path": str(entry.path),
                "description": entry.description,
                "bytes": entry.bytes,
                "kind": "model" if entry in models else "features",
            }
            for entry in entries
        ]
        show_json({"folder": str(features.folder), "entries": listed})
        return
    table = bare_table("entry", "MB")
    for entry in entries:
        table.add_row(escape(entry.description), f"{entry.bytes / 1e6:.1f}")
    show(table)
    show(f"\n{len(entries)} entries in {escape(str(cache_folder()))}; `textune cache clear` deletes them.")


@cache.command("clear", epilog=example("textune cache clear"))
def clear_cache(debug: Debug = False) -> None:
    """Delete all that is cached; it is made again when it is needed."""
    from textune.encoder.cache import FeatureCache
    from textune.encoder.unpacking import clear_unpacked

    deleted = [FeatureCache().clear(), clear_unpacked()]
    count, size = map(sum, zip(*deleted, strict=True))
    typer.echo(f"Deleted {count} entries, {size / 1e6:.1f} MB.")
