"""Threads for replications."""

from __future__ import annotations

import os
import threading
from itertools import combinations

import pytest

from workersim.experiments.threads import in_threads, threads

on_linux = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system does not let threads be bound to processors"
)


def places_of(count: int) -> list[set[int]]:
    """Return where each thread of a pool may be; all of them are there at the same time."""
    together = threading.Barrier(count, timeout=10)

    def place(_: int) -> set[int]:
        together.wait()
        return os.sched_getaffinity(0)

    with threads(count) as pool:
        return list(pool.map(place, range(count)))


@on_linux
def test_threads_share_out_the_processors_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before, bound = os.sched_getaffinity(0), []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, some: bound.append(set(some)))
    together = threading.Barrier(3, timeout=10)
    with threads(3) as pool:
        list(pool.map(lambda _: together.wait(), range(3)))
    assert set.union(*bound) == set(range(8))
    assert all(not one & other for one, other in combinations(bound, 2))
    monkeypatch.undo()
    assert os.sched_getaffinity(0) == before


@on_linux
def test_each_thread_stays_on_processors_of_its_own() -> None:
    ours = os.sched_getaffinity(0)
    if len(ours) < 2:
        pytest.skip("this process may use one processor only")
    one, other = places_of(2)
    assert not one & other
    assert one | other == ours == os.sched_getaffinity(0)


@on_linux
def test_where_threads_may_not_be_bound_they_run_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", refused)
    with threads() as pool:
        assert list(pool.map(abs, [-1, 2])) == [1, 2]


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_what_is_told_comes_in_order_and_simpy_stays_in_its_thread(engine: str, count: int) -> None:
    told = list(in_threads(engine, lambda n: (n, threading.get_ident()), range(count)))  # type: ignore[arg-type]  # a name of one
    assert [n for n, _ in told] == list(range(count))
    if engine == "simpy":
        assert {thread for _, thread in told} <= {threading.get_ident()}
