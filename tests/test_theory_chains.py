"""Sharing, priorities, impatience and the closed container against Markov chains solved whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, special

from workersim import theory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

State = TypeVar("State")


def stationary(start: State, moves: Callable[[State], Mapping[State, float]]) -> dict[State, float]:
    """Solve a chain: every state reachable from ``start``, with the rates out of each by ``moves``."""
    index, todo = {start: 0}, [start]
    rates: list[tuple[int, int, float]] = []
    while todo:
        state = todo.pop()
        for target, rate in moves(state).items():
            if rate > 0:
                if target not in index:
                    index[target] = len(index)
                    todo.append(target)
                rates.append((index[state], index[target], rate))
    n = len(index)
    balance = np.zeros((n, n))
    for i, j, rate in rates:
        balance[j, i] += rate
        balance[i, i] -= rate
    balance[-1] = 1.0
    return dict(zip(index, np.linalg.solve(balance, np.eye(n)[-1]).tolist(), strict=True))


def mean(chain: Mapping[State, float], of: Callable[[State], float]) -> float:
    return sum(p * of(state) for state, p in chain.items())


def birth_and_death(rate: float, ends: Callable[[int], float], most: int) -> dict[int, float]:
    return stationary(0, lambda n: {n + 1: rate * (n < most), n - 1: ends(n) * (n > 0)})


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 4.0])
def test_wait_of_mmc_is_the_time_to_work_off_those_ahead(t: float) -> None:
    slots, load = 3, 2.4
    queue = theory.mmc(slots=slots, rate=load, service=1.0)
    chain = birth_and_death(load, lambda n: min(n, slots), 150)
    # Who finds n >= slots starts at the (n - slots + 1)-th end of a service from then on.
    later = sum(p * float(special.pdtr(n - slots, slots * t)) for n, p in chain.items() if n >= slots)
    assert queue.wait_survival(t) == pytest.approx(later, rel=1e-9)


# Sharing


@pytest.mark.parametrize("vcpus", [0.4, 1, 1.5, 2, 2.5, 7])
@pytest.mark.parametrize("utilization", [0.01, 0.5, 0.85])
def test_sharing_is_its_birth_and_death_chain(vcpus: float, utilization: float) -> None:
    load = vcpus * utilization
    shared = theory.ps(rate=load / 3, service=3.0, vcpus=vcpus)
    chain = birth_and_death(load, lambda n: min(n, vcpus), 300)
    assert shared.jobs_mean == pytest.approx(mean(chain, float), rel=1e-8)
    assert shared.probability_of_sharing == pytest.approx(mean(chain, lambda n: n > vcpus), rel=1e-8, abs=1e-12)
    assert shared.utilization == pytest.approx(utilization)


@pytest.mark.parametrize("slots", [1, 4, 30])
def test_sharing_whole_vcpus_responds_like_mmc_and_one_as_kleinrock(slots: int) -> None:
    rate = 0.9 * slots
    shared, queue = theory.ps(rate=rate, service=1.0, vcpus=slots), theory.mmc(slots=slots, rate=rate, service=1.0)
    assert shared.response_mean_s == pytest.approx(queue.response_mean_s, rel=1e-12)
    if slots == 1:
        assert shared.stretch == pytest.approx(10.0, rel=1e-12)


def test_sharing_depends_on_the_mean_of_the_sizes_only() -> None:
    vcpus, load = 2.5, 1.25

    def moves(state: tuple[int, int]) -> dict[tuple[int, int], float]:
        first, second = state  # jobs in each of two exponential halves: Erlang sizes, cv² = 1/2
        speed = min(1.0, vcpus / (first + second)) if first + second else 0.0
        return {
            (first + 1, second): load * (first + second < 35),
            (first - 1, second + 1): 2 * speed * first,
            (first, second - 1): 2 * speed * second,
        }

    shared = theory.ps(rate=load, service=1.0, vcpus=vcpus)
    assert shared.jobs_mean == pytest.approx(mean(stationary((0, 0), moves), sum), rel=1e-8)


def test_sharing_stretches_small_and_large_jobs_alike() -> None:
    vcpus, rates, sizes = 1.5, (0.5, 0.1), (0.5, 4.0)

    def moves(state: tuple[int, int]) -> dict[tuple[int, int], float]:
        small, large = state
        speed = min(1.0, vcpus / (small + large)) if small + large else 0.0
        return {
            (small + 1, large): rates[0] * (small < 35),
            (small, large + 1): rates[1] * (large < 35),
            (small - 1, large): speed * small / sizes[0],
            (small, large - 1): speed * large / sizes[1],
        }

    chain = stationary((0, 0), moves)
    load = rates[0] * sizes[0] + rates[1] * sizes[1]
    shared = theory.ps(rate=sum(rates), service=load / sum(rates), vcpus=vcpus)
    for k, size in enumerate(sizes):
        response = mean(chain, lambda state, k=k: state[k]) / rates[k]  # type: ignore[misc]
        assert shared.response_at_s(size) == pytest.approx(response, rel=1e-6)


# Priorities


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_priorities_on_equal_slots_are_their_chain(slots: int) -> None:
    rates, most = (0.2 * slots, 0.3 * slots), 28

    def moves(state: tuple[int, int, int]) -> dict[tuple[int, int, int], float]:
        busy, urgent, other = state
        if busy < slots:
            return {(busy + 1, 0, 0): sum(rates), (busy - 1, 0, 0): float(busy)}
        after = (busy, urgent - 1, other) if urgent else (busy, 0, other - 1) if other else (busy - 1, 0, 0)
        return {
            after: float(slots),
            (busy, urgent + 1, other): rates[0] * (urgent < most),
            (busy, urgent, other + 1): rates[1] * (other < most),
        }

    chain = stationary((0, 0, 0), moves)
    queue = theory.priority(slots=slots, rate=rates, service=1.0)
    for k in (0, 1):
        waiting = mean(chain, lambda state, k=k: state[k + 1])  # type: ignore[misc]
        assert queue.classes[k].queue_length == pytest.approx(waiting, rel=1e-5)
    assert queue.probability_of_waiting == pytest.approx(mean(chain, lambda state: state[0] == slots), rel=1e-6)


def test_priorities_with_unequal_services_are_their_chain() -> None:
    rates, services, most = (0.3, 0.1), (0.5, 2.0), 25

    def moves(state: tuple[int, int, int]) -> dict[tuple[int, int, int], float]:
        running, urgent, other = state  # running: 0 nothing, 1 urgent, 2 other
        if running == 0:
            return {(1, 0, 0): rates[0], (2, 0, 0): rates[1]}
        after = (1, urgent - 1, other) if urgent else (2, 0, other - 1) if other else (0, 0, 0)
        return {
            after: 1 / services[running - 1],
            (running, urgent + 1, other): rates[0] * (urgent < most),
            (running, urgent, other + 1): rates[1] * (other < most),
        }

    chain = stationary((0, 0, 0), moves)
    queue = theory.priority(rate=rates, service=services)
    for k in (0, 1):
        waiting = mean(chain, lambda state, k=k: state[k + 1])  # type: ignore[misc]
        assert queue.classes[k].wait_mean_s == pytest.approx(waiting / rates[k], rel=1e-5)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=5), st.floats(0.05, 0.99), st.integers(1, 20))
def test_priorities_only_share_out_the_wait_of_one_line(weights: list[float], utilization: float, slots: int) -> None:
    rates = [slots * utilization * weight / sum(weights) for weight in weights]
    queue = theory.priority(slots=slots, rate=rates, service=1.0)
    one_line = theory.mmc(slots=slots, rate=sum(rates), service=1.0)
    assert queue.wait_mean_s == pytest.approx(one_line.wait_mean_s, rel=1e-9)
    waits = [one.wait_mean_s for one in queue.classes]
    assert waits == sorted(waits)


def test_one_class_with_priority_is_mg1() -> None:
    queue = theory.priority(rate=[0.7], service=1.0, cv=0.5)
    assert queue.wait_mean_s == pytest.approx(theory.mg1(rate=0.7, service=1.0, cv=0.5).wait_mean_s, rel=1e-12)
    assert queue.classes[0].response_mean_s == queue.wait_mean_s + 1.0
    assert theory.priority(rate=[0.0], service=1.0).wait_mean_s == 0.0


# Impatience


@pytest.mark.parametrize("slots", [1, 4, 12])
@pytest.mark.parametrize("load", [0.3, 0.9, 1.0, 1.4])
@pytest.mark.parametrize("patience", [0.05, 1.0, 6.0])
def test_impatience_is_its_chain(slots: int, load: float, patience: float) -> None:
    rate, leave = load * slots, 1 / patience
    chain = birth_and_death(rate, lambda n: min(n, slots) + max(0, n - slots) * leave, 250)
    queue = theory.reneging(slots=slots, rate=rate, service=1.0, patience=patience)
    waiting = mean(chain, lambda n: max(0, n - slots))
    assert queue.queue_length == pytest.approx(waiting, rel=1e-9)
    assert queue.probability_of_waiting == pytest.approx(mean(chain, lambda n: n >= slots), rel=1e-9)
    assert queue.probability_of_leaving == pytest.approx(waiting * leave / rate, rel=1e-9)
    assert queue.wait_mean_s == pytest.approx(waiting / rate, rel=1e-9)
    assert queue.utilization == pytest.approx(mean(chain, lambda n: min(n, slots)) / slots, rel=1e-9)
    assert queue.throughput_per_s == pytest.approx(mean(chain, lambda n: min(n, slots)), rel=1e-9)
    # Who finds k ahead moves up at slots + j x leave for j = k, ..., 0, and leaves meanwhile at `leave`.
    served = served_wait = 0.0
    for n, p in chain.items():
        up = slots + np.arange(max(0, n - slots + 1)) * leave
        stays = p * math.prod((up / (up + leave)).tolist())
        served += stays
        served_wait += stays * float((1 / (up + leave)).sum())
    assert queue.wait_served_mean_s == pytest.approx(served_wait / served, rel=1e-9)


@pytest.mark.parametrize("t", [0.0, 0.2, 1.0, 3.0])
@pytest.mark.parametrize("load", [0.8, 1.5])
def test_time_in_line_until_start_or_leaving_is_that_of_the_chain(t: float, load: float) -> None:
    slots, patience, most = 3, 2.0, 80
    rate, leave = load * slots, 1 / patience
    chain = birth_and_death(rate, lambda n: min(n, slots) + max(0, n - slots) * leave, most)
    # With k ahead, a job moves up at slots + k x leave until it starts, and leaves meanwhile.
    ahead = np.array([chain[slots + k] for k in range(most - slots + 1)])
    up = slots + np.arange(ahead.size) * leave
    later = linalg.expm(t * (np.diag(-(up + leave)) + np.diag(up[1:], 1))) @ ahead
    queue = theory.reneging(slots=slots, rate=rate, service=1.0, patience=patience)
    assert queue.wait_survival(t) == pytest.approx(float(later.sum()), rel=1e-9)


def test_impatience_for_10_000_slots_is_the_chain_in_logarithms() -> None:
    slots, patience = 10_000, 5.0
    for rate in (9_900.0, 10_000.0, 12_000.0):
        n = np.arange(1.0, 60_000.0)
        steps = math.log(rate) - np.log(np.minimum(n, slots) + np.maximum(0, n - slots) / patience)
        log_weight = np.cumsum(steps)
        weight = np.exp(log_weight - log_weight.max())
        waiting = float(weight @ np.maximum(0, n - slots) / weight.sum())
        queue = theory.reneging(slots=slots, rate=rate, service=1.0, patience=patience)
        assert queue.queue_length == pytest.approx(waiting, rel=1e-8)


@pytest.mark.parametrize("service", [30.0, 1e3, 1e6])
def test_patience_much_shorter_than_the_service_is_its_chain(service: float) -> None:
    rate, patience = 60.0, 1.0
    chain = birth_and_death(rate, lambda n: min(n, 1) / service + max(0, n - 1) / patience, 200)
    queue = theory.reneging(slots=1, rate=rate, service=service, patience=patience)
    assert queue.queue_length == pytest.approx(mean(chain, lambda n: max(0, n - 1)), rel=1e-9)
    up = 1 / service + np.arange(200) / patience
    stays = np.cumprod(up / (up + 1 / patience))
    served = np.array([chain[n] for n in range(1, 201)]) * stays
    waits = served @ np.cumsum(1 / (up + 1 / patience)) / (served.sum() + chain[0])
    assert queue.wait_served_mean_s == pytest.approx(float(waits), rel=1e-8)


def test_endless_patience_is_mmc_and_none_is_erlang_b() -> None:
    queue = theory.reneging(slots=4, rate=3.2, service=1.0, patience=1e12)
    patient = theory.mmc(slots=4, rate=3.2, service=1.0)
    assert queue.wait_mean_s == pytest.approx(patient.wait_mean_s, rel=1e-9)
    assert queue.wait_survival(1.5) == pytest.approx(patient.wait_survival(1.5), rel=1e-9)
    lost = theory.reneging(slots=4, rate=3.2, service=1.0, patience=1e-9).probability_of_leaving
    assert lost == pytest.approx(theory.erlang_b(slots=4, load=3.2), rel=1e-6)


@given(st.integers(1, 200), st.floats(1e-3, 5), st.floats(1e-3, 1e6))
def test_no_more_leave_than_wait_and_no_fewer_than_must(slots: int, load: float, patience: float) -> None:
    queue = theory.reneging(slots=slots, rate=slots * load, service=1.0, patience=patience)
    assert max(0.0, 1 - 1 / load) - 1e-9 <= queue.probability_of_leaving <= queue.probability_of_waiting <= 1
    assert queue.utilization <= 1 + 1e-9


# The saturated container


@pytest.mark.parametrize("vcpus", [0.5, 1, 2, 2.5, 4])
@pytest.mark.parametrize("concurrency", [1, 3, 8])
def test_container_is_its_chain(concurrency: int, vcpus: float) -> None:
    cpu, io = 3.0, 2.0
    chain = stationary(
        concurrency,
        lambda n: {n - 1: min(n, vcpus) / cpu, n + 1: (concurrency - n) / io},
    )
    busy = theory.container(concurrency=concurrency, vcpus=vcpus, cpu=cpu, io=io)
    assert busy.cpu_utilization == pytest.approx(mean(chain, lambda n: min(n, vcpus)) / vcpus, rel=1e-12)
    assert busy.throughput_per_s == pytest.approx(mean(chain, lambda n: min(n, vcpus)) / cpu, rel=1e-12)
    assert busy.response_mean_s * busy.throughput_per_s == pytest.approx(concurrency)
    assert busy.stretch == pytest.approx(busy.response_mean_s / (cpu + io))


def test_container_needs_only_the_total_of_cpu_in_two_halves_around_io() -> None:
    jobs, vcpus, cpu, io = 6, 2.5, 3.0, 2.0

    def moves(state: tuple[int, int]) -> dict[tuple[int, int], float]:
        before, after = state  # on the CPU before and after I/O; the rest is in I/O
        speed = min(1.0, vcpus / (before + after)) if before + after else 0.0
        return {
            (before - 1, after): speed * before / (cpu / 2),
            (before, after + 1): (jobs - before - after) / io,
            (before + 1, after - 1): speed * after / (cpu / 2),
        }

    used = mean(stationary((jobs, 0), moves), lambda state: min(sum(state), vcpus))
    found = theory.container(concurrency=jobs, vcpus=vcpus, cpu=cpu, io=io)
    assert found.cpu_utilization == pytest.approx(used / vcpus, rel=1e-12)


def test_container_without_io_works_as_many_vcpus_as_it_has_jobs() -> None:
    for concurrency, vcpus, used in [(3, 4, 3), (9, 4, 4), (2, 0.5, 0.5)]:
        busy = theory.container(concurrency=concurrency, vcpus=vcpus, cpu=10.0, io=0.0)
        assert busy.throughput_per_s == pytest.approx(used / 10)
        assert busy.throughput_per_s == pytest.approx(busy.throughput_bound_per_s)
        nearly = theory.container(concurrency=concurrency, vcpus=vcpus, cpu=10.0, io=1e-9)
        assert nearly.cpu_utilization == pytest.approx(busy.cpu_utilization)
    assert theory.container(concurrency=9, vcpus=4, cpu=10.0, io=0.0).stretch == pytest.approx(9 / 4)


@given(st.integers(1, 60), st.floats(0.2, 12), st.floats(0.01, 100), st.floats(0, 100))
def test_container_throughput_grows_with_concurrency_up_to_its_bound(
    concurrency: int, vcpus: float, cpu: float, io: float
) -> None:
    curve = theory.container_curve(concurrency=concurrency, vcpus=vcpus, cpu=cpu, io=io)
    throughput = np.array([one.throughput_per_s for one in curve])
    assert np.all(np.diff(throughput) >= -1e-12 * throughput[:-1])
    assert np.all(throughput <= np.array([one.throughput_bound_per_s for one in curve]) * (1 + 1e-12))
    assert curve[-1] == theory.container(concurrency=concurrency, vcpus=vcpus, cpu=cpu, io=io)
    assert all(one.stretch >= 1 - 1e-12 for one in curve)


def test_rule_of_thumb_and_what_it_reaches() -> None:
    assert theory.container_rule(vcpus=4, cpu="12 min", io="9 min") == pytest.approx(7.0)
    at_rule = theory.container(concurrency=7, vcpus=4, cpu=12.0, io=9.0)
    assert at_rule.rule == pytest.approx(7.0)
    assert at_rule.throughput_bound_per_s == pytest.approx(at_rule.saturation_per_s)
    assert at_rule.cpu_utilization < 1


@given(st.floats(0.05, 0.999), st.floats(0.3, 16), st.floats(0, 20))
def test_smallest_concurrency_is_the_first_that_reaches_the_share(share: float, vcpus: float, ratio: float) -> None:
    first = theory.container_concurrency(share=share, vcpus=vcpus, cpu=1.0, io=ratio)
    assert theory.container(concurrency=first, vcpus=vcpus, cpu=1.0, io=ratio).cpu_utilization >= share
    if first > 1:
        assert theory.container(concurrency=first - 1, vcpus=vcpus, cpu=1.0, io=ratio).cpu_utilization < share


def test_container_of_10_000_processes_does_not_overflow() -> None:
    busy = theory.container(concurrency=10_000, vcpus=64, cpu=1.0, io=150.0)
    assert 0.99 < busy.cpu_utilization <= 1 + 1e-12
    assert theory.container(concurrency=10_000, vcpus=64, cpu=1.0, io=1e9).cpu_utilization == pytest.approx(
        10_000 / (1e9 + 1) / 64, rel=1e-6
    )
