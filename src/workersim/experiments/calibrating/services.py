"""What jobs of each class need: the values themselves, or a family that is fitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import InputError
from workersim.statistics.fits import FAMILIES, LEAST_CV, Fit, fit, fits
from workersim.units import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["CHOICES", "Service", "service_of"]

CHOICES = ("empirical", "best", *FAMILIES)
HELD = 500  # values that are written as they are; of more, the means of as many equal groups
DIGITS = 6
FEW = 8  # values that are too few to tell families apart


class Service(NamedTuple):
    """The services of one class.

    Attributes
    ----------
    values_s
        float64[n], what was needed, in seconds, in order.
    fits
        The families, the best first; none of values that are few or all the same.
    chosen
        The name of what is written: ``empirical``, ``constant``, or a family.
    """

    values_s: Floats
    fits: tuple[Fit, ...]
    chosen: str

    def written(self) -> Any:
        """Return what stands in a scenario file."""
        if self.chosen == "constant":
            return _seconds(float(np.mean(self.values_s)))
        if self.chosen == "empirical":
            return {"empirical": {"values": [_number(each) for each in grouped(self.values_s).tolist()]}}
        best = next(each for each in self.fits if each.family == self.chosen)
        cv = {} if best.family == "exponential" else {"cv": round(max(best.cv, 0.001), 4)}
        if best.family == "hyperexponential":
            cv = {"cv": max(1.0, cv["cv"])}
        return {best.family: {"mean": _seconds(best.mean), **cv}}


def service_of(values_s: Floats, choice: str) -> Service:
    """Return the services of a class as they are to be written.

    Parameters
    ----------
    values_s
        In seconds, >= 0.
    choice
        ``empirical``; ``best``, the family with the lowest AIC; or the name of a family.

    Raises
    ------
    InputError
        If there is no such choice.
    """
    if choice not in CHOICES:
        msg = f"service: expected one of {', '.join(CHOICES)}, found {shown(choice)}"
        raise InputError(msg)
    values = np.sort(values_s)
    if len(values) == 1 or values.std() < LEAST_CV * max(values.mean(), 1e-9):
        return Service(values, (), "constant")
    above = values[values > 0]
    if len(above) < FEW:
        return Service(values, (), "empirical")
    found = tuple(fits(above))
    if choice == "best":
        choice = found[0].family
    return Service(values, found, choice)


def refitted(service: Service, values_s: Floats) -> Service:
    """Return the same choice for other values."""
    values = np.sort(values_s)
    if service.chosen in ("constant", "empirical") or values.std() < LEAST_CV * values.mean():
        return Service(values, (), "constant" if values.std() < LEAST_CV * values.mean() else "empirical")
    return Service(values, (fit(values[values > 0], service.chosen),), service.chosen)


def grouped(values: Floats) -> Floats:
    """Return values in order, or the means of 500 groups of equally many: the same mean, and nearly the same cv."""
    if len(values) <= HELD:
        return values
    edges = np.linspace(0, len(values), HELD + 1).round().astype(np.int64)
    return np.add.reduceat(values, edges[:-1]) / np.diff(edges)


def _number(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _seconds(value: float) -> str:
    return f"{_number(value)} s"
