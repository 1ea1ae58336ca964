"""Check that the clients of other servers get textune's own probabilities from its server.

It trains a classifier on the sample, serves it, and asks through each client in an environment of the
client's own, which `make check-clients` builds. A client fails if it raises an error, or if a probability
differs from the one that is predicted offline by more than 1e-6.

    python client_checks/check.py [--environments .bench] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import textune

HERE = Path(__file__).parent
MODEL = "emotion-sample"
TOLERANCE = 1e-6
TEXTS = [
    "What a day!",
    "I miss you so much, it hurts",
    "How dare they?",
    "It'll be fine - “soon” 🙂",
    "ok " * 300,
]


@contextmanager
def server(run: Path, *protocols: str) -> Iterator[str]:
    """Serve a run for the length of the block; yield the address."""
    command = [sys.executable, "-m", "textune", "serve", str(run), "--port", "0", "--runtime", "torch"]
    options = ["--protocols", ",".join(protocols), "--model-name", MODEL]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().rsplit(" ", 1)[1].strip()
    finally:
        process.terminate()
        process.wait(30)


def clients(environments: Path) -> dict[str, tuple[list[str], str]]:
    """Return how to run each client, and which of two servers it asks."""
    python = {
        name: str(environments / f"client-{name}" / "bin" / "python")
        for name in ("triton", "kserve", "mlflow", "generated")
    }
    return {
        "tritonclient": ([python["triton"], "ask_triton.py"], "all"),
        "kserve": ([python["kserve"], "ask_kserve.py"], "all"),
        # Its lists and arrays have a form that is SageMaker's where both are on.
        "mlflow": ([python["mlflow"], "ask_mlflow.py"], "mlflow"),
        "openapi-python-client": ([python["generated"], "ask_generated.py"], "all"),
        "huggingface_hub": ([sys.executable, "ask_huggingface.py"], "all"),
        "@huggingface/inference": ([shutil.which("node") or "node", "ask_huggingface.mjs"], "all"),
    }


def ask(command: list[str], url: str, environments: Path) -> dict[str, list[list[float]]]:
    """Return the probabilities that a client gets, by way of asking."""
    asked = subprocess.run(
        [*command, url, MODEL],
        cwd=HERE,
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NODE_MODULES": str((environments / "client-npm" / "node_modules").resolve())},
    )
    if asked.returncode:
        raise RuntimeError(asked.stderr.strip())
    answer: dict[str, list[list[float]]] = json.loads(asked.stdout.splitlines()[-1])
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--environments", type=Path, default=Path(".bench"))
    parser.add_argument("--only", nargs="*", help="the clients to check")
    options = parser.parse_args()
    known = clients(options.environments.resolve())
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        run = Path(
            textune.train("frozen", model="embedded:minilm", data="sample:emotion", out=f"{folder}/run").run
        )
        expected = textune.load(run, runtime="torch").predict_proba(TEXTS)
        with server(run, "all") as every, server(run, "mlflow") as mlflow:
            print(f"{'client':<24} {'way':<26} largest difference")
            for name in options.only or known:
                command, kind = known[name]
                try:
                    ways = ask(command, mlflow if kind == "mlflow" else every, options.environments)
                except (OSError, RuntimeError) as error:
                    failed.append(name)
                    print(f"{name:<24} failed: {error}")
                    continue
                for way, probabilities in ways.items():
                    difference = float(np.abs(np.array(probabilities) - expected).max())
                    print(f"{name:<24} {way:<26} {difference:.1e}")
                    if not difference <= TOLERANCE:
                        failed.append(f"{name}, {way}")
    if failed:
        raise SystemExit(f"Failed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
