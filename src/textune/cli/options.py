"""Arguments and options that several commands share, with the same help everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Offline = Annotated[bool, typer.Option("--offline", help="Make no network connection; use local files only.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
]
MinPrecision = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Label only texts confident enough for this share of labels to be right, such as 0.9; "
        "0: label all.",
        show_default=False,
    ),
]
