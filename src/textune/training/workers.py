"""The loss and the gradient of a batch, computed in shards: the same as if it had been computed at once.

On a CPU every core computes a shard of its own, several processes share a batch's shards, and what does not
fit into memory at once is computed one shard after the other. Random numbers depend on the seed, the step and
the shard alone.

Why one core per shard: torch lets all cores work on every operation and wait for each other at its end, which
costs a tenth on an idle machine and several times more on a busy one
(docs/decisions/0005-one-batch-per-core.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeVar

import torch
from torch import nn

from textune.encoder.accelerator import batch_limits, run_ahead, send
from textune.encoder.batching import batches_by_length
from textune.encoder.memory import release_free_memory
from textune.errors import TextuneError
from textune.model.dropout import Randomness, replace_dropout
from textune.tasks.label_kind import LabelKind
from textune.tasks.single_label import SINGLE
from textune.training.parameters import Masters
from textune.training.tokens import TokenSet

JobResult = TypeVar("JobResult")

_FEWEST_ROWS = 4
"""Fewer rows are not worth a core of their own."""
_ROWS_SCORED_TOGETHER = 32
_STEPS_BETWEEN_RELEASES = 16
"""Batches of many lengths leave gaps in the heap, which would otherwise grow to twice what is in use."""


class OutOfMemoryError(TextuneError):
    """The memory does not suffice for even one text."""


@dataclass(frozen=True)
class BatchLoss:
    """The loss of a classifier's batch.

    Attributes:
        label_smoothing: The share of the target that is spread evenly over all classes.
        class_weights: A weight for each class, (classes,), or None.
        rdrop: How much the disagreement of two passes with different dropout weighs; 0: one pass (R-Drop, Wu
            et al. 2021, https://arxiv.org/abs/2106.14448).
        kind: What a label is.
    """

    label_smoothing: float = 0.0
    class_weights: torch.Tensor | None = None
    rdrop: float = 0.0
    kind: LabelKind = SINGLE

    def weight_of(self, labels: torch.Tensor) -> float:
        """Return the divisor of a batch's summed loss."""
        return self.kind.loss_weight(labels, self.class_weights)

    def of(self, module: nn.Module, inputs: Mapping[str, torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of a module, summed over the rows of its inputs."""
        if not self.rdrop:
            return self._supervised(module(**inputs), labels)
        twice = module(**{name: torch.cat([tensor, tensor]) for name, tensor in inputs.items()})
        first, second = twice.chunk(2)
        supervised = (self._supervised(first, labels) + self._supervised(second, labels)) / 2
        return supervised + self.rdrop * self.kind.disagreement(first, second)

    def _supervised(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.kind.loss(
            logits,
            labels,
            class_weights=self.class_weights,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )


class GradientWorkers:
    """Copies of a module that compute gradients side by side: one per core of a CPU, elsewhere a single one.

    At most `rows_at_once` rows are computed at the same time; 0: no bound. `share` is the rank of this
    process and their number n: it computes every n-th row. `on_halved` is called with the new number of rows
    at once if memory did not suffice for more.
    """

    def __init__(
        self,
        masters: Masters,
        loss: BatchLoss,
        *,
        device: torch.device,
        threads: int,
        seed: int,
        rows_at_once: int = 0,
        share: tuple[int, int] = (0, 1),
        on_halved: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self._masters, self.loss, self._device, self._seed = masters, loss, device, seed
        self._rank, self._processes = share
        self._on_halved = on_halved
        # A CPU with a number takes the way of a GPU; tests use that.
        self._on_cpu = str(device) == "cpu"
        count = max(1, threads) if self._on_cpu else 1
        self._copies = masters.working_copies(count)
        self._threads, self._threads_each = threads, max(1, threads // count)
        self._randomness = [Randomness() for _ in self._copies]
        for worker, randomness in zip(self._copies, self._randomness, strict=True):
            replace_dropout(worker.module, randomness)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="textune")
        self.rows_at_once = rows_at_once

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown()

    def learn(
        self, data: TokenSet, numbers: Sequence[int], *, step: int, scale: float = 1.0
    ) -> float | torch.Tensor:
        """Put the gradient of rows' mean loss, times `scale`, into the masters; return the losses' sum.

        On a GPU, the sum is a number there that may still be computed: nothing waits for it here. Where
        memory does not suffice, shards are halved for good and the rows are learned from again.
        """
        if self._on_cpu and step % _STEPS_BETWEEN_RELEASES == 1:
            release_free_memory()
        while True:
            try:
                return self._learn(data, numbers, step=step, scale=scale)
            except RuntimeError as error:
                self._halve(error, len(numbers))

    def _learn(
        self, data: TokenSet, numbers: Sequence[int], *, step: int, scale: float
    ) -> float | torch.Tensor:
        factor = scale / self.loss.weight_of(data.labels[list(numbers)])
        rounds = self._shards(numbers[self._rank :: self._processes])
        losses: list[float | torch.Tensor] = []
        for together in rounds:
            jobs = [
                partial(
                    self._learn_shard,
                    data,
                    rows,
                    place=place,
                    factor=factor,
                    moment=(step, len(losses) + place),
                )
                for place, rows in enumerate(together)
            ]
            done = self._run(jobs)
            self._masters.add_gradients(self._copies[: len(jobs)], first=not losses)
            losses += done
        if not rounds:  # Fewer rows than processes
            self._masters.add_gradients([], first=True)
        return sum(losses)

    def _halve(self, error: RuntimeError, rows: int) -> None:
        """Halve the shards, or raise the error again if it is not about memory."""
        if not (isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)):
            raise error
        before = min(self.rows_at_once or rows, -(-rows // self._processes))
        if before <= 1:
            raise OutOfMemoryError(
                "The memory does not suffice to train on even one text.",
                "Try a lower prepare.max_length, more model.frozen_layers, or a smaller model.",
            ) from error
        self.rows_at_once = before // 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        self._on_halved(self.rows_at_once)

    def logits(self, data: TokenSet) -> torch.Tensor:
        """Return the logits (rows, classes) of all rows, without dropout, on the CPU."""
        if not self._on_cpu:
            return self._logits_on_device(data)
        order = sorted(range(len(data.lengths)), key=lambda row: -data.lengths[row])
        batches = [
            rows
            for start in range(0, len(order), _ROWS_SCORED_TOGETHER)
            for rows in data.computed_together(order[start : start + _ROWS_SCORED_TOGETHER])
        ]
        shares = [batches[place :: len(self._copies)] for place in range(len(self._copies))]
        jobs = [partial(self._score, data, share, place=place) for place, share in enumerate(shares)]
        parts = [logits for part in self._run(jobs) for logits in part]
        all_logits = torch.empty((len(order), parts[0].shape[1]))
        for batch, logits in zip(chain(*shares), parts, strict=True):
            all_logits[batch] = logits
        return all_logits

    def _logits_on_device(self, data: TokenSet) -> torch.Tensor:
        """Return the logits of all rows, in batches that are as large as memory allows."""
        module = self._copies[0].module.eval()
        width = max(parameter.shape[-1] for parameter in module.parameters() if parameter.ndim > 1)
        limits = batch_limits(str(self._device), width=width, bytes_per_value=4)
        batches = [
            rows
            for batch in batches_by_length(
                data.lengths, max_rows=limits["max_rows"], max_tokens=limits["max_tokens"]
            )
            for rows in data.computed_together(batch)
        ]

        def score(rows: list[int]) -> torch.Tensor:
            with torch.inference_mode():
                logits: torch.Tensor = module(**data.tensors(rows, self._device))
                return logits

        all_logits = torch.empty(0)
        for rows, logits in run_ahead(score, batches):
            if not len(all_logits):
                all_logits = torch.empty((len(data.lengths), logits.shape[1]))
            all_logits[rows] = logits
        return all_logits

    def _score(self, data: TokenSet, batches: list[list[int]], *, place: int) -> list[torch.Tensor]:
        module = self._copies[place].module.eval()
        with torch.inference_mode():
            return [module(**data.tensors(batch, self._device)).cpu() for batch in batches]

    def _shards(self, numbers: Sequence[int]) -> list[list[list[int]]]:
        """Deal rows, which are sorted by length, out to rounds of shards of similar size."""
        if not numbers:
            return []
        rounds = -(-len(numbers) // min(self.rows_at_once or len(numbers), len(numbers)))
        width = min(len(self._copies), -(-len(numbers) // (rounds * _FEWEST_ROWS)))
        dealt = [list(numbers[place :: rounds * width]) for place in range(rounds * width)]
        shards = [rows for rows in dealt if rows]
        return [shards[start : start + width] for start in range(0, len(shards), width)]

    def _learn_shard(
        self, data: TokenSet, rows: list[int], *, place: int, factor: float, moment: tuple[int, int]
    ) -> float | torch.Tensor:
        worker, randomness = self._copies[place], self._randomness[place]
        worker.clear()
        worker.module.train()
        randomness.seed(self._seed, self._rank, *moment)
        if not self._on_cpu:
            torch.manual_seed(randomness.number())
        total: float | torch.Tensor = 0.0
        for together in data.computed_together(rows):
            labels = send(data.labels[together], str(self._device))
            loss = self.loss.of(worker.module, data.tensors(together, self._device), labels)
            (loss * factor).backward()  # type: ignore[no-untyped-call]
            total = total + (float(loss.detach()) if self._on_cpu else loss.detach())
        return total

    def _run(self, jobs: Sequence[Callable[[], JobResult]]) -> list[JobResult]:
        if not self._on_cpu:
            return [job() for job in jobs]

        def alone(job: Callable[[], JobResult]) -> JobResult:
            # Set for each job: MKL's number of threads does not belong to a thread.
            torch.set_num_threads(self._threads_each)
            return job()

        try:
            futures = [self._pool.submit(alone, job) for job in jobs]
            for future in futures:
                future.exception()  # None may still run when the next batch begins.
            return [future.result() for future in futures]
        finally:
            torch.set_num_threads(self._threads)
