"""A search on cached features, and the training with what it chose."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import textune
from few_posts import few_posts
from observers import Notes, Silence
from outside_data import write_outside_csv
from pair_data import COLUMNS, pair_rows
from small_data import small_rows
from textune.commands.tuning_job import TuneResult
from textune.errors import DataError, MissingExtraError, RecipeError, RequestError, RunError, StoppedError
from textune.run.layout import open_run, read_manifest
from textune.tuning import search as searching
from textune.tuning.trial_store import TrialStore
from textune.tuning.trials import Trial
from tiny_models import build_tiny_model

FAST = ("evaluate.bootstrap_samples=100", "evaluate.baselines=false")
TRIALS = 9


@pytest.fixture(scope="module")
def model(tiny_distilbert: str) -> str:
    return tiny_distilbert


@pytest.fixture(scope="module")
def data(small_csv: str) -> str:
    return small_csv


Tune = Callable[..., TuneResult]


@pytest.fixture(scope="module")
def tune(model: str, data: str) -> Tune:
    """Search on the small texts."""

    def run(out: Path, **options: Any) -> TuneResult:
        request: dict[str, Any] = {"model": model, "trials": TRIALS, "settings": FAST, "data": data}
        return textune.tune(**{**request, **options}, out=out)

    return run


@pytest.fixture(scope="module")
def tuned(tune: Tune, tmp_path_factory: pytest.TempPathFactory) -> TuneResult:
    return tune(tmp_path_factory.mktemp("runs") / "tuned")


def trials_in(run: Path) -> list[Trial]:
    """Return the stored trials of a run, without their durations."""
    with TrialStore.open(run / "trials.db") as store:
        return [Trial(**{**vars(trial), "seconds": 0.0}) for trial in store.trials()]


class Stopper(Silence):
    """Presses Ctrl-C, or dies, before a trial."""

    def __init__(self, trial: int, how: BaseException) -> None:
        self._trial, self._how = trial, how

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Stop before the trial."""
        if unit == "trials" and done == self._trial:
            raise self._how


class Killed(BaseException):
    """What ends a process, and runs no handler."""


def test_the_result_is_a_complete_run_with_its_search(tuned: TuneResult) -> None:
    run = open_run(tuned.run)

    assert {"trials.db", "tuning.json", "tuned.toml", "metrics.json"} <= read_manifest(run)["files"].keys()
    assert tuned.document["tuning"] == json.loads(run.tuning.read_text(encoding="utf-8"))
    assert tuned.document["metrics"]["test"]["accuracy"] > 0.6


def test_the_first_trial_is_the_recipe_as_it_is(tuned: TuneResult) -> None:
    first = tuned.tuning["trials"][0]

    assert len(tuned.tuning["trials"]) == TRIALS
    assert first["outcome"] == "complete"
    assert first["values"]["train.weight_decay"] == "auto"
    assert first["values"]["model.layers"] == [-5, -3, -1]


def test_the_run_s_recipe_has_the_chosen_settings(tuned: TuneResult) -> None:
    recipe = textune.load_recipe(str(tuned.run / "recipe.toml"))

    for name, value in tuned.tuning["settings"].items():
        section, _, key = name.partition(".")
        assert getattr(getattr(recipe, section), key) == value


def test_train_takes_the_tuned_recipe(tuned: TuneResult, data: str, tmp_path: Path) -> None:
    again = textune.train(str(tuned.run / "tuned.toml"), data=data, out=tmp_path / "again")

    assert again.document["metrics"]["test"] == tuned.document["metrics"]["test"]


def test_the_score_of_a_metric_stands_beside_its_nested_one(tuned: TuneResult) -> None:
    scores = tuned.tuning["scores"]

    assert set(scores) == {"accuracy", "macro_f1", "log_loss"}
    assert scores["log_loss"]["optimism"] == pytest.approx(
        scores["log_loss"]["nested"] - scores["log_loss"]["best"]
    )


def test_a_search_that_is_killed_resumes_with_the_same_trials(
    tune: Tune, tuned: TuneResult, tmp_path: Path
) -> None:
    for trial in (3, 7):
        with pytest.raises(Killed):
            if trial == 3:
                tune(tmp_path / "run", observer=Stopper(trial, Killed()))
            textune.resume_tuning(tmp_path / "run", observer=Stopper(trial, Killed()))
        assert len(trials_in(tmp_path / "run")) == trial

    resumed = textune.resume_tuning(tmp_path / "run")

    assert trials_in(resumed.run) == trials_in(tuned.run)
    assert resumed.document["metrics"] == tuned.document["metrics"]


