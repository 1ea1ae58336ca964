"""Keeps what a commit of textune writes: later versions are tested on it.

    python scripts/keep_old.py COMMIT [THING ...]    all things that the commit can make, or some of them
    python scripts/keep_old.py --inputs              the texts and the tiny model that all of them start from

In: a commit of this repository, whose code is run with the packages of this environment, and
`tests/old/inputs.tar.xz`. Out: `tests/old/COMMIT.tar.xz`, with a folder for each thing, what that commit
itself predicts (`expected/`), and the commands that made it all (`kept.json`). See tests/old/README.md.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase, digits

REPOSITORY = Path(__file__).resolve().parent.parent
KEPT = REPOSITORY / "tests" / "old"
INPUTS = KEPT / "inputs.tar.xz"
LIBRARIES = ("torch", "transformers", "numpy", "pyarrow", "scikit-learn", "onnxruntime", "openvino", "optuna")

_WORDS = {"joy": "happy love great fun", "sadness": "sad cry lost alone", "anger": "angry hate mad rage"}
_FILLERS = ["the", "a", "day", "so", "very", "my", "is", "this", "and", "today"]
_TRAIN = ["train", "--model", "model", "--offline"]
_PREDICT = ["--input", "texts.csv", "--output"]
_FEW_EPOCHS = ["--set", "train.num_train_epochs=2"]

COMMANDS: dict[str, list[list[str]]] = {
    "frozen": [
        [*_TRAIN, "--data", "data", "--recipe", "frozen", "--out", "frozen"],
        ["predict", "frozen", *_PREDICT, "expected/frozen.csv"],
    ],
    "stock": [
        [*_TRAIN, "--data", "data", "--recipe", "paper", *_FEW_EPOCHS, "--out", "stock"],
        ["predict", "stock", *_PREDICT, "expected/stock.csv"],
    ],
    "finetuned": [
        [*_TRAIN, "--data", "data", "--recipe", "full", *_FEW_EPOCHS, "--out", "finetuned"],
        ["predict", "finetuned", *_PREDICT, "expected/finetuned.csv"],
    ],
    "abstaining": [
        [*_TRAIN, "--data", "data", "--set", "evaluate.min_precision=0.5", "--out", "abstaining"],
        ["predict", "abstaining", *_PREDICT, "expected/abstaining.csv"],
    ],
    "several-labels": [
        [*_TRAIN, "--data", "several.csv", "--set", 'data.label_columns=["glad", "loud"]',
         "--out", "several-labels"],
        ["predict", "several-labels", *_PREDICT, "expected/several-labels.csv"],
    ],
    "pairs": [
        [*_TRAIN, "--data", "pairs.csv", "--set", "data.text_column=question", "--set",
         "data.text_pair_column=answer", "--out", "pairs"],
        ["predict", "pairs", "--input", "pairs.csv", "--output", "expected/pairs.csv"],
    ],
    "windows": [
        [*_TRAIN, "--data", "data", "--set", "prepare.long_texts=windows", "--set", "prepare.max_length=8",
         "--set", "prepare.window_overlap=2",
         "--out", "windows"],
        ["predict", "windows", *_PREDICT, "expected/windows.csv"],
    ],
    "other": [
        [*_TRAIN, "--data", "data", "--set", "evaluate.other=outside.txt", "--out", "other"],
        ["predict", "other", *_PREDICT, "expected/other.csv"],
    ],
    "cache": [
        ["CACHE", "cache", *_TRAIN, "--data", "data", "--recipe", "frozen", "--out", "cached"],
        ["DROP", "cached"],
    ],
    "seeds": [[*_TRAIN, "--data", "data", "--recipe", "frozen", "--seeds", "2", "--out", "seeds"]],
    "onnx": [
        [*_TRAIN, "--data", "data", "--recipe", "frozen", "--out", "onnx"],
        ["export", "onnx", "--runtime", "onnx"],
        ["predict", "onnx", "--runtime", "onnx", *_PREDICT, "expected/onnx.csv"],
    ],
    "openvino": [
        [*_TRAIN, "--data", "data", "--recipe", "frozen", "--out", "openvino"],
        ["export", "openvino", "--runtime", "openvino"],
        ["predict", "openvino", "--runtime", "openvino", *_PREDICT, "expected/openvino.csv"],
    ],
    "tuned": [
        ["tune", "data", "--model", "model", "--offline", "--trials", "4", "--out", "tuned"],
        ["predict", "tuned", *_PREDICT, "expected/tuned.csv"],
    ],
    "labelling": [["LABEL", "labelling"]],
    "log": [
        [*_TRAIN, "--data", "data", "--recipe", "frozen", "--out", "log-run"],
        ["SERVE", "log-run", "log"],
    ],
    "stopped-training": [
        ["KILL", "rename:step-:2", *_TRAIN, "--data", "data", "--recipe", "full",
         "--set", "train.num_train_epochs=4", "--set", "train.save_steps=2", "--out", "stopped-training"],
        [*_TRAIN, "--data", "data", "--recipe", "full", "--set", "train.num_train_epochs=4",
         "--set", "train.save_steps=2", "--out", "not-stopped"],
        ["predict", "not-stopped", *_PREDICT, "expected/stopped-training.csv"],
        ["DROP", "not-stopped"],
    ],
    "stopped-prediction": [
        [*_TRAIN, "--data", "data", "--recipe", "frozen", "--out", "predicting"],
        ["KILL", "rename:00001.:1", "predict", "predicting", "--input", "many.csv", "--output",
         "stopped-prediction.csv"],
    ],
    "stopped-search": [
        ["KILL", "call:textune.tuning.trial_store:TrialStore.add:4", "tune", "data", "--model", "model",
         "--offline", "--trials", "12", "--out", "stopped-search"],
    ],
}  # fmt: skip
"""What makes each thing: command lines of textune, or steps of this file, which are in capitals."""

_START = """
import importlib, os, runpy, signal, sys
source, kill, *sys.argv = ["textune-source", *sys.argv[1:]][1:]
sys.path.insert(0, source)
sys.argv.insert(0, "textune")
def dies_after(function, count, matters):
    left = [count]
    def watched(*arguments, **options):
        result = function(*arguments, **options)
        if matters(arguments):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
        return result
    return watched
