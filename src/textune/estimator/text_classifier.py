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
from textune.estimator.fit_data import check_has_labels, hold_out, read_classes, read_texts_of
from textune.recipe.recipes import Recipe, check_extras, resolve_recipe
from textune.run.layout import Run
from textune.tasks.single_label import decide
from textune.training.method import Request, load_task, method_of

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier
    from textune.runtimes.torch_predictor import TorchPredictor

_MODEL = "_model_files"


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fine-tuned encoder as a scikit-learn classifier of texts.

    A share of the rows, `data.validation_fraction`, is held out of every fit: it decides when to stop and how
    strongly to regularise, and calibrates the probabilities. A pickle holds the encoder's weights as well.

    Args:
        recipe: The name of a shipped recipe, a TOML file, or a `Recipe`.
        model: The pretrained encoder; replaces the recipe's `model.name`.
        settings: Further overrides: a dict from `section.key` to values, or a list of `section.key=value`.
        random_state: The seed, or a generator that draws one; by default the recipe's `train.seed`, so that
            fits are repeatable.

    Attributes:
        classes_: The labels, sorted, (classes,).

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
            X: The texts, (rows,): a list, an array or a series of strings.
            y: Their labels, (rows,).

        Raises:
            ValueError: The texts or labels are not what they should be.
            RequestError: The recipe or the model is wrong.
            DivergenceError: The loss became NaN or infinite.
        """
        check_has_labels(y)
        texts = read_texts_of(X)
        classes, ids = read_classes(y, rows=len(texts))
        recipe = self._resolved()
        data = hold_out(
            texts,
            ids,
            tuple(map(str, classes)),
            fraction=recipe.data.validation_fraction,
            seed=recipe.data.split_seed,
        )
        ctx = Context()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            task = load_task(Request(recipe, "", Path(folder)), ctx, data)
            method = method_of(recipe)(task, Run(Path(folder)), ctx)
            method.prepare()
            method.fit(resume=False)
        self._weights_sha256 = "" if recipe.trains_encoder else task.weights.weights_sha256
        self._use(task.classifier)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the probability of every class, as in `classes_`, for every text, (texts, classes)."""
        check_is_fitted(self)
        return self._predictor.predict_proba(read_texts_of(X))

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the most probable label of every text, (texts,)."""
        probabilities = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[decide(probabilities)]
        return labels

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
        check_extras(recipe)
        return recipe

    def _use(self, classifier: EncoderClassifier) -> None:
        from textune.runtimes.torch_predictor import TorchPredictor

        # The features of an encoder that was not trained are cached: a search needs them for every setting.
        self._predictor = TorchPredictor(classifier, weights_sha256=self._weights_sha256)

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
        return tags
