"""One line before equal slots: each formula against something that does not know it."""

from __future__ import annotations

import dataclasses
import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from workersim import theory
from workersim.errors import InputError
from workersim.theory.results import in_words
from workersim.units import Duration

# Published figures


@pytest.mark.parametrize(
    ("slots", "rate", "share"),
    [
        (3, "30/hour", 0.332),
        (4, "30/hour", 0.725),
        (5, "30/hour", 0.898),
        (6, "30/hour", 0.967),
        (7, "30/hour", 0.990),
        (3, "10/hour", 0.954),
        (4, "10/hour", 0.992),
    ],
)
def test_share_that_waits_at_most_30_s_is_the_published_table(slots: int, rate: str, share: float) -> None:
    queue = theory.mmc(slots=slots, rate=rate, service="5 min")
    assert 1 - queue.wait_survival("30 s") == pytest.approx(share, abs=5e-4)


@pytest.mark.parametrize(
    ("slots", "rate", "service", "wait"),
    [
        (3, 10.0, 0.25, 0.3511),
        (4, 2.4, 1 / 0.7, 1.7576),
        (1, "9/hour", "6 min", 54 * 60),
        (4, "20/hour", "10 min", 9.866 * 60),
        (1, "5/hour", "10 min", 50 * 60),
        (4, "26/hour", "456 s", 412.4),
        (4, 26 / 60, 7.6, 412.4 / 60),
        (4, "192/hour", 60, 44.7324),
    ],
)
def test_mean_wait_of_mmc_as_published(slots: int, rate: float, service: float, wait: float) -> None:
    assert theory.mmc(slots=slots, rate=rate, service=service).wait_mean_s == pytest.approx(wait, rel=1.2e-4)


def test_queue_length_and_load_as_published() -> None:
    assert theory.mmc(slots=4, rate=2.4, service=1 / 0.7).queue_length == pytest.approx(4.2183, abs=5e-5)
    assert theory.mmc(slots=4, rate="26/hour", service="456 s").utilization == pytest.approx(0.823, abs=5e-4)


# Erlang


@pytest.mark.parametrize(("slots", "load"), [(1, "1/2"), (2, "1"), (5, "9/2"), (12, "1/100"), (20, "199/10")])
def test_erlang_formulas_are_the_direct_sums(slots: int, load: str) -> None:
    a = Fraction(load)
    terms = [a**k / math.factorial(k) for k in range(slots + 1)]
    assert theory.erlang_b(slots=slots, load=float(a)) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-13)
    delayed = terms[-1] * slots / (slots - a)
    exact = float(delayed / (sum(terms[:-1]) + delayed))
    assert theory.erlang_c(slots=slots, load=float(a)) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0, 2.0])
def test_erlang_c_for_10_000_slots_is_near_its_limit_by_halfin_and_whitt(beta: float) -> None:
    slots = 10_000
    normal_density = math.exp(-beta * beta / 2) / math.sqrt(2 * math.pi)
    limit = 1 / (1 + beta * float(special.ndtr(beta)) / normal_density)
    found = theory.erlang_c(slots=slots, load=slots - beta * math.sqrt(slots))
    assert found == pytest.approx(limit, abs=0.01)


@given(st.integers(1, 300), st.floats(1e-9, 1 - 1e-9))
def test_erlang_c_lies_between_erlang_b_and_1_and_falls_with_slots(slots: int, utilization: float) -> None:
    load = slots * utilization
    delayed = theory.erlang_c(slots=slots, load=load)
    assert theory.erlang_b(slots=slots, load=load) <= delayed <= 1
    assert theory.erlang_c(slots=slots + 1, load=load) <= delayed


# The distribution of the wait


@given(st.sampled_from([theory.mmc, theory.mdc]), st.integers(1, 40), st.floats(0.05, 0.995), st.floats(0, 0.999))
def test_quantile_and_survival_are_inverse(solve: Any, slots: int, utilization: float, p: float) -> None:
    queue = solve(slots=slots, rate=slots * utilization / 7.0, service=7.0)
    wait_s = queue.wait_quantile_s(p)
    if wait_s == 0:
        assert queue.probability_of_waiting <= 1 - p
    else:
        assert queue.wait_survival(wait_s) == pytest.approx(1 - p, rel=1e-6, abs=1e-12)


def test_p95_is_the_quantile() -> None:
    for queue in (theory.mmc(slots=4, rate=3.2, service=1), theory.mdc(slots=4, rate=3.2, service=1)):
        assert queue.wait_p95_s == queue.wait_quantile_s(0.95) > 0


