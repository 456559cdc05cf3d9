"""How the commands are found, and how whatever goes wrong ends: in a line for people and an exit code."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import os
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from workersim.errors import InputError, WorkersimError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from workersim.scenario import Scenario

__all__ = ["Shell", "interruptible", "naming"]

_BAD_INPUT = 2
_INTERRUPTED = 130

Made = TypeVar("Made")


@contextlib.contextmanager
def naming(scenario: Scenario) -> Iterator[None]:
    """Say which file it is about if a scenario turns out to ask for something impossible while it runs."""
    try:
        yield
    except InputError as error:
        raise InputError(*(f"{scenario.source}: {problem}" for problem in error.problems)) from None


class Shell(click.Group):
    """Commands by the modules that hold them, each as ``command``; a module is loaded when it is needed."""

    def __init__(self, *args: Any, commands_in: Mapping[str, str], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._modules = commands_in

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of the help."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """Return a command, or None if there is none of that name."""
        if cmd_name not in self._modules:
            return None
        command: click.Command = importlib.import_module(self._modules[cmd_name]).command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line; show the help if there is nothing on it, which click would hand on as an error of one line."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(_BAD_INPUT)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; say which one was probably meant if there is none."""
        name = args[0]
        if name not in self._modules and not name.startswith("-"):
            from workersim.units import nearest, shown  # noqa: PLC0415  # only for a misspelt command

            hint = nearest(name, self._modules) or f"; there are {', '.join(self._modules)}"
            msg = f"no such command {shown(name)}{hint}"
            raise click.UsageError(msg, ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Run a command and exit."""
        atexit.register(gc.freeze)  # all goes with the process; to take Numba apart first would take 0.2 s
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without "—" is no reason to stop
        try:
            code = super().main(*args, **{**settings, "standalone_mode": False})
        except click.Abort:
            _leave_at_once()
        except click.UsageError as error:
            where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
            said = error.format_message().removesuffix(".")
            _refuse([said.replace("a valid integer range", "a whole number") + where])  # click's name of a type
        except click.ClickException as error:
            _refuse([error.format_message()])
        except InputError as error:
            _refuse(error.problems)
        except WorkersimError as error:
            _refuse([str(error)])
        except MemoryError:
            _refuse(["there is not enough memory for this"])
        except OSError as error:
            _refuse_what_the_system_said(error)
        sys.exit(code if isinstance(code, int) else 0)


def interruptible(work: Callable[[], Made]) -> Made:
    """Return what ``work`` returns, heeding Ctrl-C even while it is inside compiled code."""
    outcome: Future[Made] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  # it is raised where the result is waited for
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result()


def _refuse(problems: Iterable[str]) -> NoReturn:
    for problem in problems:
        click.echo("Error: " + "".join(map(_printable, problem)), err=True)
    sys.exit(_BAD_INPUT)


def _printable(character: str) -> str:
    # File names may hold anything, and a terminal obeys control characters.
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _refuse_what_the_system_said(error: OSError) -> NoReturn:
    if error.filename is None:
        # What could not be written is let go: Python would try once more at its end, and exit with 120.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _refuse([f"{error.filename or 'the output'}: {error.strerror or error}"])


def _leave_at_once() -> NoReturn:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    if threading.active_count() > 1:
        os._exit(_INTERRUPTED)  # an ordinary exit would wait for what compiled threads are at
    sys.exit(_INTERRUPTED)