def test_ctrl_c_ends_the_search_with_the_best_so_far(tune: Tune, tmp_path: Path) -> None:
    result = tune(tmp_path / "run", observer=Stopper(4, KeyboardInterrupt()))

    assert len(result.tuning["trials"]) == 4
    assert result.tuning["stopped"]
    assert "stopped by hand" in result.tuning["sentences"][0]
    assert open_run(result.run)


def test_ctrl_c_before_anything_was_tried_says_how_to_resume(tune: Tune, tmp_path: Path) -> None:
    with pytest.raises(StoppedError, match="textune tune --resume"):
        tune(tmp_path / "run", trials=2, observer=Stopper(0, KeyboardInterrupt()))

    assert textune.resume_tuning(tmp_path / "run").tuning["trials"]


def test_a_final_training_that_is_killed_resumes(
    tune: Tune, tuned: TuneResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("textune.commands.training_job.save_results", die)
        with pytest.raises(Killed):
            tune(tmp_path / "run")

    resumed = textune.resume_tuning(tmp_path / "run")

    assert trials_in(resumed.run) == trials_in(tuned.run)
    assert resumed.document["metrics"] == tuned.document["metrics"]


def test_ctrl_c_in_the_final_training_says_how_to_resume_the_search(
    tune: Tune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("textune.commands.training_job.save_results", stop)

    with pytest.raises(StoppedError) as caught:
        tune(tmp_path / "run", trials=2)

    assert "textune tune --resume" in str(caught.value.hint)


def test_a_complete_search_is_returned_as_it_is(tuned: TuneResult) -> None:
    notes = Notes()

    again = textune.resume_tuning(tuned.run, observer=notes)

    assert again.document == tuned.document
    assert "nothing to resume" in notes.notes[0]


def test_a_stopped_search_is_not_overwritten(tune: Tune, model: str, data: str, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        tune(tmp_path / "run", observer=Stopper(2, Killed()))

    with pytest.raises(RunError, match="textune tune --resume"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run")
    with pytest.raises(RunError, match="textune tune --resume"):
        tune(tmp_path / "run")


def test_a_search_on_data_that_has_changed_is_not_resumed(tune: Tune, data: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    shutil.copy(data, mine)
    with pytest.raises(Killed):
        tune(tmp_path / "run", data=str(mine), observer=Stopper(2, Killed()))
    mine.write_text(mine.read_text(encoding="utf-8").replace("happy", "glad"), encoding="utf-8")

    with pytest.raises(RunError, match="has changed since it began"):
        textune.resume_tuning(tmp_path / "run")


def test_a_folder_without_a_search_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no search"):
        textune.resume_tuning(tmp_path)


def test_labels_that_have_nothing_to_do_with_the_texts_beat_nothing(model: str, tmp_path: Path) -> None:
    chooser = random.Random(0)
    rows = [(text, chooser.choice(["yes", "no", "maybe"])) for text, _ in small_rows(150)]
    texts, labels = zip(*rows, strict=True)

    result = textune.tune(
        (list(texts), list(labels)), model=model, out=tmp_path / "run", trials=6, settings=FAST
    )

    assert any("beats the majority class" in sentence for sentence in result.tuning["sentences"])
    assert result.tuning["chosen"] == 0


def test_labels_that_the_texts_show_beat_the_majority_class(tuned: TuneResult) -> None:
    assert tuned.tuning["over_majority"]["clear"]


def test_several_models_are_compared_on_the_same_folds(tune: Tune, model: str, tmp_path: Path) -> None:
    other = str(build_tiny_model(tmp_path / "other", "bert"))

    result = tune(tmp_path / "run", model=[model, other], trials=4)

    assert {trial["values"]["model.name"] for trial in result.tuning["trials"]} == {model, other}


def test_the_names_of_labels_count_in_a_search_as_they_do_in_a_training(tune: Tune, tmp_path: Path) -> None:
    posts = few_posts(4)
    data = {**posts, "validation": posts["validation"][:12], "test": posts["test"][:12]}
    with_names, without = (
        tune(
            tmp_path / start,
            model="embedded:minilm",
            data=data,
            trials=1,
            settings=[*FAST, f"train.head_start={start}"],
        )
        for start in ("label_names", "fitted")
    )

    named, unnamed = (trials_in(result.run)[0].mean("log_loss") for result in (with_names, without))
    assert named < unnamed - 0.03


def test_texts_with_several_labels_are_searched(model: str, tmp_path: Path) -> None:
    rows = small_rows(120)
    labels = [[label, "long"] if len(text.split()) > 7 else [label] for text, label in rows]

    result = textune.tune(
        ([text for text, _ in rows], labels), model=model, out=tmp_path / "run", trials=2, settings=FAST
    )

    assert result.tuning["scores"]["log_loss"]["default"] > 0


def test_a_stock_head_is_searched_by_training_it(tune: Tune, tmp_path: Path) -> None:
    settings = [*FAST, "train.num_train_epochs=2", "search.train.num_train_epochs=[2, 3]"]

    result = tune(tmp_path / "run", recipe="paper", trials=3, settings=settings)

    assert result.tuning["trials"][0]["outcome"] == "complete"


def test_trained_layers_are_searched_by_trainings_that_begin_with_a_probe(tune: Tune, tmp_path: Path) -> None:
    settings = [*FAST, "train.num_train_epochs=1", "search.train.num_train_epochs=[1, 2]"]

    result = tune(tmp_path / "run", recipe="full", trials=3, settings=settings)

    trials = result.tuning["trials"]
    assert trials[0]["folds"] == 5
    assert all(set(trial["probe"]) == {"accuracy", "macro_f1", "log_loss"} for trial in trials)
    assert result.tuning["repeats"] == 1
    assert open_run(result.run)


def test_settings_that_do_not_fit_together_fail_one_trial_and_not_the_search(
    tune: Tune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = [{"model.layers": [-1], "train.optim": "adam", "train.weight_decay": "auto"}]
    monkeypatch.setattr(searching.Proposer, "propose", lambda *_: space[0])

    result = tune(tmp_path / "run", trials=2)

    assert result.tuning["trials"][1]["outcome"] == "failed"
    assert "could not be carried out" in result.tuning["sentences"][0]


def test_a_time_that_is_up_ends_the_search_after_the_fewest_trials(tune: Tune, tmp_path: Path) -> None:
    result = tune(tmp_path / "run", max_minutes=0.01)

    assert len(result.tuning["trials"]) == 2


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"recipe": "full", "max_minutes": 0.01}, RequestError, "too short"),
        ({"settings": ["train.engine=keras"], "recipe": "paper"}, RequestError, "Keras"),
        ({"score": "f1"}, RequestError, "not a score"),
        ({"trials": 0}, RequestError, "not a number of trials"),
        ({"max_minutes": 0}, RequestError, "not a duration"),
        ({"settings": ["search.train.seed=[1, 2]"]}, RecipeError, "cannot be searched"),
        ({"data": "nowhere.csv"}, DataError, "nowhere.csv"),
    ],
)
def test_a_wrong_request_leaves_nothing_behind(
    tune: Tune, tmp_path: Path, options: dict[str, Any], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        tune(tmp_path / "runs" / "run", **options)

    assert not (tmp_path / "runs").exists()


def test_without_optuna_the_message_names_the_line_that_installs_it(
    tune: Tune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.extras.importlib.util.find_spec", lambda _: None)

    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[tune\]'"):
        tune(tmp_path / "run")


def test_texts_outside_the_classes_are_told_apart_by_what_was_chosen(tune: Tune, tmp_path: Path) -> None:
    data = str(write_outside_csv(tmp_path / "texts.csv"))

    run = open_run(tune(tmp_path / "tuned", data=data, trials=2, settings=(*FAST, "evaluate.other=oos")).run)

    document = json.loads(run.metrics.read_text(encoding="utf-8"))
    assert document["metrics"]["test"]["per_class"].keys() == {"anger", "joy", "sadness"}
    assert document["other"]["test"]["outside"] == 12
    assert textune.evaluate(run.path)["other"]["test"] == document["other"]["test"]


def test_long_texts_are_searched_in_windows(tune: Tune, tmp_path: Path) -> None:
    windows = ("prepare.long_texts=windows", "prepare.max_length=6", "prepare.window_overlap=2")

    result = tune(tmp_path / "run", trials=3, settings=[*FAST, *windows])

    assert result.tuning["trials"][0]["outcome"] == "complete"


def test_pairs_are_searched(model: str, tmp_path: Path) -> None:
    pairs, labels = zip(*pair_rows(112), strict=True)
    columns = ([pair.first for pair in pairs], [pair.second for pair in pairs], list(labels))
    table = dict(zip(("question", "answer", "label"), columns, strict=True))

    result = textune.tune(table, model=model, out=tmp_path / "run", trials=3, settings=[*FAST, *COLUMNS])

    assert result.tuning["trials"][0]["outcome"] == "complete"