# M/D/c


def by_roots(slots: int, load: float) -> tuple[float, float]:
    """Return mean queue and probability of waiting by Crommelin's roots, fit for high loads."""
    turn = 2j * np.pi * np.arange(1, slots) / slots
    first = special.lambertw(-load / slots * np.exp(-load / slots + turn)) / (load / slots)
    u = np.asarray(1 + first, dtype=np.complex128)
    for _ in range(20):  # u = 1 - root; Newton's steps mend what the W function loses near 1
        bent = np.exp(turn - load / slots * u)
        u -= (u + special.expm1(turn - load / slots * u)) / (1 - load / slots * bent)
    mean = float((1 / u).sum().real) - (slots + load) / 2 + slots / (2 * (slots - load))
    return mean, 1 - math.exp(math.log(slots - load) - float(np.log(u).sum().real))


def by_series(slots: int, load: float) -> tuple[float, float]:
    """Return mean queue and probability of waiting by Pollaczek's series, fit for low loads."""
    k = np.arange(1.0, 20_000.0)
    mean, most = k * load, k * slots
    term = np.exp(special.xlogy(most, mean) - mean - special.gammaln(most + 1))
    excess = mean * term - (most - mean) * special.pdtrc(most, mean)
    return float((excess / k).sum()), -math.expm1(-float((special.pdtrc(most - 1, mean) / k).sum()))


@pytest.mark.parametrize("slots", [1, 2, 7, 150, 10_000])
@pytest.mark.parametrize("utilization", [0.02, 0.5, 0.8, 0.89, 0.95])
def test_mdc_is_pollaczeks_series(slots: int, utilization: float) -> None:
    queue = theory.mdc(slots=slots, rate=slots * utilization, service=1.0)
    mean, waiting = by_series(slots, slots * utilization)
    assert queue.queue_length == pytest.approx(mean, rel=1e-7, abs=1e-90)
    assert queue.probability_of_waiting == pytest.approx(waiting, rel=1e-9, abs=1e-90)


@pytest.mark.parametrize("slots", [1, 2, 7, 150, 10_000])
@pytest.mark.parametrize("utilization", [0.99, 0.999, 0.99999, 1 - 1e-9])
def test_mdc_is_crommelins_sum_over_roots(slots: int, utilization: float) -> None:
    queue = theory.mdc(slots=slots, rate=slots * utilization, service=1.0)
    mean, waiting = by_roots(slots, slots * utilization)
    assert queue.queue_length == pytest.approx(mean, rel=1e-8)
    assert queue.probability_of_waiting == pytest.approx(waiting, rel=1e-8)


@pytest.mark.parametrize(("slots", "utilization"), [(1, 0.3), (1, 0.97), (3, 0.7), (30, 0.95), (400, 0.97)])
def test_mean_wait_of_mdc_is_the_area_under_its_survival(slots: int, utilization: float) -> None:
    queue = theory.mdc(slots=slots, rate=slots * utilization, service=1.0)
    end = math.ceil(queue.wait_quantile_s(1 - 1e-13)) + 1
    # The survival has a bend at every whole service.
    area = sum(integrate.quad(queue.wait_survival, k, k + 1, epsabs=1e-12)[0] for k in range(end))
    assert area == pytest.approx(queue.wait_mean_s, rel=1e-8)


def test_mdc_meets_a_simulation_within_four_standard_errors() -> None:
    slots, load, n = 4, 3.4, 400_000
    queue = theory.mdc(slots=slots, rate=load, service=1.0)
    arrival = np.cumsum(np.random.default_rng(17).exponential(1 / load, n)).reshape(-1, slots)
    # With equal services every slots-th job runs on the same slot (Kiefer and Wolfowitz).
    gap = np.diff(arrival, axis=0)
    walk = np.vstack([np.zeros((1, slots)), np.cumsum(1.0 - gap, axis=0)])
    wait = (walk - np.minimum.accumulate(walk, axis=0)).reshape(100, -1)[10:]
    for found, exact in [
        (wait, queue.wait_mean_s),
        (wait > 0, queue.probability_of_waiting),
        (wait > 0.7, queue.wait_survival(0.7)),
        (wait > 2.25, queue.wait_survival(2.25)),
    ]:
        batches = found.mean(axis=1)
        assert abs(batches.mean() - exact) < 4 * batches.std(ddof=1) / math.sqrt(batches.size)


