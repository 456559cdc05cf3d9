"""From scenarios to one page, and to one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from workersim.experiments.result import Result
    from workersim.scenario import Scenario

__all__ = ["MARK", "Report", "report"]

MARK = '<meta name="generator" content="workersim'
"""What a report, and nothing else, has in its first lines."""
_LINES = 2000  # characters in which the mark stands


@dataclass(frozen=True)
class Report:
    """A page that needs nothing beside it.

    Attributes
    ----------
    html
        All of it.
    """

    html: str = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whole or not at all.

        A report that is there already is replaced; any other file is not.

        Raises
        ------
        InputError
            If the file is no report, or cannot be written.
        """
        from workersim.runlog.whole import write_whole  # noqa: PLC0415 (numpy only where it is needed)

        target = Path(path)
        try:
            ensure_replaceable(target)
            write_whole(target, lambda draft: draft.write_bytes(self.html.encode()))
        except OSError as error:
            msg = f"{shown(str(path))} cannot be written: {error.strerror or error}"
            raise InputError(msg) from None

    def _repr_html_(self) -> str:
        page = escape(self.html)
        return f'<iframe title="workersim report" sandbox="" srcdoc="{page}" width="100%" height="700"></iframe>'


def ensure_replaceable(target: Path) -> None:
    """Refuse a file that somebody may still need.

    Raises
    ------
    InputError
        If there is a file, and it is not a report.
    OSError
        If it cannot be read.
    """
    if not target.is_file():
        return
    with target.open("rb") as file:
        head = file.read(_LINES)
    if head.strip() and MARK.encode() not in head:
        msg = f"{shown(str(target))} cannot be written: there is a file that is no report of workersim"
        raise InputError(msg)


def report(
    scenarios: Scenario | Result | Iterable[Scenario | Result],
    *,
    engine: Literal["auto", "simpy", "compiled"] = "auto",
    seed: int | None = None,
    replications: int | None = None,
    note: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run scenarios and return a page about them that can be sent to somebody.

    Parameters
    ----------
    scenarios
        One or several; results of runs are told as they are.
    engine, seed, replications
        As for ``run``.  A scenario in which chance has a part and that asks for a single replication, which
        would come without an interval, is run 10 times unless somebody says otherwise.
    note
        A line below the title, such as who made it and when: the page itself holds no date.
    progress
        Called as ``progress(done, of)`` after each scenario.

    Returns
    -------
    Report
        Equal for equal scenarios, seeds and versions.

    Raises
    ------
    InputError
        As ``run``, or if there is no scenario.

    Examples
    --------
    >>> import workersim as ws
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> page = ws.report(ws.Scenario(fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten))
    >>> "a job waits 16 min on average" in page.html
    True
    """
    from workersim.report.gathering import Settings, gather  # noqa: PLC0415 (with the engines' room)
    from workersim.report.page import page  # noqa: PLC0415 (Jinja2 and matplotlib)

    alone = hasattr(scenarios, "scenario") or hasattr(scenarios, "claims")
    given: list[Any] = [scenarios] if alone else list(scenarios)
    if not given:
        msg = "a report needs at least one scenario, found none"
        raise InputError(msg)
    settings = Settings(engine, seed, replications)
    told = []
    for number, each in enumerate(given, start=1):
        told.append(gather(each, settings))
        if progress:
            progress(number, len(given))
    return Report(page(told, settings, note=note))
