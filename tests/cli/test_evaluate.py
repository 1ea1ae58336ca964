"""`textune evaluate` gives a finished run a threshold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_evaluate_gives_a_run_a_threshold_and_shows_what_it_does(
    textune_command: Any, abstaining: Path
) -> None:
    outcome = textune_command("evaluate", abstaining, "--min-precision", "0.65")

    assert outcome.code == 0
    assert "A text gets a label only if its probability is" in outcome.out
    assert json.loads((abstaining / "model" / "abstention.json").read_text())["min_precision"] == 0.65
