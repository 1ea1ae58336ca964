"""How a server keeps its predictions: what goes into the log of predictions, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from textune.encoder.windows import TextTokens
from textune.errors import RunError
from textune.formats.text_pairs import AnyText, TextPair
from textune.logbook.log_estimate import LogEstimate, read_log_estimate
from textune.logbook.log_options import LogOptions
from textune.logbook.log_writer import PredictionLog
from textune.logbook.logged_request import LoggedRequest, LogHeader, feature_type_of, narrowed
from textune.run.layout import Run
from textune.run.predictions import read_predictions
from textune.serving.logs import JsonLog
from textune.serving.recent_labels import RecentLabels, label_counts
from textune.serving.served import Served

_EXAMPLE = "a text of a few words"
_NO_FEATURES = (
    "This export gives no features, so the log has none: it was made by an older version of textune. Export "
    "the run again with `textune export`."
)


class PredictionKeeper:
    """Keeps a sample of the answers on disk, and describes them to Prometheus.

    Its methods are called from the event loop, but for `read`, which the model's threads call. `estimate` is
    what `textune watch` last wrote into the folder about this classifier.
    """

    def __init__(self, served: Served, options: LogOptions, *, log: JsonLog) -> None:
        predictor = self._predictor = served.predictor
        self._folder = options.folder
        self._recent = RecentLabels(predictor.kind, len(predictor.label_names), predictor.thresholds)

        def say(sentence: str, is_error: bool) -> None:
            log.write("predictions", level="error" if is_error else "info", message=sentence)

        self._log = PredictionLog(
            options.folder,
            _header_of(served, options),
            most_bytes=options.megabytes * 1_000_000,
            say=say,
            observe=self._recent.add,
            look=self._look,
        )
        self._expected = _validation_shares(served)
        self.estimate: LogEstimate | None = None

    @property
    def has_features(self) -> bool:
        """Whether the classifier gives features."""
        return self._log.header.width > 0

    def start(self) -> None:
        """Begin to write."""
        self._log.start()

    def close(self) -> None:
        """Write what has come, and end."""
        self._log.close()

    def read(self, rows: TextTokens) -> tuple[NDArray[np.float32], Sequence[Any]]:
        """Return the logits of token ids, and the features of each text as they are kept."""
        features, logits = self._predictor.features_and_logits(rows)
        header = self._log.header
        if features is None or not header.width:
            return logits, [None] * len(logits)
        return logits, narrowed(features, header.feature_type)  # type: ignore[return-value]

    def offer(
        self,
        request_id: str,
        texts: Sequence[AnyText],
        logits: NDArray[Any],
        truncated: NDArray[np.bool_],
        features: Sequence[Any],
    ) -> None:
        """Keep a request that has been answered, if it belongs to the sample."""
        if not self._log.keeps(request_id):
            return
        header = self._log.header
        self._log.put(
            LoggedRequest(
                time.time(),
                request_id,
                logits,
                truncated,
                np.stack(features) if header.width else None,
                texts if header.has_texts else None,
            )
        )

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for Prometheus."""
        log, names = self._log, self._log.header.label_names
        yield CounterMetricFamily("textune_kept_texts", "Texts whose predictions are kept.", log.texts)
        yield CounterMetricFamily(
            "textune_kept_dropped_texts", "Texts whose predictions could not be kept.", log.dropped
        )
        yield GaugeMetricFamily("textune_kept_bytes", "The size of the folder of predictions.", log.bytes)
        yield GaugeMetricFamily(
            "textune_kept_failing", "1 while predictions cannot be kept, else 0.", float(log.failing)
        )
        texts, confidence, shares = self._recent.read()
        yield GaugeMetricFamily("textune_recent_texts", "Kept texts of the last hour.", texts)
        if texts and self._predictor.thresholds is None:
            yield GaugeMetricFamily(
                "textune_recent_mean_confidence",
                "The mean highest probability of the last hour's texts. It is their expected accuracy as far "
                "as the classifier is as well calibrated on them as on its validation split.",
                confidence,
            )
        if texts:
            yield _by_label("textune_recent_label_share", "A label's share of the last hour.", names, shares)
        if self._expected is not None:
            yield _by_label(
                "textune_validation_label_share",
                "The share of the validation split that gets a label.",
                names,
                self._expected,
            )
            if texts:
                yield _by_label(
                    "textune_label_drift",
                    "A label's share of the last hour minus that of the validation split.",
                    names,
                    shares - self._expected,
                )
        if self.estimate is not None:
            yield from _of_estimate(self.estimate)

    def _look(self) -> None:
        """Read the estimate that the folder holds; called from the log's thread."""
        estimate = read_log_estimate(self._folder)
        is_ours = estimate is not None and estimate.model_sha256 == self._log.header.model_sha256
        self.estimate = estimate if is_ours else None


def keeper_of(served: Served, options: LogOptions, *, log: JsonLog) -> PredictionKeeper:
    """Return what keeps the predictions of a classifier, and say in the server's log what it keeps."""
    keeper = PredictionKeeper(served, options, log=log)
    share = "all requests" if options.sample == 1 else f"{options.sample:.4g} of the requests"
    texts = "with the texts" if options.texts else "without the texts"
    sentence = f"The predictions of {share} are kept in {options.folder}, {texts}."
    log.write("predictions", message=sentence)
    if not keeper.has_features:
        log.write("predictions", level="warning", message=_NO_FEATURES)
    return keeper


def _header_of(served: Served, options: LogOptions) -> LogHeader:
    """Return what all requests have in common; an example shows which features the classifier gives."""
    predictor = served.predictor
    example: AnyText = TextPair(_EXAMPLE, _EXAMPLE) if predictor.pairs else _EXAMPLE
    features, _ = predictor.features_and_logits(predictor.tokenize([example]).rows)
    return LogHeader(
        run=served.run,
        model_sha256=served.model_sha256,
        problem_type=predictor.kind.problem_type,
        label_names=tuple(predictor.label_names),
        width=0 if features is None else features.shape[1],
        feature_type=feature_type_of(features),
        sample=options.sample,
        has_texts=options.texts,
        pairs=predictor.pairs,
        runtime=served.runtime,
    )


def _of_estimate(estimate: LogEstimate) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "textune_estimate_refused",
        "1 if the last period has no estimate, because its texts are unlike any that were met.",
        float(estimate.value is None),
    )
    yield GaugeMetricFamily(
        "textune_estimate_time_seconds", "When the period of the estimate ended.", estimate.ended
    )
    yield GaugeMetricFamily(
        "textune_outside_share",
        "The share of the period's texts that are unlike any that were met.",
        estimate.outside_share,
    )
    family = GaugeMetricFamily(
        f"textune_estimated_{estimate.metric}",
        "The last estimate of `textune watch RUN --log`, and the ends of its 95 % interval.",
        labels=["end"],
    )
    ends = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    for end, value in ends.items():
        if value is not None:
            family.add_metric([end], value)
    yield family


def _validation_shares(served: Served) -> NDArray[np.float64] | None:
    """Return the share of the run's validation split that gets each label, if the run stores it."""
    if served.folder is None:
        return None
    try:
        stored = read_predictions(Run(served.folder).predictions / "validation.parquet")
    except RunError:
        return None
    if stored.label_names != tuple(served.predictor.label_names):
        return None
    return label_counts(stored.probabilities, served.predictor.thresholds) / max(1, len(stored.texts))


def _by_label(name: str, text: str, labels: Sequence[str], values: NDArray[np.float64]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["label"])
    for label, value in zip(labels, values.tolist(), strict=True):
        family.add_metric([label], value)
    return family
