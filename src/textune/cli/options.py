"""Arguments and options that several commands have, with the same help everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Offline = Annotated[bool, typer.Option("--offline", help="Make no connection; use what is on this computer.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
MinPrecision = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Label a text only where at least this share is right, such as 0.9; 0: always.",
        show_default=False,
    ),
]
