"""Writes what a server would have kept of four days of texts: the example of docs/how-to/server-log.md.

    python scripts/example_log.py RUN EMOTION BANKING FOLDER

RUN is a run on TweetEval's emotion task, whose folder is EMOTION. Its test tweets come on two days, mostly
angry ones on the third, and questions of BANKING (the folder of Banking77) among tweets on the fourth.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import textune
from textune.data.sources import load_source
from textune.logbook.log_journal import LogJournal
from textune.logbook.logged_request import LoggedRequest, LogHeader, to_bytes
from textune.run.layout import Run, model_sha256

FIRST_DAY = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
SECONDS_A_DAY = 86_400


def days_of_texts(emotion: str, banking: str) -> list[Sequence[str]]:
    """Return the texts of each day."""
    tweets = load_source(emotion)
    texts, labels = [str(text) for text in tweets["test"].texts], tweets["test"].labels
    is_angry = labels == tweets.label_names.index("anger")
    angry = [text for text, angry in zip(texts, is_angry.tolist(), strict=True) if angry]
    others = [text for text, angry in zip(texts, is_angry.tolist(), strict=True) if not angry]
    questions = [str(text) for text in load_source(banking)["test"].texts[:120]]
    return [texts[:250], texts[250:500], [*angry[-180:], *others[-30:]], [*texts[500:610], *questions]]


def main(run: Path, emotion: str, banking: str, folder: Path) -> None:
    """Write the log."""
    predictor = textune.load(run, runtime="torch")
    folder.mkdir()
    for day, texts in enumerate(days_of_texts(emotion, banking)):
        features, logits = predictor.features_and_logits(predictor.tokenize(texts).rows)
        assert features is not None
        kind, names = "single_label_classification", predictor.label_names
        header = LogHeader("run", model_sha256(Run(run)), kind, names, features.shape[1], has_texts=False)
        began = FIRST_DAY + day * SECONDS_A_DAY
        journal = LogJournal(folder, header, began=began)
        for row in range(len(texts)):
            each = slice(row, row + 1)
            numbers = (logits[each], logits[each, 0] > float("inf"), features[each])
            journal.append([to_bytes(LoggedRequest(began + row, f"{row}", *numbers, texts[each]), header)])
        journal.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