@given(st.integers(1, 3000), st.floats(1e-6, 1 - 1e-9))
def test_mdc_waits_between_half_and_all_of_mmc(slots: int, utilization: float) -> None:
    rate = slots * utilization
    fixed, varied = (solve(slots=slots, rate=rate, service=1.0) for solve in (theory.mdc, theory.mmc))
    assert 0 <= fixed.wait_mean_s <= varied.wait_mean_s * (1 + 1e-9)
    # Half is the limit at full load; below it fixed services gain less (Cosmetatos 1975).
    assert fixed.wait_mean_s >= 0.5 * varied.wait_mean_s * (1 - 1e-9)
    assert 0 <= fixed.probability_of_waiting <= 1


# General services


def test_mg1_ends_in_mm1_and_md1() -> None:
    for rate in (0.1, 0.5, 0.99):
        exponential, constant = (theory.mg1(rate=rate, service=1, cv=cv).wait_mean_s for cv in (1, 0))
        assert exponential == pytest.approx(theory.mmc(slots=1, rate=rate, service=1).wait_mean_s, rel=1e-12)
        assert constant == pytest.approx(theory.mdc(slots=1, rate=rate, service=1).wait_mean_s, rel=1e-12)


def test_mg1_meets_lindleys_recursion_within_four_standard_errors() -> None:
    rng = np.random.default_rng(3)
    gap, service = rng.exponential(1 / 0.7, 600_000), rng.gamma(0.5, 2.0, 600_000)  # cv² = 2
    walk = np.concatenate([[0.0], np.cumsum(service[:-1] - gap[1:])])
    wait = (walk - np.minimum.accumulate(walk)).reshape(60, -1)[5:].mean(axis=1)
    exact = theory.mg1(rate=0.7, service=1, cv=math.sqrt(2)).wait_mean_s
    assert abs(wait.mean() - exact) < 4 * wait.std(ddof=1) / math.sqrt(wait.size)


def test_approximations_are_exact_where_they_should_be_and_say_what_they_are() -> None:
    exponential = theory.mmc(slots=5, rate=4.0, service=1.0)
    assert theory.mgc(slots=5, rate=4, service=1, cv=1).wait_mean_s == pytest.approx(exponential.wait_mean_s)
    general = theory.ggc(slots=5, rate=4, service=1, arrival_cv=1, service_cv=1)
    assert general.wait_mean_s == pytest.approx(exponential.wait_mean_s)
    assert general.approximate
    assert general.wait_upper_bound_s is None
    assert theory.mgc(slots=2, rate=1, service=1, cv=2).approximate
    assert theory.mgc(slots=1, rate=0.5, service=1, cv=2) == theory.mg1(rate=0.5, service=1, cv=2)
    assert not theory.mg1(rate=0.5, service=1, cv=2).approximate


def test_lee_longton_is_within_a_tenth_of_md4_where_slots_are_busy() -> None:
    for utilization in (0.8, 0.9, 0.99):
        exact = theory.mdc(slots=4, rate=4 * utilization, service=1).wait_mean_s
        assert theory.mgc(slots=4, rate=4 * utilization, service=1, cv=0).wait_mean_s == pytest.approx(exact, rel=0.1)


@given(st.floats(1e-3, 0.999), st.floats(0, 5), st.floats(0, 5))
def test_kingmans_bound_is_above_his_approximation_and_above_pollaczek(load: float, cva: float, cvs: float) -> None:
    queue = theory.ggc(slots=1, rate=load, service=1, arrival_cv=cva, service_cv=cvs)
    assert queue.wait_upper_bound_s is not None
    assert queue.wait_mean_s <= queue.wait_upper_bound_s * (1 + 1e-12)
    poisson = theory.ggc(slots=1, rate=load, service=1, arrival_cv=1, service_cv=cvs)
    exact = theory.mg1(rate=load, service=1, cv=cvs).wait_mean_s
    assert poisson.wait_mean_s == pytest.approx(exact)
    assert poisson.wait_upper_bound_s is not None
    assert exact <= poisson.wait_upper_bound_s


def test_kingmans_bound_is_written_in_variances() -> None:
    gap_s, service_s, cva, cvs = 100.0, 60.0, 0.5, 1.5
    bound = ((cva * gap_s) ** 2 + (cvs * service_s) ** 2) / gap_s / (2 * (1 - service_s / gap_s))
    queue = theory.ggc(slots=1, rate=1 / gap_s, service=service_s, arrival_cv=cva, service_cv=cvs)
    assert queue.wait_upper_bound_s == pytest.approx(bound)


