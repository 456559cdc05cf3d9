"""A bar with the remaining time, on a terminal, for what takes longer than a second."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

__all__ = ["progress_bar"]

_PATIENCE_S = 1.0


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a ``progress(done, of)`` that draws on stderr; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(title)
    timer = threading.Timer(_PATIENCE_S, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.update
    finally:
        timer.cancel()
        bar.close()


class _Bar:
    """Drawn from the moment ``show`` is called; until then it only counts."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._lock = threading.Lock()
        self._drawn: Progress | None = None
        self._closed = False
        self._done, self._of = 0, 0

    def show(self) -> None:
        # rich takes 0.1 s to load; whoever waits longer than a second does not notice.
        from rich.console import Console  # noqa: PLC0415
        from rich.markup import escape  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        with self._lock:
            if self._closed:
                return
            columns = (
                TextColumn(escape(self._title[:30])),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("remaining"),
                TimeRemainingColumn(),
            )
            self._drawn = Progress(*columns, console=Console(stderr=True), transient=True)
            self._drawn.add_task("", completed=self._done, total=self._of or None)
            self._drawn.start()

    def update(self, done: int, of: int) -> None:
        with self._lock:
            self._done, self._of = done, of
            if self._drawn is not None:
                self._drawn.update(self._drawn.task_ids[0], completed=done, total=of)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._drawn is not None:
                self._drawn.stop()
