"""Packages a run for each target, and starts it from a copy of the folder alone in a fresh environment.

Each folder is copied to another place. Its requirements are installed into an empty virtual environment, and
the command of its Dockerfile runs there; MLflow's is loaded by `mlflow.pyfunc`. The answers must be those of
the run. Everything is in a temporary folder.

    python scripts/check-packages.py [RUN] [--only docker sagemaker kserve mlflow]

Without a run, one is trained on the shipped sample and exported. It takes about five minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
TEXTS = ["What a day!", "Not again...", "so happy and fun"]
OIP = {"name": "text", "shape": [len(TEXTS)], "datatype": "BYTES", "data": TEXTS}
TARGETS = ("docker", "sagemaker", "kserve", "mlflow")
REQUESTS: dict[str, tuple[str, Any]] = {
    "docker": ("/", {"inputs": TEXTS}),
    "sagemaker": ("/invocations", {"inputs": TEXTS}),
    "kserve": ("/v2/models/{name}/infer", {"inputs": [OIP]}),
}
LOADED = """
import json, sys
import mlflow.pyfunc, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
table = model.predict(pandas.DataFrame({"text": json.loads(sys.argv[2])}))
print(json.dumps(table.to_dict(orient="records")))
"""


def expected_scores(run: Path) -> list[dict[str, float]]:
    """Return the probability of every label for each text, as the run's own classifier gives them."""
    import textune

    predictor = textune.load(run, runtime="torch")
    rows = predictor.predict_proba(TEXTS).tolist()
    return [dict(zip(predictor.label_names, row, strict=True)) for row in rows]


def make_run(folder: Path) -> Path:
    """Train a run on the sample, and export it."""
    import textune

    run = textune.train("frozen", model="embedded:minilm", data="sample:emotion", out=folder / "run").run
    textune.export(run, runtime="onnx")
    return Path(run)


def fresh_python(folder: Path, requirements: Path) -> Path:
    """Return the interpreter of a new environment that has nothing but the requirements."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-r", requirements]
    subprocess.run(install, check=True)
    return python


def served_scores(package: Path, python: Path, target: str) -> list[dict[str, float]]:
    """Start a package as its Dockerfile does, and return what it answers."""
    dockerfile = (package / "Dockerfile").read_text(encoding="utf-8")
    [entry] = re.findall(r"^ENTRYPOINT (\[.+\])$", dockerfile, re.MULTILINE)
    command = [str(python) if word == "python" else word for word in json.loads(entry)]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TEXTUNE"))}
    environment = {**kept, "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"}
    words = ["serve"] if target == "sagemaker" else []
    process = subprocess.Popen([*command, *words], cwd=package, env=environment)
    try:
        path, document = REQUESTS[target]
        name = json.loads((package / "manifest.json").read_text(encoding="utf-8"))["name"]
        answers = ask(f"http://127.0.0.1:{port}{path.format(name=name)}", document, process)
        health = [*command, "--check-health"]
        subprocess.run(health, cwd=package, env=environment, check=True, timeout=60)
    finally:
        process.terminate()
        process.wait(60)
    if process.returncode:
        raise SystemExit(f"{target}: the server ended with {process.returncode}.")
    if target == "kserve":
        named = {output["name"]: output["data"] for output in answers["outputs"]}
        labels = named["label_names"]
        rows = zip(*[iter(named["probabilities"])] * len(labels), strict=True)
        return [dict(zip(labels, row, strict=True)) for row in rows]
    return [{entry["label"]: entry["score"] for entry in answer} for answer in answers]


def ask(url: str, document: Any, process: subprocess.Popen[bytes]) -> Any:
    """Send JSON once the server is there, and return the JSON that it answers."""
    request = urllib.request.Request(url, json.dumps(document).encode(), {"content-type": "application/json"})
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"The server ended with {process.returncode}.")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not start.")


def loaded_scores(package: Path, python: Path) -> list[dict[str, float]]:
    """Load a package with `mlflow.pyfunc`, and return what it predicts."""
    command = [python, "-c", LOADED, str(package), json.dumps(TEXTS)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        command, cwd=package.parent, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise SystemExit(result.stderr)
    records = json.loads(result.stdout.splitlines()[-1])
    return [
        {name.removeprefix("score_"): value for name, value in record.items() if name.startswith("score_")}
        for record in records
    ]


def main() -> None:
    """Package, start and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=TARGETS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        import textune

        run = options.run or make_run(folder)
        expected = expected_scores(run)
        environments: dict[str, Path] = {}
        for target in options.only:
            made = textune.package(run, target=target, out=folder / "made").path
            package = shutil.copytree(made, folder / "elsewhere" / target)
            shutil.rmtree(made)
            requirements = (package / "requirements.txt").read_text(encoding="utf-8")
            if requirements not in environments:
                place = folder / f"environment-{len(environments)}"
                environments[requirements] = fresh_python(place, package / "requirements.txt")
            python = environments[requirements]
            scores = (
                loaded_scores(package, python)
                if target == "mlflow"
                else served_scores(package, python, target)
            )
            difference = max(
                abs(score[label] - row[label])
                for score, row in zip(scores, expected, strict=True)
                for label in row
            )
            what = "loaded" if target == "mlflow" else "started"
            sys.stdout.write(f"{target}: {what} from its folder alone; differs by {difference:.1e}\n")
            sys.stdout.flush()
            if difference > 1e-4:
                raise SystemExit(f"{target}: the answers are not those of the run.")


if __name__ == "__main__":
    main()