def test_allen_cunneen_hits_the_exact_dm1_within_5_percent_at_high_load() -> None:
    # D/M/1: jobs found are geometric with sigma = exp(-(1 - sigma) / load); wait sigma / (1 - sigma).
    sigma = 0.5
    for _ in range(2000):
        sigma = math.exp(-(1 - sigma) / 0.95)
    queue = theory.ggc(slots=1, rate=0.95, service=1, arrival_cv=0, service_cv=1)
    assert queue.wait_mean_s == pytest.approx(sigma / (1 - sigma), rel=0.05)


# Extremes, refusals, and how results show themselves


@pytest.mark.parametrize("utilization", [0.0, 1e-300, 1e-9, 0.3, 0.999999, 1 - 1e-12])
@pytest.mark.parametrize("slots", [1, 10_000])
def test_every_figure_is_finite_for_10_000_slots_and_at_both_ends(slots: int, utilization: float) -> None:
    rate = slots * utilization
    queues: list[theory.Result] = [
        theory.mmc(slots=slots, rate=rate, service=1.0),
        theory.mdc(slots=slots, rate=rate, service=1.0),
        theory.mgc(slots=slots, rate=rate, service=1.0, cv=0.8),
        theory.ggc(slots=slots, rate=rate, service=1.0, arrival_cv=0.5, service_cv=2.0),
        theory.ps(rate=rate, service=1.0, vcpus=slots),
        theory.priority(slots=slots, rate=[rate / 2, rate / 2], service=1.0),
        theory.reneging(slots=slots, rate=rate, service=1.0, patience=2.0),
        theory.reneging(slots=slots, rate=2 * rate + 1, service=1.0, patience=1e6),
        theory.container(concurrency=slots, vcpus=utilization + 0.1, cpu=1.0, io=utilization),
    ]
    for queue in queues:
        for name, value in queue.as_dict().items():
            if isinstance(value, float):
                assert math.isfinite(value), (queue.title, name)
                assert value >= 0, (queue.title, name)
        assert max(map(len, queue.summary().splitlines())) <= 80


def test_texts_durations_and_numbers_say_the_same() -> None:
    text = theory.mmc(slots=4, rate="10/hour", service="20 min")
    four: Any = np.int64(4)
    assert text == theory.mmc(slots=four, rate=np.float64(10 / 3600), service=Duration("20 min"))
    assert text.wait_survival("1 h") == text.wait_survival(3600)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mmc(slots=4, rate="20/hour", service="20 min"), "load is 6.66667 on 4 slots, .*at least 7"),
        (lambda: theory.mdc(slots=4, rate=4, service=1), "load is 4 on 4 slots, .*at least 5 slots"),
        (lambda: theory.erlang_c(slots=2, load=2.5), "at least 3 slots"),
        (lambda: theory.mg1(rate=1, service=2, cv=0), "load is 2 on 1 slots"),
        (lambda: theory.ps(rate=3, service=1, vcpus=2.5), "load is 3 on 2.5 vcpus, .*at least 4 vcpus"),
        (lambda: theory.priority(rate=[0.5, 0.6], service=1), "at least 2 slots"),
        (lambda: theory.mmc(slots=4, rate=1e308, service=1e308), "no fleet is enough"),
        (lambda: theory.mmc(slots=0, rate=1, service=1), "slots must be a whole number from 1"),
        (lambda: theory.mmc(slots=True, rate=1, service=1), "slots must be a whole number from 1"),
        (lambda: theory.mmc(slots=2.5, rate=1, service=1), "slots must be a whole number from 1"),  # type: ignore[arg-type]
        (lambda: theory.mmc(slots=4, rate=-1, service=1), "rate must be a finite number >= 0, got -1"),
        (lambda: theory.mmc(slots=4, rate=math.nan, service=1), "rate must be a finite number >= 0, got nan"),
        (lambda: theory.mmc(slots=4, rate="10/parsec", service=1), "rate: .*parsec"),
        (lambda: theory.mmc(slots=4, rate=1, service="20 parsecs"), "service: .*parsecs"),
        (lambda: theory.mmc(slots=4, rate=1, service=0), "service must be a finite number > 0, got 0"),
        (lambda: theory.mmc(slots=4, rate=1, service=math.inf), "service must be a finite number > 0, got inf"),
        (lambda: theory.mmc(slots=4, rate=10**5000, service=1), "rate must be a finite number"),
        (lambda: theory.mmc(slots=4, rate=None, service=1), "rate must be a finite number >= 0, got nothing"),  # type: ignore[arg-type]
        (lambda: theory.erlang_b(slots=4, load=math.inf), "load must be a finite number"),
        (lambda: theory.mgc(slots=4, rate=1, service=1, cv=-1), "cv must be a finite number >= 0"),
        (lambda: theory.mmc(slots=4, rate=1, service=1).wait_quantile_s(1.0), "p must be a share >= 0 and < 1, got 1"),
        (lambda: theory.mdc(slots=4, rate=1, service=1).wait_survival(-1), "t_s must be a finite number >= 0"),
        (lambda: theory.priority(rate=1.0, service=1), "rate must be a list"),  # type: ignore[arg-type]
        (lambda: theory.priority(rate=[], service=1), "rate must be a list"),
        (lambda: theory.priority(rate=[0.1, -1], service=1), r"rate\[1\] must be"),
        (lambda: theory.priority(rate=[0.1, 0.1], service=[1, 1, 1]), "service must have one value for each of the 2"),
        (lambda: theory.priority(slots=2, rate=[0.1, 0.1], service=[1, 2]), "share one mean service"),
        (lambda: theory.priority(slots=2, rate=[0.1, 0.1], service=1, cv=0), "cv 1"),
        (lambda: theory.reneging(slots=2, rate=1, service=1, patience=0), "patience must be a finite number > 0"),
        (lambda: theory.container(concurrency=10_001, vcpus=1, cpu=1, io=1), "concurrency .* from 1 to 10,000"),
        (lambda: theory.container(concurrency=1, vcpus=0, cpu=1, io=1), "vcpus must be a finite number > 0"),
        (lambda: theory.container(concurrency=1, vcpus=1e9, cpu=1, io=1), "vcpus must be <= 10,000,000"),
        (lambda: theory.container(concurrency=1, vcpus=1, cpu=0, io=1), "cpu must be a finite number > 0"),
        (lambda: theory.container_concurrency(share=1, vcpus=1, cpu=1, io=1), "share must be a share >= 0 and < 1"),
        (lambda: theory.container_concurrency(share=0, vcpus=1, cpu=1, io=1), "share must be"),
        (lambda: theory.container_concurrency(share=0.9, vcpus=2, cpu=1, io=1e6), "share must be <= 0.005, .*10,000"),
    ],
)
def test_what_has_no_answer_is_refused_in_one_line(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)


