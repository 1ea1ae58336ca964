"""The estimator: texts and labels become a classifier in memory, with scikit-learn's methods.

It trains by the same recipes as a run, but has no run folder: no report, no metrics, and no test split. What
a pickle holds of it is what a run's `model` folder holds.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from textune.context import Context
from textune.errors import RecipeError
from textune.estimator.fit_data import check_has_labels, hold_out, read_classes, read_texts_of
from textune.estimator.label_matrices import hold_out_rows, indicators_of, read_label_matrix
from textune.evaluation.label_thresholds import choose_label_thresholds
from textune.recipe.recipes import Recipe, check_extras, resolve_recipe
from textune.run.layout import Run
from textune.tasks import multi_label, single_label
from textune.training.method import Request, load_task, method_of

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier
    from textune.runtimes.torch_predictor import TorchPredictor

_MODEL = "_model_files"


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fine-tuned encoder as a scikit-learn classifier of texts.

    A share of the rows, `data.validation_fraction`, is held out of every fit: it decides when to stop and how
    strongly to regularise, and calibrates the probabilities. A pickle holds the encoder's weights as well.

    If texts can have several labels, `y` is a matrix of zeros and ones (rows, classes), as scikit-learn has
    it, or a list of labels per row. Predictions have the form of `y`, and the held-out rows also decide the
    threshold of each label.

    Args:
        recipe: The name of a shipped recipe, a TOML file, or a `Recipe`.
        model: The pretrained encoder; replaces the recipe's `model.name`.
        settings: Further overrides: a dict from `section.key` to values, or a list of `section.key=value`.
        random_state: The seed, or a generator that draws one; by default the recipe's `train.seed`, so that
            fits are repeatable.

    Attributes:
        classes_: The labels, sorted, (classes,); those of a matrix are its columns' names or numbers.
        thresholds_: From which probability a text gets each label, (classes,), if it can have several;
            None otherwise.

    Example:
        >>> from sklearn.base import clone
        >>> clone(TextClassifier(model="embedded:minilm", settings={"train.num_train_epochs": 5}))
        TextClassifier(model='embedded:minilm', settings={'train.num_train_epochs': 5})
    """

    def __init__(
        self,
        recipe: str | Recipe = "frozen",
        *,
        model: str | None = None,
        settings: Mapping[str, Any] | Sequence[str] = (),
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.recipe = recipe
        self.model = model
        self.settings = settings
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's name.
        """Train on texts and labels.

        Args:
            X: The texts, (rows,): a list, an array or a series of strings. Pairs of texts are tuples of two
                strings in a list.
            y: Their labels, (rows,); a matrix of zeros and ones (rows, classes), which may be sparse; or a
                list of labels per row.

        Raises:
            ValueError: The texts or labels are not what they should be.
            RequestError: The recipe or the model is wrong.
            DivergenceError: The loss became NaN or infinite.
        """
        check_has_labels(y)
        texts = read_texts_of(X)
        matrix = read_label_matrix(y, rows=len(texts))
        recipe = self._resolved()
        fraction, seed = recipe.data.validation_fraction, recipe.data.split_seed
        if matrix is None:
            classes, ids = read_classes(y, rows=len(texts))
            data = hold_out(texts, ids, tuple(map(str, classes)), fraction=fraction, seed=seed)
        else:
            classes = matrix.classes
            data = hold_out_rows(texts, matrix, tuple(map(str, classes)), fraction=fraction, seed=seed)
        ctx = Context()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            task = load_task(Request(recipe, "", Path(folder)), ctx, data)
            method = method_of(recipe)(task, Run(Path(folder)), ctx)
            method.prepare()
            method.fit(resume=False)
            self.thresholds_ = None
            if matrix is not None:
                held_out = method.probabilities()["validation"]
                # The method may leave rows out, so the labels are those of its own split.
                labels = task.texts.dataset["validation"].labels
                self.thresholds_ = choose_label_thresholds(held_out, labels).thresholds
        self._weights_sha256 = "" if recipe.trains_encoder else task.weights.weights_sha256
        self._gives_lists = matrix is not None and matrix.are_lists
        self._use(task.classifier)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the probability of every class, as in `classes_`, for every text, (texts, classes).

        Rows sum to 1, unless a text can have several labels.
        """
        check_is_fitted(self)
        return self._predictor.predict_proba(read_texts_of(X, pairs=self._predictor.pairs))

    def predict(self, X: Any) -> NDArray[Any] | list[list[Any]]:  # noqa: N803
        """Return the most probable label of every text, (texts,).

        If a text can have several labels, return those that reach their thresholds in the form in which `fit`
        took them: a matrix of zeros and ones (texts, classes), or a list of labels per text.
        """
        probabilities = self.predict_proba(X)
        if self.thresholds_ is None:
            labels: NDArray[Any] = self.classes_[single_label.decide(probabilities)]
            return labels
        given = multi_label.decide(probabilities, self.thresholds_)
        if self._gives_lists:
            return [self.classes_[row].tolist() for row in given]
        return given.astype(np.int64)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """Return the share of texts that get exactly their labels."""
        if not getattr(self, "_gives_lists", False):
            return float(super().score(X, y, sample_weight))
        from sklearn.metrics import accuracy_score

        truth, given = (indicators_of(labels, self.classes_) for labels in (y, self.predict(X)))
        return float(accuracy_score(truth, given, sample_weight=sample_weight))

    def _resolved(self) -> Recipe:
        """Return the recipe with the overrides of this estimator."""
        settings = self.settings
        if isinstance(settings, Mapping):
            settings = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
        seed: Any = self.random_state
        if not isinstance(seed, int | np.integer | None):
            seed = check_random_state(seed).randint(2**31)
        recipe = resolve_recipe(
            self.recipe, model=self.model, seed=None if seed is None else int(seed), settings=settings
        )
        if recipe.evaluate.other:
            raise RecipeError(
                f"evaluate.other = '{recipe.evaluate.other}' is not for TextClassifier: its predictions are "
                "always classes.",
                "Train with textune.train instead.",
            )
        check_extras(recipe)
        return recipe

    def _use(self, classifier: EncoderClassifier) -> None:
        from textune.runtimes.torch_predictor import TorchPredictor

        # The features of an encoder that was not trained are cached: a search needs them for every setting.
        self._predictor = TorchPredictor(
            classifier, thresholds=self.thresholds_, weights_sha256=self._weights_sha256
        )

    def __getstate__(self) -> dict[str, Any]:
        from textune.model.storage import save_classifier

        state = dict(super().__getstate__())
        predictor: TorchPredictor | None = state.pop("_predictor", None)
        if predictor is not None:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                save_classifier(predictor.classifier, folder)
                files = [file for file in folder.rglob("*") if file.is_file()]
                state[_MODEL] = {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        from textune.model.storage import load_classifier

        own = dict(state)
        model: dict[str, bytes] | None = own.pop(_MODEL, None)
        super().__setstate__(own)
        if model is not None:
            with tempfile.TemporaryDirectory() as name:
                for file, contents in model.items():
                    path = Path(name, file)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(contents)
                self._use(load_classifier(Path(name)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags
