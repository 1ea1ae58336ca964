"""`textune doctor` on the command line."""

from __future__ import annotations

import typer

from textune.cli.application import Debug, Json, app, example


@app.command(epilog=example("textune doctor"))
def doctor(json: Json = False, debug: Debug = False) -> None:
    """Show what this computer has, and what would speed textune up.

    The text can be pasted into an issue: it names no user, host or secret.
    """
    from textune.cli.render.machine_lines import machine_lines
    from textune.cli.render.progress import show_json
    from textune.commands.doctor import doctor as look

    diagnosis = look()
    if json:
        show_json(diagnosis.to_json())
        return
    for line in machine_lines(diagnosis.machine):
        typer.echo(line)
    typer.echo()
    for advice in diagnosis.advice or ("Nothing is in the way of textune here.",):
        typer.echo(f"- {advice}")
