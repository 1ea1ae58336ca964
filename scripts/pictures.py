"""Draws the pictures of the documentation, by default those that take minutes: `make pictures`.

    python scripts/pictures.py [NAME ...]

`PICTURES` is the one list of them: every file of `docs/pictures`, and the command that draws it. Some read
TweetEval's `emotion` folder from $EMOTION, and other data sets from folders in $DATASETS. Needs `textune` on
the PATH, and Chromium for the PNG files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
_TRAIN = "textune train --recipe frozen --model embedded:minilm"
_TUTORIAL = (
    "rm -rf build/pictures && textune convert sample:emotion build/pictures/posts --to csv"
    f" && (cd build/pictures && {_TRAIN} --data posts --out runs/posts)"
)
_OF_RUN = "PYTHONPATH=tests python scripts/picture_of_run.py"

PICTURES = {
    "report.png": f"rm -rf build/x && {_TRAIN} --data sample:emotion --out build/x"
    f" && {_OF_RUN} report build/x docs/pictures/report.png",
    "tutorial-report.png": f"{_TUTORIAL}"
    f" && {_OF_RUN} report build/pictures/runs/posts docs/pictures/tutorial-report.png",
    "tutorial-server.png": f"{_TUTORIAL}"
    f" && {_OF_RUN} server build/pictures/runs/posts docs/pictures/tutorial-server.png",
    "label.png": 'PYTHONPATH=tests python scripts/picture_of_label.py "$EMOTION" docs/pictures/label.png',
    "study.svg": "textune reproduce --model embedded:minilm"
    ' --data "$EMOTION" --curves docs/pictures/study.svg',
    "peers.svg": "make bench-peers  # to docs/pictures/peers.svg",
    "suite.svg": 'python benchmarks/suite.py "$EMOTION" "$DATASETS/banking77 metric=accuracy"'
    ' "$DATASETS/clinc150/data_full.json data.text_column=1 data.label_column=2'
    ' name=clinc150 metric=accuracy"'
    ' "$DATASETS/goemotions data.header=false data.text_column=1 data.label_column=2'
    ' data.label_names=$DATASETS/goemotions/emotions.txt"'
    " --recipes frozen full --peers tfidf sentence model2vec autointent --against frozen"
    " --cell-minutes 10 --picture docs/pictures/suite.svg",
}
"""The command that draws each picture, in the repository's folder."""
_LONG = ("peers.svg", "suite.svg")
"""Benchmarks, which take an hour or more."""


def main(names: list[str]) -> int:
    """Run the commands of some pictures; return 1 if one of them failed."""
    failed = 0
    for name in names or [name for name in PICTURES if name not in _LONG]:
        print(f"{name}: {PICTURES[name]}", flush=True)
        failed += subprocess.run(["bash", "-c", PICTURES[name]], cwd=REPOSITORY, check=False).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
