"""`textune predict` on the command line."""

from __future__ import annotations

import json as json_module
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textune.cli.application import Debug, RunFolder, RuntimeName, Settings, app, example
from textune.errors import RequestError
from textune.formats.registry import format_names
from textune.formats.text_pairs import pair_up

if TYPE_CHECKING:
    from textune.prediction.stream import AnyPrediction

_LOCAL = "local"


@app.command(epilog=example("textune predict runs/x --input new.csv --output labelled.csv"))
def predict(
    run: RunFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts to classify.")] = None,
    text_pair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="The second text, for a run on pairs; one for each TEXT, in the same order."
        ),
    ] = None,
    input_file: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="FILE|-",
            help=f"{', '.join(format_names())}, or one text per line; also a folder or a pattern, '*.csv'.",
        ),
    ] = "",
    output: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Write, or replace, this CSV, JSONL or Parquet file; with --engine ray, write a folder.",
        ),
    ] = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Start over instead of resuming a stopped prediction.")
    ] = False,
    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="Run on this computer, or on a Ray cluster.")
    ] = _LOCAL,
    ray_address: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="The Ray cluster.", show_default="RAY_ADDRESS, or this computer"
        ),
    ] = "",
    ray_workers: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="The number of classifiers on Ray.",
            show_default="one per GPU, or one per CPU but one",
        ),
    ] = 0,
    text_column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="The column that holds the text; repeat it to join several.",
            show_default="as in the run's own data, or detected by name",
        ),
    ] = None,
    text_pair_column: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The column that holds the second text of pairs.",
            show_default="as in the run's own data",
        ),
    ] = "",
    settings: Settings = None,
    mark_truncated: Annotated[
        bool,
        typer.Option(
            "--mark-truncated", help="Add `truncated`: whether a text is longer than the model reads."
        ),
    ] = False,
    runtime: RuntimeName = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per text.")] = False,
    debug: Debug = False,
) -> None:
    """Classify texts, files, or standard input."""
    from textune.cli.render.prediction_lines import PredictionLines
    from textune.cli.render.progress import Watcher, show_json
    from textune.commands.predict import ENGINES, predict_on_engine
    from textune.commands.predict import predict as run_prediction

    engines = (_LOCAL, *ENGINES)
    if engine not in engines:
        raise RequestError(f"There is no engine '{engine}'.", f"The engines are: {', '.join(engines)}.")
    pair_settings = [f"data.text_pair_column={text_pair_column}"] if text_pair_column else []
    given = pair_up(texts or (), text_pair or ())
    _check_engine(engine, ray_address, ray_workers, has_texts=bool(given))
    options: dict[str, Any] = {
        "text_column": text_column or "",
        "settings": [*(settings or ()), *pair_settings],
        "mark_truncated": mark_truncated,
        "runtime": runtime,
        "restart": restart,
    }
    with Watcher(quiet=json) as observer:
        options["observer"] = observer
        if engine != _LOCAL:
            options |= {"address": ray_address, "workers": ray_workers}
            count = predict_on_engine(engine, run, input_file, output, **options)
        else:
            lines = PredictionLines(mark_truncated=mark_truncated)
            show = (
                partial(_print_json, mark_truncated=mark_truncated)
                if json
                else lambda prediction: print(lines.line(prediction))  # noqa: T201
            )
            count = run_prediction(run, given, input_file=input_file, output=output, show=show, **options)
    if output and json:
        show_json({"output": output, "texts": count})
    elif output:
        typer.echo(f"{count:,} predictions written to {output}")


def _check_engine(engine: str, address: str, workers: int, *, has_texts: bool) -> None:
    if engine != _LOCAL and has_texts:
        raise RequestError(
            f"--engine {engine} classifies files, but the command line has texts.",
            "Replace the texts with --input; put a pattern in quotes: --input 'posts/*.parquet'",
        )
    if engine != "ray" and (address or workers):
        option = "--ray-address" if address else "--ray-workers"
        raise RequestError(f"{option} needs --engine ray.", f"Add --engine ray, or remove {option}.")


def _print_json(prediction: AnyPrediction, *, mark_truncated: bool) -> None:
    values = prediction.to_json(mark_truncated=mark_truncated)
    print(json_module.dumps(values, ensure_ascii=False, default=str))  # noqa: T201
