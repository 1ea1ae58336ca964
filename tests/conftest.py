"""Fixtures that several tests share. No test needs a network."""

from __future__ import annotations

import gc
import io
import os
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.doctest import DoctestModule
from filelock import FileLock

if TYPE_CHECKING:
    from browser import Browser

# Read when the libraries are imported, so set before any test imports them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# The tests start many processes, and each of them would compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# To collect the tests makes a million objects that stay, and to look for garbage among them takes seconds.
gc.set_threshold(200_000, 50, 50)
# A process that a shell starts in the background ignores Ctrl-C, and so do its children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MadeOnce = Callable[[str, Callable[[Path], object]], Path]

REPOSITORY = Path(__file__).parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for no examples in the files of the tests, which have none: only those of the package are run."""
    collectors = yield
    return [each for each in collectors if not isinstance(each, DoctestModule)]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the tests their own cache, which all of them share."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["TEXTUNE_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def few_texts_alone() -> None:
    """Let exports be measured on few texts one by one, which takes longer than all texts at once."""
    from textune.export import parity

    parity._SINGLE_TEXTS = 8


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """A function that has a folder filled by the first of the processes that share the tests.

    It returns the folder, which all of them leave as it is.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = shared / f"made-{name}", shared / f"made-{name}.done"
        with FileLock(f"{folder}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="module", autouse=True)
def frozen_objects() -> None:
    """Set all objects aside that are there before a file's tests, so that collections of garbage are quick.

    A fine-tuning collects twice, and would look at a million objects of pytest and the libraries each time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def few_mistakes_explained() -> Iterator[None]:
    """Let reports stop explaining mistakes early, as a real encoder takes all the seconds that they allow."""
    from textune.report import run_report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_report, "_WORDS_SECONDS", 0.5)
        yield


@pytest.fixture
def set_umask() -> Iterator[Callable[[int], int]]:
    """A function that sets the umask for the rest of the test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.fixture(scope="session")
def tweeteval() -> Path:
    """The folder of TweetEval's emotion task, which is not part of this repository."""
    root = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))
    if not (root / "emotion").is_dir():
        pytest.skip(f"TweetEval is not at {root} (set TEXTUNE_TWEETEVAL)")
    return root / "emotion"


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of published data sets, which are not part of this repository."""
    root = Path(os.environ.get("TEXTUNE_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    if not root.is_dir():
        pytest.skip(f"there are no published data sets at {root} (set TEXTUNE_DATASETS)")
    return root


@pytest.fixture(scope="session")
def tiny_distilbert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny DistilBERT with random weights."""
    from tiny_models import build_tiny_model

    folder = tmp_path_factory.mktemp("tiny-distilbert")
    build_tiny_model(folder, "distilbert")
    return str(folder)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Tiny encoders by architecture, built when first asked for; to be read, not changed."""
    from tiny_models import build_tiny_model

    folder = tmp_path_factory.mktemp("models")

    def build(architecture: str) -> Path:
        path = folder / architecture
        return path if path.exists() else build_tiny_model(path, architecture)

    return build


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A CSV file of 150 labelled texts that a tiny encoder can tell apart."""
    from small_data import write_small_csv

    return str(write_small_csv(tmp_path_factory.mktemp("data") / "texts.csv", 150))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute on one thread, so that bits can be compared."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium without a window; without it, the tests that need it are skipped."""
    from browser import find_chromium, open_browser

    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with open_browser(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def exported_run(tiny_distilbert: str, made_once: MadeOnce) -> Path:
    """A tiny run with exports for all runtimes, in fp32 and in 8 bits. Tests leave it as it is."""
    from tiny_classifiers import stock_classifier
    from tiny_exports import export_all, save_tiny_run

    def fill(folder: Path) -> None:
        export_all(save_tiny_run(folder / "run", stock_classifier(Path(tiny_distilbert))))

    return made_once("exported", fill) / "run"


@pytest.fixture(scope="session")
def label_run(tiny_distilbert: str, made_once: MadeOnce) -> Path:
    """A tiny run whose texts can have several labels, with exports in fp32. Tests leave it as it is."""
    import textune
    from tiny_classifiers import label_classifier
    from tiny_exports import EXACT, save_tiny_run

    def fill(folder: Path) -> None:
        run = save_tiny_run(folder / "labels", label_classifier(Path(tiny_distilbert)))
        for runtime in EXACT:
            textune.export(run, runtime=runtime)

    return made_once("labels", fill) / "labels"


@pytest.fixture(scope="session")
def pair_run(tiny_models: Callable[[str], Path], made_once: MadeOnce) -> Path:
    """A tiny run on pairs with segment ids, with exports for all runtimes. Tests leave it as it is."""
    from pair_data import COLUMNS
    from tiny_classifiers import stock_classifier
    from tiny_exports import export_all, save_tiny_run

    def fill(folder: Path) -> None:
        classifier = stock_classifier(tiny_models("bert"), max_length=40, pairs=True)
        export_all(save_tiny_run(folder / "pairs", classifier, settings=COLUMNS))

    return made_once("pairs", fill) / "pairs"


@pytest.fixture(scope="session")
def pair_label_run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run on pairs that can have several labels, without exports. Tests leave it as it is."""
    from dataclasses import replace

    from pair_data import COLUMNS
    from tiny_classifiers import label_classifier
    from tiny_exports import save_tiny_run

    labels = ("sadness", "joy", "anger")  # Labels from columns are in their order, not sorted.
    classifier = replace(label_classifier(Path(tiny_distilbert), labels=labels), pairs=True)
    return save_tiny_run(tmp_path_factory.mktemp("runs") / "pairs", classifier, settings=COLUMNS)


class Outcome:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def textune_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in this process."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["textune", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        from textune.cli.main import main

        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run
