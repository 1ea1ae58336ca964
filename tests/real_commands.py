"""The installed command, as its user runs it."""

from __future__ import annotations

import sysconfig
from pathlib import Path

COMMAND = Path(sysconfig.get_path("scripts")) / "textune"