def test_results_show_themselves() -> None:
    queue = theory.mdc(slots=4, rate="10/hour", service="20 min")
    assert "20 min" in queue.summary()
    assert "exact" in queue.summary().splitlines()[0]
    assert "approximation" in theory.mgc(slots=4, rate="10/hour", service="20 min", cv=0.8).summary()
    assert queue._repr_html_().startswith("<table>")
    assert "Crommelin" in queue._repr_html_()
    assert theory.Result(approximate=False, method="definition").summary() == "Queue (exact)\n  by definition"
    with pytest.raises(dataclasses.FrozenInstanceError):
        queue.slots = 5  # type: ignore[misc]


def test_results_are_plain_values_for_json() -> None:
    shown = json.loads(json.dumps(theory.priority(slots=2, rate=[0.5, 0.7], service=1.0).as_dict()))
    assert [one["rate_per_s"] for one in shown["classes"]] == [0.5, 0.7]
    assert json.loads(json.dumps(theory.mmc(slots=4, rate=1, service=1).as_dict()))["approximate"] is False


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("wait_mean_s", 1600.0, "26.67 min"),
        ("wait_mean_s", 1e-40, "1e-40 s"),
        ("rate_per_s", 10 / 3600, "10/hour"),
        ("rate_per_s", 1e-30, "1e-30/s"),
        ("utilization", 0.5, "50%"),
        ("probability_of_waiting", 1e-30, "1e-30"),
        ("probability_of_waiting", None, "not known"),
        ("queue_length", 3.28927, "3.289"),
        ("queue_length", 1e15, "1e+15"),
        ("slots", 4, "4"),
    ],
)
def test_figures_are_said_by_the_unit_in_their_name(name: str, value: object, text: str) -> None:
    assert in_words(name, value) == text


def test_public_names_are_those_promised() -> None:
    promised = {"erlang_b", "erlang_c", "mmc", "mdc", "mg1", "mgc", "ggc", "ps", "priority", "reneging", "container"}
    assert promised | {"container_rule"} <= set(theory.__all__)
    assert all(hasattr(theory, name) for name in theory.__all__)
    assert sorted(theory.__all__) == theory.__all__
