"""How jobs arrive: at once, at a rate that is constant or follows the hours, and how bursty."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.traces.features import dispersion
from workersim.units import SECOND, format_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Arriving", "arriving"]

HOUR_NS = 3600 * SECOND
DAY_H, WEEK_H = 24, 168
LEAST_HOURS = 6  # a profile of fewer says nothing that a rate does not
LEAST_COUNT = 200  # jobs from which on it is asked how they are bunched
AT_ONCE = 0.1  # jobs that arrive within this share of a service are a burst
STEADY = 0.01  # gaps that vary less do not vary
SURE = 4.0  # standard errors
WINDOWS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)


class Arriving(NamedTuple):
    """A stream.

    Attributes
    ----------
    kind
        ``burst``, ``poisson``, ``renewal``, ``mmpp`` or ``profile``.
    body
        What stands under it in a scenario file.
    begins_ns
        Where 0 of the scenario lies on the clock of the recording: a profile begins with a whole hour.
    rate
        Jobs a second, in the mean over the span.
    spread
        Variance ÷ mean of the counts in long windows: 1 is a Poisson stream.
    inferred, dropped
        Sentences.
    """

    kind: str
    body: dict[str, Any]
    begins_ns: int
    rate: float
    spread: float
    inferred: tuple[str, ...]
    dropped: tuple[str, ...] = ()


def arriving(arrival_ns: Ints, *, epoch_ns: int | None, end_ns: int, service_s: float) -> Arriving:
    """Return the stream that jobs arrived in.

    Parameters
    ----------
    arrival_ns
        In order, n >= 2.
    epoch_ns
        The Unix time of 0, if it is known: then hours are those of the day (UTC).
    end_ns
        Until when it was observed.
    service_s
        The mean service: what arrives within a small part of it arrives at once.
    """
    first, last = int(arrival_ns[0]), int(arrival_ns[-1])
    count = len(arrival_ns)
    if last - first <= AT_ONCE * service_s * SECOND and last - first < HOUR_NS:
        said = f"All {count:,} jobs arrive within {(last - first) / SECOND:.3g} s: a burst."
        return Arriving("burst", {"jobs": count}, first, count / max(service_s, 1e-9), 1.0, (said,))
    # What comes after the last job is observed silence, unless the recording was only run empty.
    rate = (count - 1) / ((last - first) / SECOND)
    hours = (max(last, min(end_ns, last + HOUR_NS)) - first) / HOUR_NS
    if hours >= LEAST_HOURS:
        found = _profile(arrival_ns, epoch_ns or 0, rate)
        if found is not None:
            return found
    return _steady(arrival_ns, rate)


# -- by the hours ----------------------------------------------------------------------------------


def _profile(arrival_ns: Ints, epoch_ns: int, rate: float) -> Arriving | None:
    """Return a profile by hours, if hours differ by more than chance; else None."""
    begin = (int(arrival_ns[0]) + epoch_ns) // HOUR_NS
    hour = (arrival_ns + epoch_ns) // HOUR_NS - begin
    hours = int(hour[-1]) + 1
    # the first hour and the last are there in part only
    seen = np.ones(hours)
    seen[0] -= ((int(arrival_ns[0]) + epoch_ns) % HOUR_NS) / HOUR_NS
    seen[-1] = max(((int(arrival_ns[-1]) + epoch_ns) % HOUR_NS) / HOUR_NS, 1e-3) - (1 - seen[0] if hours == 1 else 0)
    counts = np.bincount(hour, minlength=hours).astype(float)
    period = WEEK_H if hours >= 2 * WEEK_H else DAY_H if hours >= 2 * DAY_H else hours
    index = np.arange(hours) % period
    total, present = np.bincount(index, counts, period), np.bincount(index, seen, period)
    spread = _spread_within(counts, seen, index, period)
    expected = present * counts.sum() / seen.sum()
    excess = float(((total - expected) ** 2 / np.maximum(expected, 1e-9)).sum()) / max(spread, 1.0)
    if excess < (period - 1) + SURE * math.sqrt(2 * (period - 1)):
        return None
    rates = total / np.maximum(present, 1e-3)
    steps = [[f"{at} h", f"{value:.6g}/hour"] for at, value in _merged(rates)]
    body: dict[str, Any] = {"rates": steps} | ({"period": f"{period} h"} if period < hours else {})
    zero = datetime.fromtimestamp(begin * 3600, UTC)
    by = {WEEK_H: "hour and weekday", DAY_H: "hour of the day"}.get(period if period < hours else 0, "hour")
    when = f"; 0 h is {zero:%A %H:%M} UTC" if epoch_ns else ""
    said = f"The rate follows the {by}: {rates.min():.3g} to {rates.max():.3g} an hour{when}."
    dropped: tuple[str, ...] = ()
    if spread > 1.5:
        dropped = (f"Counts of one hour vary {spread:.1f} times as much as by chance; a profile draws them by chance.",)
    return Arriving("profile", body, int(begin) * HOUR_NS - epoch_ns, rate, spread, (said,), dropped)


def _merged(rates: Floats) -> list[tuple[int, float]]:
    """Return the hours at which the rate changes."""
    keep = np.concatenate([[True], np.diff(rates) != 0])
    return [(int(at), float(rates[at])) for at in np.flatnonzero(keep)]


def _spread_within(counts: Floats, seen: Floats, index: Ints, period: int) -> float:
    """Return variance ÷ mean of the counts of the same hour of several periods; 1 where there is but one."""
    whole = seen > 0.999
    days = np.bincount(index[whole], minlength=period)
    mean = np.bincount(index[whole], counts[whole], period) / np.maximum(days, 1)
    square = np.bincount(index[whole], (counts[whole] - mean[index[whole]]) ** 2, period)
    many = (days > 1) & (mean > 0)
    if not many.any():
        return 1.0
    return float(square[many].sum() / ((days[many] - 1) * mean[many]).sum())


# -- at one rate -----------------------------------------------------------------------------------


def _steady(arrival_ns: Ints, rate: float) -> Arriving:
    first = int(arrival_ns[0])
    gaps = np.diff(arrival_ns) / SECOND
    cv = float(gaps.std() / gaps.mean())
    each = {"rate": f"{rate * 3600:.6g}/hour"}
    if len(arrival_ns) < LEAST_COUNT:
        said = f"Jobs arrive at {_hourly(rate)} an hour; too few to tell how they are bunched, so by chance (Poisson)."
        return Arriving("poisson", each, first, rate, 1.0, (said,))
    mean = f"{1 / rate:.6g} s"
    if cv < STEADY:
        said = f"A job arrives every {1 / rate:.4g} s."
        return Arriving("every", {"interval": mean}, first, rate, 0.0, (said,))
    curve = dispersion(arrival_ns, WINDOWS_S)
    slow = _slow(curve, rate, int(arrival_ns[-1]) - first)
    if slow is not None and slow[0] > max(1.5, 1.3 * cv * cv):
        return _bursty(curve, rate, first)
    error = math.sqrt((max(_fourth(gaps), 2.0) - 1) / 4 / len(gaps))
    if abs(cv - 1) < SURE * error:
        said = f"Jobs arrive at {_hourly(rate)} an hour, as by chance (cv of the gaps {cv:.2f}): Poisson."
        return Arriving("poisson", each, first, rate, 1.0, (said,))
    said = f"Jobs arrive at {_hourly(rate)} an hour with gaps of cv {cv:.2f} (by chance it would be 1)."
    family = "hyperexponential" if cv > 1 else "gamma"
    body = {"interval": {family: {"mean": mean, "cv": round(cv, 4)}}}
    return Arriving("renewal", body, first, rate, cv * cv, (said,))


def _hourly(rate_per_s: float) -> str:
    return format_number(rate_per_s * 3600, 4)


def _fourth(gaps: Floats) -> float:
    """Return the kurtosis of gaps, for the error of their cv."""
    away = gaps - gaps.mean()
    return float((away**4).mean() / (away**2).mean() ** 2)


def _slow(curve: dict[int, float], rate: float, span_ns: int) -> tuple[float, float] | None:
    """Return the largest index of dispersion that is clearly above 1, and its window; None if there is none."""
    sure = [
        (index, float(window))
        for window, index in curve.items()
        if index > 1 + SURE * math.sqrt(2 * window * SECOND / span_ns) and window * rate > 1
    ]
    return max(sure, default=None)


def _bursty(curve: dict[int, float], rate: float, first: int) -> Arriving:
    """Return an MMPP of two states with this rate, and an index of dispersion that grows like the observed one.

    Of a rate that varies with the variance s and forgets like exp(-t / m), the index of dispersion in windows of t is
    1 + 2 s m / rate (1 - (1 - exp(-t / m)) m / t).
    """
    windows = np.array(list(curve), float)
    observed = np.array(list(curve.values()))
    found: tuple[float, float, float] = (math.inf, 0.0, 1.0)
    for memory in np.geomspace(windows[0] / 4, windows[-1] * 2, 60).tolist():
        shape = 2 * memory / rate * (1 - (1 - np.exp(-windows / memory)) * memory / windows)
        # in logarithms, so that long windows do not count for all
        for variance in (rate * rate * np.geomspace(0.02, 200, 60)).tolist():
            off = float(((np.log1p(variance * shape) - np.log(np.maximum(observed, 0.05))) ** 2).sum())
            found = min(found, (off, variance, memory))
    _, variance, memory = found
    ratio = variance / rate**2
    if ratio <= 1:
        spread = math.sqrt(ratio)
        rates, holding = (rate * (1 + spread), rate * (1 - spread)), (2 * memory, 2 * memory)
    else:  # nothing between bursts
        share = 1 / (1 + ratio)
        rates, holding = (rate / share, 0.0), (memory / (1 - share), memory / share)
    body: dict[str, Any] = {
        "rates": [f"{each * 3600:.6g}/hour" for each in rates],
        "holding": [{"exponential": {"mean": f"{each:.6g} s"}} for each in holding],
    }
    peak, window = max((value, at) for at, value in curve.items())
    said = (
        f"Jobs arrive at {_hourly(rate)} an hour in bursts: counts in {window:,} s vary {peak:.3g} times as much as "
        f"by chance. Two states: {body['rates'][0]} for {holding[0]:.3g} s, {body['rates'][1]} for {holding[1]:.3g} s."
    )
    return Arriving("mmpp", body, first, rate, peak, (said,))
