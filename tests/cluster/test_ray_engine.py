"""How many workers a Ray cluster has room for; what Ray does with them is tested in `cluster_tests`."""

from __future__ import annotations

import pytest

from textune.cluster.ray_engine import Workers, count_workers
from textune.errors import RequestError


def test_by_default_there_is_a_worker_for_each_cpu_but_one() -> None:
    assert count_workers(0, cpus=8, gpus=0) == Workers(7, gpus=0)


def test_by_default_there_is_a_worker_for_each_gpu() -> None:
    assert count_workers(0, cpus=8, gpus=2) == Workers(2, gpus=1)


def test_as_many_workers_as_leave_a_cpu_free_are_accepted() -> None:
    assert count_workers(7, cpus=8, gpus=0).count == 7


def test_workers_with_gpus_leave_the_cpus_alone() -> None:
    assert count_workers(2, cpus=1, gpus=2).count == 2


@pytest.mark.parametrize("asked", [8, 9])
def test_workers_that_leave_no_cpu_for_reading_are_refused(asked: int) -> None:
    with pytest.raises(RequestError, match=f"8 CPUs, and {asked} workers would leave none") as caught:
        count_workers(asked, cpus=8, gpus=0)

    assert "--ray-workers to 7 or fewer" in caught.value.hint


@pytest.mark.parametrize("asked", [0, 1])
def test_a_cluster_with_one_cpu_is_refused(asked: int) -> None:
    with pytest.raises(RequestError, match="1 CPU, and 1 worker would leave none") as caught:
        count_workers(asked, cpus=1, gpus=0)

    assert "another CPU" in caught.value.hint
