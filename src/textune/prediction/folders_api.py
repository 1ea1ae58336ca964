"""A classifier out of a folder that is no run: RUN/model, or a copy of what `textune push` uploaded.

In: a folder. Out: a predictor. Does not know where the folder came from; it reads no code and no pickles.
"""

from __future__ import annotations

from pathlib import Path

from textune.prediction.predictor import TorchPredictor


def load_folder(folder: str | Path) -> TorchPredictor:
    """Load the classifier that lies in a folder, for instance in a download of a repository of the Hub.

    Args:
        folder: What holds `textune.json`.

    Raises:
        ModelError: The folder holds no classifier of textune's, or one that is damaged.
    """
    from textune.model.storage import load_classifier

    return TorchPredictor(load_classifier(Path(folder).expanduser()))
