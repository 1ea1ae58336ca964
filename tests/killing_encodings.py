"""Encodings that are killed, as `killing` does it: what an attempt is, and before which calls it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from killing import kill_this_process

MODULES = ["torch", "transformers", "textune.encoder.features", "textune.model.storage", "tiny_classifiers"]

ROWS, ROWS_PER_BLOCK = 200, 8


def carry_out(request: dict[str, Any]) -> None:
    """Encode texts into the cache `out`; append a line to the file `log` of the request for each block."""
    from small_data import small_rows
    from textune.context import Context
    from textune.encoder import batching, cache, features
    from textune.encoder.placement import Placement
    from textune.encoder.unfinished import UnfinishedArray
    from tiny_classifiers import linear_classifier

    batching.ROWS_PER_BLOCK = ROWS_PER_BLOCK
    left, log = request["kill"].get("call", 0), Path(request["log"])

    def watch(place: Any, name: str) -> None:
        function = getattr(place, name)

        def watched(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                kill_this_process()
            return function(*arguments)

        setattr(place, name, watched)

    # What an encoding calls on the way from a block to a file that counts.
    watch(UnfinishedArray, "finish")
    watch(UnfinishedArray, "complete")
    watch(cache, "publish")
    encode = features.encode

    def encode_noted(*arguments: Any, **options: Any) -> Any:
        with log.open("a", encoding="utf-8") as lines:
            lines.write(f"{min(options['places'])}\n")
        return encode(*arguments, **options)

    features.encode = encode_noted
    os.environ["TEXTUNE_CACHE"] = request["out"]
    classifier = linear_classifier(Path(request["model"]))
    features.encode_tokens(
        classifier,
        classifier.tokenize([text for text, _ in small_rows(ROWS)]).rows,
        weights_sha256="weights",
        placement=Placement("cpu", "fp32", "eager"),
        description="tiny",
        ctx=Context(),
    )