if kill:
    kind, *what, count = kill.split(":")
    if kind == "rename":
        matters = lambda arguments: what[0] in os.path.basename(str(arguments[1]))
        for name in ("rename", "replace"):
            setattr(os, name, dies_after(getattr(os, name), int(count), matters))
    else:
        owner, _, method = what[1].rpartition(".")
        holder = getattr(importlib.import_module(what[0]), owner)
        setattr(holder, method, dies_after(getattr(holder, method), int(count), lambda arguments: True))
runpy.run_module("textune", run_name="__main__", alter_sys=True)
"""

_LABEL = """
import csv, sys
sys.path.insert(0, sys.argv[1])
import textune
texts = [row["text"] for row in csv.DictReader(open("several.csv", encoding="utf-8"))][:50]
labeller = textune.Labeller(texts, ["glad", "other"], model="model", out=sys.argv[2])
for _ in range(12):
    text = labeller.next()
    labeller.answer("glad" if any(word in text for word in ("happy", "love", "great", "fun")) else "other")
"""


class ThingError(Exception):
    """A commit cannot make a thing; the message says why."""


class Maker:
    """Runs a commit's code in a folder with the inputs."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.folder = source, folder
        (folder / "expected").mkdir(exist_ok=True)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(source),
            "TEXTUNE_CACHE": str(folder.parent / "cache"),
            "HF_HUB_OFFLINE": "1",
            "OMP_WAIT_POLICY": "passive",
        }

    def make(self, thing: str) -> None:
        """Run the commands of a thing; raise a `ThingError` if one of them fails."""
        for command in COMMANDS[thing]:
            match command:
                case ["SERVE", run, log]:
                    self._serve(run, log)
                case ["LABEL", folder]:
                    self._check([sys.executable, "-c", _LABEL, str(self.source), folder])
                case ["DROP", name]:
                    shutil.rmtree(self.folder / name)
                case ["CACHE", name, *arguments]:
                    self._check(self._textune("", arguments), cache=self.folder / name)
                case ["KILL", moment, *arguments]:
                    self._check(self._textune(moment, arguments), code=-signal.SIGKILL)
                case arguments:
                    self._check(self._textune("", arguments))

    def _textune(self, kill: str, arguments: list[str]) -> list[str]:
        return [sys.executable, "-c", _START, str(self.source), kill, *arguments]

    def _check(self, command: list[str], *, code: int = 0, cache: Path | None = None) -> None:
        environment = {**self.environment, **({"TEXTUNE_CACHE": str(cache)} if cache else {})}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300
        )
        if done.returncode != code:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise ThingError(f"{' '.join(command[4:])[:90]}: {done.returncode}: {' '.join(said[-3:])[-200:]}")

    def _serve(self, run: str, log: str) -> None:
        """Serve twice: a server that ends leaves a Parquet file, and one that is killed leaves a journal."""
        for ending in (signal.SIGTERM, signal.SIGKILL):
            command = self._textune("", ["serve", run, "--port", "0", "--log", log])
            with subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as process:
                assert process.stdout
                line = process.stdout.readline()
                if "http" not in line:
                    process.kill()
                    raise ThingError("serve --log did not start")
                for number in range(5):
                    body = json.dumps({"inputs": [f"a happy day {number}", "my sad day"]}).encode()
                    urllib.request.urlopen(f"{line.rsplit(' ', 1)[1].strip()}/", body, timeout=20).read()
                time.sleep(2.0)
                process.send_signal(ending)


