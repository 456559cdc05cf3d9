"""Exponential numbers drawn by a kernel: NumPy's own, bit for bit, in two thirds of the time, and rounded as they come.

NumPy fills a column of floats, and three passes make nanoseconds of it; here a number stays in a register from the
generator to the nanosecond.  The state of the generator is read and written in place, so that drawing can go on with
either.  Tests compare both; and where the mathematical library that NumPy was built with has other last digits than
the one that kernels call, ``agrees`` finds out, and NumPy draws.

G. Marsaglia, W. W. Tsang, The ziggurat method for generating random variables, J. Stat. Softw. 5 (2000), with the
tables of NumPy; SFC64 by C. Doty-Humphrey, PractRand.
"""

from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.np.random._constants import fe_double, ke_double, we_double, ziggurat_exp_r

from workersim.jit import entry, helper

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["agrees", "fill", "fill_ns", "state_of"]

TABLES = np.array(ke_double, np.uint64), np.array(we_double, np.float64), np.array(fe_double, np.float64)
END = float(ziggurat_exp_r)
EXACT = 2.0**52
EXACT_BITS = int(np.float64(EXACT).view(np.int64))
TO_UNIT = 2.0**-53
TRIED = 20_000  # numbers: some 200 of them take the rare ways


def state_of(generator: Generator) -> NDArray[np.uint64]:
    """Return the four words of the state of an SFC64, as a view: what is written there is where it goes on."""
    source = generator.bit_generator
    words: Any = (ctypes.c_uint64 * 4).from_address(source.ctypes.state_address)
    return np.frombuffer(words, np.uint64)


@cache
def agrees() -> bool:
    """Tell whether kernels draw what NumPy does."""
    ours, theirs = (np.random.Generator(np.random.SFC64(1)) for _ in range(2))
    drawn = np.empty(TRIED, np.int64)
    fill(drawn, state_of(ours), TABLES, (1e9, 1.0))
    return bool((drawn == np.rint(theirs.standard_exponential(TRIED) * 1e9)).all())


def fill_ns(out: NDArray[np.int64], generator: Generator, factors: tuple[float, float]) -> None:
    """Fill a column with the next exponential numbers in whole nanoseconds, all below 2**52.

    Parameters
    ----------
    out
        What is filled.
    generator
        An SFC64; it moves on.
    factors
        What numbers with a mean of 1 are multiplied by, one after the other, and rounded each time.
    """
    fill(out, state_of(generator), TABLES, factors)


@entry
def fill(
    out: NDArray[np.int64],
    state: NDArray[np.uint64],
    tables: tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.float64]],
    factors: tuple[float, float],
) -> None:
    """Do the same with the state and the tables."""
    ke, we, fe = tables
    a, b, c, n = state[0], state[1], state[2], state[3]
    for i in range(len(out)):
        while True:
            word, (a, b, c, n) = step(a, b, c, n)
            word >>= np.uint64(3)
            strip = word & np.uint64(255)
            word >>= np.uint64(8)
            x = word * we[strip]
            if word < ke[strip]:  # 98.9 % of the time
                break
            word, (a, b, c, n) = step(a, b, c, n)
            u = (word >> np.uint64(11)) * TO_UNIT
            if strip == 0:
                x = END - math.log1p(-u)
                break
            if (fe[strip - np.uint64(1)] - fe[strip]) * u + fe[strip] < math.exp(-x):
                break
        ns = x * factors[0] * factors[1]
        out[i] = np.float64(ns + EXACT).view(np.int64) - EXACT_BITS  # as workload/sampling.py rounds
    state[0], state[1], state[2], state[3] = a, b, c, n


@helper
def step(a: Any, b: Any, c: Any, n: Any) -> tuple[Any, tuple[Any, Any, Any, Any]]:
    """Return a word of SFC64, and its state after that."""
    word = a + b + n
    turned = (c << np.uint64(24)) | (c >> np.uint64(40))
    return word, (b ^ (b >> np.uint64(11)), c + (c << np.uint64(3)), turned + word, n + np.uint64(1))
