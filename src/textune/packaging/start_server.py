"""Starts the server of a packaged classifier; this file lies beside the folders `code` and `export`.

    python start_server.py [serve] [OPTION ...]        any options of `textune serve`
    python start_server.py --check-health              exits with 0 if the server on this port works

The port is $PORT, or 8080; under SageMaker $SAGEMAKER_BIND_TO_PORT. SageMaker gives the argument `serve`.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PORT = os.environ.get("PORT", "")


def arguments(given: list[str]) -> list[str]:
    """Return the arguments of `textune`, those that are given last, so that they win."""
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    options = given[1:] if given[:1] == ["serve"] else given
    port = ["--port", PORT] if PORT else []
    return [
        *("serve", str(FOLDER / "export"), "--host", "0.0.0.0", "--model-name", manifest["name"]),
        *(*manifest["serve"], *port, *options),
    ]


def start_or_check(given: list[str]) -> None:
    """Start the server, or ask the one that runs."""
    if given == ["--check-health"]:
        port = PORT or os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        return
    sys.path.insert(0, str(FOLDER / "code"))
    sys.argv = ["textune", *arguments(given)]
    runpy.run_module("textune", run_name="__main__")


if __name__ == "__main__":
    start_or_check(sys.argv[1:])
