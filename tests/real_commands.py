"""The installed command, as its user runs it."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

COMMAND = Path(sysconfig.get_path("scripts")) / "textune"


def textune_json(*arguments: str | Path) -> dict[str, Any]:
    """Run the installed command with --json and return what it printed."""
    result = subprocess.run([COMMAND, *arguments, "--json"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document
