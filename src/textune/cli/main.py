"""The command line: each command parses its arguments, calls one workflow, and shows the result.

Results go to standard output, progress and notes to standard error. Heavy imports wait inside the
workflows, so that help and mistakes are answered at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from textune.cli import export as exporting
from textune.cli import predict as predicting
from textune.cli import report as reporting
from textune.cli.audit import audit
from textune.cli.compare import compare
from textune.cli.explain import explain
from textune.cli.options import Debug, Json, MinPrecision, Offline, RunFolder
from textune.cli.reproduce import reproduce
from textune.cli.serve import serve
from textune.errors import StoppedError, TextuneError
from textune.training.launch import is_first, may_speak

app = typer.Typer(
    name="textune",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Fine-tune a pretrained encoder into a text classifier that you can trust.",
    epilog="Start with: textune train --recipe frozen --model embedded:minilm --data sample:emotion",
)
cache_app = typer.Typer(no_args_is_help=True, help="What frozen encoders gave, kept on disk.")
app.add_typer(cache_app, name="cache")
app.command()(serve)
app.command()(exporting.export)

_INTERRUPTED = 130
"""The exit code by which shells know a process that Ctrl-C has ended."""

_RECIPE = "frozen"


def start() -> NoReturn:
    """Run the command line as a process of its own, as the command `textune` does.

    Two costs of heavy imports are saved here, a second each: collecting garbage while hundreds of thousands
    of objects that stay are made, and taking them down one by one at the end.
    """
    gc.set_threshold(200_000, 50, 50)
    # A polite kill is answered as Ctrl-C is: what was begun is taken back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    for stream in (sys.stdout, sys.stderr):
        # A stream may be closed, and its reader may have left: there is nobody to tell.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 the request or the data is wrong, 130 stopped."""
    # Set before anything imports the libraries that read them.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if "--offline" in sys.argv:
        os.environ["HF_HUB_OFFLINE"] = "1"
    debug = "--debug" in sys.argv
    try:
        app()
        raise SystemExit(0)
    except StoppedError as error:
        if may_speak() and is_first():
            print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(error.exit_code) from None
    except TextuneError as error:
        if debug:
            traceback.print_exc()
        _fail(str(error), error.exit_code)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED and is_first():
            print("Stopped. Nothing half-written was kept.", file=sys.stderr)  # noqa: T201
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        _fail(
            f"textune failed: {type(error).__name__}: {error}\n"
            "This should not happen. Run the command again with --debug and report what it prints.",
            1,
        )


@app.callback(invoke_without_command=True)
def version_option(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Show the version where it is asked for."""
    if version:
        import textune

        typer.echo(f"textune {textune.__version__}")
        raise typer.Exit


@app.command()
def train(
    recipe: Annotated[
        str | None, typer.Option(help="A recipe's name, or a TOML file.", show_default="frozen")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A Hub name, a local folder, or embedded:minilm.", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A Hub name, a folder, a file, or sample:emotion.", show_default=False),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="The run folder to make.", show_default="a new one in runs/"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed.", show_default="the recipe's")] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Train with N seeds, and show how far they spread.", show_default=False
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with a training that was stopped.", show_default=False),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Freeze layers and drop epochs until the training fits.", show_default=False
        ),
    ] = None,
    min_precision: MinPrecision = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a classifier from labelled texts, or go on with a training that was stopped."""
    from textune.cli.train import Options, train_and_show

    options = Options(recipe, model, data, out, seed, settings or (), seeds, min_precision, max_minutes)
    train_and_show(options, resume=resume, offline=offline, as_json=json)


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[
        str | None, typer.Option(help="Another source of labelled texts.", show_default="the run's own")
    ] = None,
    split: Annotated[str, typer.Option(help="The split to evaluate.")] = "test",
    min_precision: MinPrecision = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a run's classifier on labelled texts, and let it abstain where it is not sure enough."""
    from textune.cli.render import console
    from textune.commands.evaluate import evaluate as run_evaluation

    with console.Watcher(quiet=json) as observer:
        document = run_evaluation(
            run, data=data, split=split, min_precision=min_precision, offline=offline, observer=observer
        )
    console.show_evaluation(document, as_json=json)


@app.command()
def predict(
    run: RunFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts to classify.")] = None,
    input_file: predicting.Input = "",
    output: predicting.Output = "",
    restart: predicting.Restart = False,
    engine: predicting.Engine = "local",
    ray_address: predicting.RayAddress = "",
    ray_workers: predicting.RayWorkers = 0,
    text_column: Annotated[
        str, typer.Option(help="The column that holds the text.", show_default="found by its name")
    ] = "",
    runtime: exporting.PredictRuntime = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a text.")] = False,
    debug: Debug = False,
) -> None:
    """Classify texts, files, or standard input."""
    predicting.run(
        run,
        texts or (),
        input_file=input_file,
        output=output,
        text_column=text_column,
        restart=restart,
        runtime=runtime,
        cluster=predicting.Cluster(engine, ray_address, ray_workers),
        json=json,
    )


app.command()(audit)


app.command()(reproduce)


app.command()(compare)
app.command()(explain)


@app.command()
def recipes(
    name: Annotated[str, typer.Argument(help="Show this recipe whole.", show_default=False)] = "",
    settings: Annotated[
        bool, typer.Option("--settings", help="Show all settings with their defaults instead.")
    ] = False,
    debug: Debug = False,
) -> None:
    """List the shipped recipes, or show one with its comments."""
    from textune.cli.render import console
    from textune.recipe.recipes import Recipe, dump_recipe, load_recipe, recipe_names, recipe_text

    if settings:
        typer.echo(dump_recipe(Recipe()), nl=False)
    elif name:
        typer.echo(recipe_text(name), nl=False)
    else:
        console.show_recipes({each: load_recipe(each).description for each in recipe_names()})


app.command()(reporting.report)
app.command()(reporting.push)


@cache_app.command("list")
def list_cache(json: Json = False, debug: Debug = False) -> None:
    """List the cached encoder outputs."""
    from textune.cli.render import console
    from textune.encoder.cache import FeatureCache

    cache = FeatureCache()
    console.show_cache(cache.entries(), cache.folder, as_json=json)


@cache_app.command("clear")
def clear_cache(debug: Debug = False) -> None:
    """Delete all cached encoder outputs."""
    from textune.encoder.cache import FeatureCache

    count, size = FeatureCache().clear()
    typer.echo(f"Deleted {count} entries, {size / 1e6:.1f} MB.")


def _fail(message: str, code: int) -> NoReturn:
    if may_speak():
        print(f"error: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(code)