def write_inputs(folder: Path) -> None:
    """Write labelled texts and a tiny encoder into a folder; all of it is drawn by fixed seeds."""
    chooser = random.Random(0)

    def text_of(label: str) -> str:
        words = [*chooser.sample(_WORDS[label].split(), 2), *chooser.sample(_FILLERS, 5)]
        chooser.shuffle(words)
        return " ".join(words)

    def write(name: str, header: list[str], rows: list[list[str]]) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])

    labels = sorted(_WORDS)
    for split, count in {"train": 60, "validation": 36, "test": 36}.items():
        rows = [[f"{text_of(labels[n % 3])} {split}{n}", labels[n % 3]] for n in range(count)]
        write(f"data/{split}.csv", ["text", "label"], rows)
    several = [
        [text_of(labels[n % 3]) + " loud" * (n % 2), "01"[n % 3 == 1], "01"[n % 2]] for n in range(120)
    ]
    write("several.csv", ["text", "glad", "loud"], several)
    first, second = [labels[n % 2] for n in range(120)], [labels[n // 2 % 2] for n in range(120)]
    pairs = [[text_of(one), text_of(two), "ab"[one == two]] for one, two in zip(first, second, strict=True)]
    write("pairs.csv", ["question", "answer", "label"], pairs)
    texts = [text_of(labels[n % 3]) for n in range(12)]
    texts += [" ".join(texts[:3]), "Ein Tag, 5 \N{EURO SIGN}!"]
    write("texts.csv", ["text"], [[text] for text in texts])
    write("many.csv", ["text"], [[f"{_WORDS[labels[n % 3]]} {n % 50}"] for n in range(10_000)])
    outside = [f"and so {' '.join(chooser.sample(_FILLERS, 4))} {number}\n" for number in range(40)]
    (folder / "outside.txt").write_text("".join(outside), encoding="utf-8")
    _write_model(folder / "model")


def _write_model(folder: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [f"{start}{letter}" for start in ("", "##") for letter in f"{ascii_lowercase}{digits}"]
    words = [*" ".join(_WORDS.values()).split(), *_FILLERS, *_WORDS, "loud"]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys([*special, *letters, *words]))}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, model_max_length=48, model_input_names=["input_ids", "attention_mask"],
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=len(vocabulary), dim=8, n_layers=2, n_heads=2, hidden_dim=16, max_position_embeddings=48,
        initializer_range=0.3, pad_token_id=0,
    )  # fmt: skip
    DistilBertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def pack(folder: Path, archive: Path) -> None:
    """Write a folder's files as an archive whose bytes depend on nothing but them and their times."""
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tar.gettarinfo(path, path.relative_to(folder).as_posix())
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                with path.open("rb") as file:
                    tar.addfile(entry, file)


@contextmanager
def checked_out(commit: str, place: Path) -> Iterator[Path]:
    """Check a commit out for the length of the block."""
    git = ["git", "-C", str(REPOSITORY), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)
    try:
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def keep(commit: str, things: list[str]) -> None:
    """Let a commit make things, and pack those that it can make."""
    described = subprocess.run(
        ["git", "-C", str(REPOSITORY), "show", "-s", "--format=%h\n%cs\n%s", "--abbrev=7", commit],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    name, date, subject = described.stdout.strip().split("\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "kept"
        with tarfile.open(INPUTS) as tar:
            tar.extractall(folder, filter="data")
        inputs = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        made = []
        with checked_out(commit, Path(temporary) / "checkout") as place:
            maker = Maker(place / "src", folder)
            for thing in things or COMMANDS:
                try:
                    maker.make(thing)
                    made.append(thing)
                    print(f"{name}: {thing}", flush=True)
                except ThingError as error:
                    print(f"{name}: {thing} was left out: {error}", flush=True)
        if not made:
            sys.exit(f"{name} made nothing.")
        for path in inputs:
            (folder / path).unlink()
        facts = {
            "commit": name,
            "date": date,
            "subject": subject,
            "libraries": {library: version(library) for library in LIBRARIES},
            "things": {thing: [shlex.join(command) for command in COMMANDS[thing]] for thing in made},
        }
        (folder / "kept.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        pack(folder, KEPT / f"{name}.tar.xz")
        print(f"{KEPT / name}.tar.xz: {(KEPT / f'{name}.tar.xz').stat().st_size:,} bytes")


def main() -> None:
    """Do what the command line says."""
    if sys.argv[1:] == ["--inputs"]:
        with tempfile.TemporaryDirectory() as folder:
            write_inputs(Path(folder))
            pack(Path(folder), INPUTS)
    elif len(sys.argv) > 1:
        keep(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
