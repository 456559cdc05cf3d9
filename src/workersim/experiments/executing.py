"""Tasks through an executor: threads, processes, a cluster; handed out as there is room, and taken as they end."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from workersim.errors import InputError, MissingExtraError
from workersim.experiments.threads import threads
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Pool", "cluster", "processes"]

Task = TypeVar("Task")
Done = TypeVar("Done")

AHEAD = 64  # tasks that wait for a worker or are with one: enough for any machine, few enough to hold
REBUILT = 5  # times in a row without a task that ended


def processes() -> Executor:
    """Return a pool of as many processes as there are processors, begun afresh rather than forked from threads."""
    import multiprocessing  # noqa: PLC0415 (only where processes are wanted)
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 (as above)

    return ProcessPoolExecutor(os.cpu_count() or 1, mp_context=multiprocessing.get_context("spawn"))


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """Give a client of a Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    InputError
        If nobody answers there.
    """
    try:
        from distributed import Client  # noqa: PLC0415 (an extra)
    except ImportError:
        msg = "a cluster needs Dask: pip install 'workersim[dask]'"
        raise MissingExtraError(msg) from None
    try:
        client: Any = Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]  # it has no types
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        msg = f"--cluster: no scheduler answers at {shown(address)}: {reason}"
        raise InputError(msg) from None
    try:
        yield client
    finally:
        client.close()


class Pool:
    """An executor, or what makes one.

    Parameters
    ----------
    executor
        None: threads, as many as there are processors.  A ``concurrent.futures`` executor is used and left as it is;
        a callable that returns one is asked again if that one breaks; a Dask ``Client`` is used through its executor.

    Raises
    ------
    InputError
        If it is none of these.
    """

    def __init__(self, executor: Any = None) -> None:
        if executor is not None and not (
            hasattr(executor, "submit") or hasattr(executor, "get_executor") or callable(executor)
        ):
            wanted = "one of concurrent.futures, a function that makes one, or a Dask Client"
            msg = f"executor: expected {wanted}, found {shown(executor)}"
            raise InputError(msg)
        self._given = executor

    def map(self, function: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[tuple[Task, Done]]:
        """Yield each task with what the function returns for it, in the order in which they end."""
        waiting, fruitless = iter(tasks), 0
        again: list[Task] = []
        while True:
            executor, ours = self._executor()
            running: dict[Future[Done], Task] = {}
            try:
                for task, done in self._through(executor, function, (again, waiting), running):
                    fruitless = 0
                    yield task, done
            except BrokenExecutor:
                fruitless += 1
                if not ours or self._given is None or fruitless > REBUILT:
                    raise
                again += running.values()
            else:
                return
            finally:
                for future in running:
                    future.cancel()
                if ours:
                    executor.shutdown(wait=False)

    def _through(
        self,
        executor: Executor,
        function: Callable[[Task], Done],
        tasks: tuple[list[Task], Iterator[Task]],
        running: dict[Future[Done], Task],
    ) -> Iterator[tuple[Task, Done]]:
        again, waiting = tasks
        while True:
            while len(running) < AHEAD:
                task = again.pop() if again else next(waiting, None)
                if task is None:
                    break
                try:
                    running[executor.submit(function, task)] = task
                except BrokenExecutor:
                    again.append(task)
                    raise
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done = future.result()  # before it is forgotten: if its worker broke, it is done again
                yield running.pop(future), done

    def _executor(self) -> tuple[Executor, bool]:
        """Return an executor, and whether it is ours to shut down."""
        if self._given is None:
            return threads(), True
        if not isinstance(self._given, type):  # a class of executors makes one, and has its methods too
            if hasattr(self._given, "get_executor"):
                return self._given.get_executor(pure=False), True
            if hasattr(self._given, "submit"):
                return self._given, False
        return self._given(), True
