"""Hashes that tell whether a finished run still holds the classifier that something was made from.

They are computed from its manifest alone, and are two, as exports and predictions depend on different files.
"""

from __future__ import annotations

import json

from textune.files import sha256_of_text
from textune.model.threshold import ABSTENTION
from textune.run.layout import Run, read_manifest


def model_sha256(run: Run) -> str:
    """Return the hash of what gives a run's probabilities: all files of its model but the threshold.

    An export keeps it: another threshold does not make the export out of date.
    """
    listed = sorted((name, sha) for name, sha in _model_files(run).items() if not name.endswith(ABSTENTION))
    return sha256_of_text(json.dumps(listed))


def classifier_sha256(run: Run) -> str:
    """Return the hash of what gives a run's labels: all files of its model, the threshold among them.

    The journal of a prediction keeps it.
    """
    return sha256_of_text(json.dumps(_model_files(run), sort_keys=True))


def _model_files(run: Run) -> dict[str, str]:
    files = read_manifest(run)["files"]
    return {name: entry["sha256"] for name, entry in files.items() if name.startswith("model/")}
