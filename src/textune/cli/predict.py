"""`textune predict`: what it may be given beside a run and texts, and who does the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from textune.errors import RequestError

ENGINES = ("local", "ray")

Input = Annotated[
    str,
    typer.Option(
        "--input",
        metavar="FILE|-",
        help="CSV, TSV, JSONL, Parquet, or lines of text; a folder or a 'pattern*.csv' of them.",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="Write CSV, JSONL or Parquet instead of printing; a folder with --engine ray."
    ),
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Begin anew, rather than go on where --output was stopped.")
]
Engine = Annotated[str, typer.Option(metavar="local|ray", help="Who does the work.")]
RayAddress = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="The Ray cluster.",
        show_default="that of RAY_ADDRESS, else this computer alone",
    ),
]
RayWorkers = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        help="Copies of the classifier on Ray.",
        show_default="one for each GPU, or for each CPU but one",
    ),
]


@dataclass(frozen=True)
class Cluster:
    """Where the work is done.

    Attributes:
        engine: One of `ENGINES`.
        address: The address of a Ray cluster, or empty.
        workers: Copies of the classifier on it; 0: as many as there is room for.
    """

    engine: str
    address: str
    workers: int


def run(
    folder: Path,
    texts: Sequence[str],
    *,
    input_file: str,
    output: str,
    text_column: str,
    restart: bool,
    runtime: str,
    cluster: Cluster,
    json: bool,
) -> None:
    """Predict, and show the predictions or where they are."""
    from textune.cli.render import console

    _check_engine(cluster, texts)
    with console.Watcher(quiet=json) as observer:
        if cluster.engine == "ray":
            from textune.cluster.request import predict_on_cluster

            count = predict_on_cluster(
                folder,
                input_file,
                output,
                text_column=text_column,
                address=cluster.address,
                workers=cluster.workers,
                runtime=runtime,
                restart=restart,
                observer=observer,
            )
        else:
            from textune.commands.predict import predict

            count = predict(
                folder,
                texts,
                input_file=input_file,
                text_column=text_column,
                output=output,
                restart=restart,
                runtime=runtime,
                observer=observer,
                show=console.show_prediction_json if json else console.show_prediction,
            )
    if output:
        console.show_written(output, count, as_json=json)


def _check_engine(cluster: Cluster, texts: Sequence[str]) -> None:
    if cluster.engine not in ENGINES:
        raise RequestError(
            f"There is no engine '{cluster.engine}'.", f"The engines are: {', '.join(ENGINES)}."
        )
    if cluster.engine == "ray" and texts:
        raise RequestError(
            "--engine ray classifies files, and there are texts.",
            "Give --input alone, a pattern in quotes: --input 'posts/*.parquet'",
        )
    if cluster.engine != "ray" and (cluster.address or cluster.workers):
        option = "--ray-address" if cluster.address else "--ray-workers"
        raise RequestError(f"{option} is given without --engine ray.", "Add --engine ray, or leave it out.")
