"""What a run, or several replications of it, came out as."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError, LogError
from workersim.units import SECOND, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.metrics import StepFunction
    from workersim.runlog import RunLog
    from workersim.scenario import Scenario
    from workersim.statistics import Estimate

__all__ = ["Figures", "Result"]

_PLOTS = ("queue_length", "utilization", "busy_slots", "fleet", "slots", "waits", "warm_up")


class Figures:
    """A tree of figures whose branches are attributes: ``figures.wait.p95``.

    Examples
    --------
    >>> Figures({"wait": {"mean": 16.0, "p95": 40.0}}).wait.p95
    40.0
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._tree:
            msg = f"there is no figure {name!r}" + _hint(name, self._tree)
            raise AttributeError(msg)
        value = self._tree[name]
        return Figures(value) if isinstance(value, dict) else value

    def __dir__(self) -> list[str]:
        return list(self._tree)

    def __repr__(self) -> str:
        return f"Figures({self._tree!r})"


@dataclass(frozen=True, eq=False)
class Result:
    """The figures of a scenario, and the log of its first replication.

    Every block of ``metrics`` is an attribute too: ``result.wait.p95``, ``result.queue_length.max``.

    Attributes
    ----------
    scenario
        What was run, with the seed and the number of replications that were used.
    engine
        ``"simpy"`` or ``"compiled"``.
    metrics
        The tree that ``workersim run --json`` prints: seconds, bytes, fractions; None where there is nothing to
        measure.  With more than one replication each figure is the mean over them, beside its 95 % interval.
    kept
        The run log of replication 0, or None if the run was only measured; ``log`` is the same, and complains.
    samples
        The tree of each replication.
    warnings
        What a reader of the figures has to know, a sentence each.
    """

    scenario: Scenario
    engine: str
    metrics: dict[str, Any]
    kept: RunLog | None
    samples: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Result of {self.scenario.name!r}: {self.jobs.arrived:.10g} jobs, {self.replications} x {self.engine}>"

    def __str__(self) -> str:
        return self.summary()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.metrics:
            msg = f"a result has no {name!r}" + _hint(name, [*self.metrics, *vars(type(self))])
            raise AttributeError(msg)
        return getattr(Figures(self.metrics), name)

    @property
    def log(self) -> RunLog:
        """The run log of replication 0.

        Raises
        ------
        LogError
            If none was kept.
        """
        if self.kept is None:
            msg = "this run was only measured, so there is no log; run it with keep_log=True to have one"
            raise LogError(msg)
        return self.kept

    @property
    def seed(self) -> int:
        """Seed of all draws."""
        return self.scenario.run.seed

    @property
    def replications(self) -> int:
        """How often the scenario was run, on independent draws."""
        return len(self.samples)

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """One row an attempt of replication 0, with the columns of ``--jobs-out``; times in seconds."""
        from workersim.runlog.frames import attempts_frame  # noqa: PLC0415 (pandas takes half a second)

        return attempts_frame(self.log)

    def over_time(
        self, name: str, *, queue: str | None = None, replica: int | None = None, service: str | None = None
    ) -> StepFunction:
        """Return a curve of replication 0 as an exact step function.

        Parameters
        ----------
        name
            ``queue_length``, ``visible``, ``reserved``, ``running``, ``utilization``, ``cpu``, ``memory``, ``replicas``
            (ready), ``starting``, ``draining``, ``busy``, ``slots`` or ``cost``.
        queue, replica, service
            As in ``metrics.over_time``: only a part of it.

        Raises
        ------
        LogError
            If there is no such curve, or no such part.
        """
        from workersim.metrics import over_time  # noqa: PLC0415 (as small as the call)

        return over_time(self.log, name, queue=queue, replica=replica, service=service)

    def within_run(self, measure: str, *, level: float = 0.95) -> Estimate:
        """Return a figure of waits or responses of replication 0, with an interval from that one run (batch means).

        For one long run instead of many: the warm-up is left out once.  ``longer`` of what is returned says how many
        times as long the run should be for the interval to be trusted; 1: it is long enough.

        Parameters
        ----------
        measure
            ``wait`` or ``response``, and ``mean``, ``p50``, ``p90``, ``p95`` or ``p99``, such as ``wait.p95``.
        level
            Of the interval.

        Raises
        ------
        LogError
            If there is no log, no such figure, or no job to tell it from.
        """
        from workersim.metrics import QUANTILES, waits_in_order  # noqa: PLC0415 (as small as the call)
        from workersim.statistics import batch_means, batch_quantile  # noqa: PLC0415 (as above)

        of, _, figure = measure.partition(".")
        if of not in ("wait", "response") or figure not in ("mean", *QUANTILES):
            msg = (
                f"an interval from one run is for wait.mean, wait.p95, response.mean and the like, not for {measure!r}"
            )
            raise LogError(msg)
        _, values_ns = waits_in_order(self.log, warm_up_ns=int(self.scenario.run.warm_up), response=of == "response")
        if not len(values_ns):
            msg = f"no job of this run has a {of}"
            raise LogError(msg)
        seconds = values_ns / SECOND
        if figure == "mean":
            return batch_means(seconds, level=level)
        return batch_quantile(seconds, QUANTILES[figure], level=level)

    def propose_warm_up(self) -> float | None:
        """Return after how many seconds the beginning of replication 0 has passed, by MSER-5 on its waits.

        A proposal, which changes nothing: look at ``ws.plots.warm_up(result)``, and say so in ``run.warm_up``.
        None: the run is too short to tell.

        Raises
        ------
        LogError
            If there is no log.
        """
        from workersim.metrics import waits_in_order  # noqa: PLC0415 (as small as the call)
        from workersim.statistics import mser5  # noqa: PLC0415 (as above)

        arrival_ns, wait_ns = waits_in_order(self.log)
        if len(wait_ns) < 10:
            return None
        found = mser5(wait_ns / SECOND)
        if not found.settled:
            return None
        return int(arrival_ns[found.leave_out]) / SECOND if found.leave_out else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim run --json`` prints."""
        return {
            "scenario": self.scenario.name,
            "engine": self.engine,
            "seed": self.seed,
            "replications": self.replications,
            "metrics": self.metrics,
            "warnings": list(self.warnings),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row a figure, named by its path, such as ``wait.p95``.

        Returns
        -------
        DataFrame
            Columns ``value``, ``low`` and ``high`` (the ends of the 95 % interval, missing with one replication):
            seconds, bytes, per second and fractions.
        """
        import pandas as pd  # noqa: PLC0415 (takes half a second)

        from workersim.experiments.flat import flat_with_ends  # noqa: PLC0415 (needed only here)

        rows = {name: (value, *ends) for name, value, ends in flat_with_ends(self.metrics)}
        columns = ["value", "low", "high"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
        return frame.rename_axis("figure")

    def plot(self, what: str = "queue_length", ax: Axes | None = None) -> Axes:
        """Draw replication 0.

        Parameters
        ----------
        what
            ``queue_length``, ``utilization``, ``busy_slots`` or ``fleet`` over time, ``slots`` (what each of them did),
            ``waits`` (their distribution) or ``warm_up``; each is the function of that name in ``ws.plots``.
        ax
            Where to draw; default: a new figure.

        Raises
        ------
        InputError
            If there is no such plot.
        LogError
            If no log was kept.
        """
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        if what not in _PLOTS:
            msg = f"plot: expected one of {', '.join(_PLOTS)}, found {shown(what)}{_hint(what, _PLOTS)}"
            raise InputError(msg)
        drawn: Axes = getattr(plots, what)(self, ax)
        return drawn

    def summary(self) -> str:
        """Return the figures as a table of 80 columns."""
        from workersim.experiments.summary import summary  # noqa: PLC0415 (needed only by who reads it)

        return summary(self)

    def _repr_html_(self) -> str:
        from workersim.experiments.summary import summary_html  # noqa: PLC0415 (as above)

        return summary_html(self)


def _hint(name: str, known: Any) -> str:
    return nearest(name, known)
