"""The gradient of a batch is the same however it is computed, and what is dropped depends on few numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from textune.training.tokens import TokenSet
from textune.training.workers import BatchLoss, GradientWorkers, OutOfMemoryError
from tiny_trainings import (
    CPU,
    flat,
    plain_gradients,
    plain_logits,
    random_tokens,
    tiny_groups,
    tiny_masters,
    tiny_module,
)

DATA = random_tokens(23)
BATCH = list(range(21))
"""Rows of a batch: no multiple of any number of threads here."""
WAYS = [(1, 0), (2, 0), (3, 0), (1, 5), (1, 1), (2, 6), (3, 4), (2, 100)]
"""Threads, and rows at once."""


def learn(
    module: nn.Module,
    numbers: list[int],
    *,
    loss: BatchLoss | None = None,
    step: int = 1,
    scale: float = 1.0,
    data: TokenSet = DATA,
    threads: int = 1,
    seed: int = 0,
    **settings: Any,
) -> tuple[list[torch.Tensor], float]:
    """Return the gradient in the masters, one vector per group, and the sum of the losses."""
    masters = tiny_masters(module)
    workers = GradientWorkers(
        masters, loss or BatchLoss(), device=CPU, threads=threads, seed=seed, **settings
    )
    loss_sum = workers.learn(data, numbers, step=step, scale=scale)
    workers.close()
    return [vector.grad for vector in masters.vectors if vector.grad is not None], loss_sum


def assert_same(gradients: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    """Compare gradients within 1e-5 of the length of each."""
    assert all(
        (mine - theirs).norm() <= 1e-5 * theirs.norm()
        for mine, theirs in zip(gradients, expected, strict=True)
    )


@pytest.mark.parametrize(("threads", "rows_at_once"), WAYS)
def test_a_gradient_is_that_of_the_whole_batch(tiny_distilbert: str, threads: int, rows_at_once: int) -> None:
    module = tiny_module(tiny_distilbert)
    expected = flat(tiny_groups(module), plain_gradients(module, DATA, BATCH))

    gradients, _ = learn(module, BATCH, threads=threads, rows_at_once=rows_at_once)

    assert_same(gradients, expected)


@pytest.mark.parametrize(("threads", "rows_at_once"), WAYS)
def test_a_weighted_gradient_is_that_of_the_whole_batch(
    tiny_distilbert: str, threads: int, rows_at_once: int
) -> None:
    module, loss = tiny_module(tiny_distilbert), BatchLoss(0.1, torch.tensor([0.2, 1.0, 4.0]))
    expected = flat(tiny_groups(module), plain_gradients(module, DATA, BATCH, loss))

    gradients, _ = learn(module, BATCH, loss=loss, threads=threads, rows_at_once=rows_at_once)

    assert_same(gradients, expected)


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("rows", [21, 4])
def test_the_shares_of_several_processes_add_up(tiny_distilbert: str, count: int, rows: int) -> None:
    module = tiny_module(tiny_distilbert)
    numbers = BATCH[:rows]
    expected = flat(tiny_groups(module), plain_gradients(module, DATA, numbers))

    shares = [learn(module, numbers, threads=2, share=(rank, count))[0] for rank in range(count)]

    assert_same([sum(parts[1:], parts[0]) for parts in zip(*shares, strict=True)], expected)


@dataclass(frozen=True)
class Noted(TokenSet):
    """Rows that remember which of them were asked for."""

    asked: list[int] = field(default_factory=list)

    def tensors(self, numbers: Sequence[int], device: torch.device) -> dict[str, torch.Tensor]:
        self.asked.extend(numbers)
        return super().tensors(numbers, device)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_row_of_a_batch_is_computed_once_by_one_process(tiny_distilbert: str, count: int) -> None:
    module, data = tiny_module(tiny_distilbert), Noted(**vars(DATA))

    [learn(module, BATCH, data=data, rows_at_once=4, share=(rank, count)) for rank in range(count)]

    assert sorted(data.asked) == sorted(BATCH)


def test_a_process_without_rows_has_a_gradient_of_zero(tiny_distilbert: str) -> None:
    gradient, loss_sum = learn(tiny_module(tiny_distilbert), [0], share=(1, 2))

    assert not any(vector.any() for vector in gradient)
    assert loss_sum == 0


def test_a_gradient_does_not_hold_that_of_the_batch_before(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    expected = flat(tiny_groups(module), plain_gradients(module, DATA, BATCH))
    masters = tiny_masters(module)
    workers = GradientWorkers(masters, BatchLoss(), device=CPU, threads=2, seed=0)

    workers.learn(DATA, [3, 4, 5], step=1)
    workers.learn(DATA, BATCH, step=2)

    workers.close()
    assert_same([vector.grad for vector in masters.vectors if vector.grad is not None], expected)


def test_a_gradient_is_scaled_as_asked_for(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert)
    plain, _ = learn(module, BATCH)

    scaled, _ = learn(module, BATCH, scale=1024.0)

    assert_same(scaled, [1024.0 * vector for vector in plain])


@pytest.mark.parametrize(("threads", "rows_at_once"), WAYS)
def test_the_losses_add_up_over_the_shards(tiny_distilbert: str, threads: int, rows_at_once: int) -> None:
    module = tiny_module(tiny_distilbert)
    logits, labels = plain_logits(module, DATA, BATCH).detach(), DATA.labels[BATCH]

    _, loss_sum = learn(module, BATCH, threads=threads, rows_at_once=rows_at_once)

    assert loss_sum == pytest.approx(
        float(nn.functional.cross_entropy(logits, labels, reduction="sum")), rel=1e-5
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_logits_are_those_of_plain_evaluation(tiny_distilbert: str, threads: int) -> None:
    module, data = tiny_module(tiny_distilbert, dropout=0.5), random_tokens(90)
    expected = plain_logits(module.eval(), data, list(range(90))).detach()
    workers = GradientWorkers(tiny_masters(module), BatchLoss(), device=CPU, threads=threads, seed=0)

    logits = workers.logits(data)

    workers.close()
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)


def test_the_same_seed_and_step_drop_the_same_values(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert, dropout=0.3)
    first, _ = learn(module, BATCH, step=4)
    torch.manual_seed(99)

    second, _ = learn(module, BATCH, step=4)

    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_what_is_dropped_does_not_depend_on_the_steps_before(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert, dropout=0.3)
    expected, _ = learn(module, BATCH, step=4)
    masters = tiny_masters(module)
    workers = GradientWorkers(masters, BatchLoss(), device=CPU, threads=1, seed=0)

    workers.learn(DATA, [3, 4, 5], step=1)
    workers.learn(DATA, BATCH, step=4)

    workers.close()
    assert all(
        torch.equal(v.grad, e) for v, e in zip(masters.vectors, expected, strict=True) if v.grad is not None
    )


def test_what_is_dropped_does_not_depend_on_who_computes_a_shard(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert, dropout=0.3)
    one_after_the_other, _ = learn(module, BATCH[:16], threads=1, rows_at_once=8)

    side_by_side, _ = learn(module, BATCH[:16], threads=2, rows_at_once=0)

    assert_same(side_by_side, one_after_the_other)


@pytest.mark.parametrize(
    "change", [{"step": 2}, {"seed": 1}, {"share": (1, 2)}], ids=["step", "seed", "process"]
)
def test_other_values_are_dropped_at_another(tiny_distilbert: str, change: dict[str, Any]) -> None:
    module = tiny_module(tiny_distilbert, dropout=0.3)
    settings: dict[str, Any] = {"step": 1, "seed": 0, "share": (0, 2)}
    same_rows = [3] * 8

    _, before = learn(module, same_rows, **settings)
    _, after = learn(module, same_rows, **{**settings, **change})

    assert before != after


def test_another_shard_drops_other_values(tiny_distilbert: str) -> None:
    module = tiny_module(tiny_distilbert, dropout=0.3)
    _, once = learn(module, [3] * 4)

    _, twice = learn(module, [3] * 8, threads=2)

    assert twice != pytest.approx(2 * once, rel=1e-6)


@dataclass(frozen=True)
class Scarce(BatchLoss):
    """A loss for which memory suffices only for a few rows."""

    most_rows: int = 3

    def of(self, module: Any, inputs: Any, labels: torch.Tensor) -> torch.Tensor:
        if len(labels) > self.most_rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().of(module, inputs, labels)


def test_where_memory_lacks_shards_are_halved_and_the_gradient_stays(tiny_distilbert: str) -> None:
    module, heard = tiny_module(tiny_distilbert), list[int]()
    expected = flat(tiny_groups(module), plain_gradients(module, DATA, BATCH))

    gradients, _ = learn(module, BATCH, loss=Scarce(), on_halved=heard.append)

    assert heard == [10, 5, 2]
    assert_same(gradients, expected)


def test_a_text_that_memory_does_not_suffice_for_is_an_error_that_says_what_to_do(
    tiny_distilbert: str,
) -> None:
    with pytest.raises(OutOfMemoryError, match="even one text"):
        learn(tiny_module(tiny_distilbert), BATCH, loss=Scarce(most_rows=0))


def test_another_error_is_raised_as_it_is(tiny_distilbert: str) -> None:
    class Broken(BatchLoss):
        def of(self, module: Any, inputs: Any, labels: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        learn(tiny_module(tiny_distilbert), BATCH, loss=Broken(), threads=2)


def unpadded(tiny_models: Callable[[str], Path]) -> tuple[nn.Module, TokenSet]:
    """Return a module that reads padding as text, and rows that must not be padded."""
    return tiny_module(tiny_models("fnet")), replace(DATA, padding_id=None)


@pytest.mark.parametrize(("threads", "rows_at_once"), [(1, 0), (2, 0), (2, 6)])
def test_where_padding_is_read_a_gradient_is_the_mean_of_each_text_alone(
    tiny_models: Callable[[str], Path], threads: int, rows_at_once: int
) -> None:
    module, data = unpadded(tiny_models)
    alone = [flat(tiny_groups(module), plain_gradients(module, data, [row])) for row in BATCH]
    expected = [torch.stack(vectors).mean(0) for vectors in zip(*alone, strict=True)]

    gradients, _ = learn(module, BATCH, data=data, threads=threads, rows_at_once=rows_at_once)

    assert_same(gradients, expected)


def test_where_padding_is_read_texts_are_scored_as_each_is_alone(tiny_models: Callable[[str], Path]) -> None:
    module, data = unpadded(tiny_models)
    with torch.no_grad():
        expected = torch.cat([plain_logits(module.eval(), data, [row]) for row in range(23)])
    workers = GradientWorkers(tiny_masters(module), BatchLoss(), device=CPU, threads=2, seed=0)

    logits = workers.logits(data)

    workers.close()
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("padding_id", [0, None])
def test_a_device_gives_the_logits_of_a_cpu(tiny_distilbert: str, padding_id: int | None) -> None:
    module, data = tiny_module(tiny_distilbert), replace(random_tokens(90), padding_id=padding_id)
    expected = plain_logits(module.eval(), random_tokens(90), list(range(90))).detach()
    device = torch.device("cpu:0")  # Takes the way of a GPU.
    workers = GradientWorkers(tiny_masters(module), BatchLoss(), device=device, threads=2, seed=0)

    logits = workers.logits(data)

    workers.close()
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)


def test_a_device_leaves_the_sum_of_the_losses_where_it_is(tiny_distilbert: str) -> None:
    device = torch.device("cpu:0")
    module = tiny_module(tiny_distilbert)
    workers = GradientWorkers(
        tiny_masters(module), BatchLoss(), device=device, threads=2, seed=0, rows_at_once=3
    )

    loss_sum = workers.learn(DATA, BATCH, step=1)

    workers.close()
    assert isinstance(loss_sum, torch.Tensor)
    assert float(loss_sum) == pytest.approx(learn(module, BATCH, threads=1)[1], rel=1e-5)
