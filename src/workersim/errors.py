"""What can go wrong because of what somebody asked for.

Every mistake of a user ends in one of these, with a message that can be shown as it stands;
anything else that is raised is a fault of workersim.
"""

from __future__ import annotations

__all__ = ["InputError", "LogError", "MissingExtraError", "WorkersimError"]


class WorkersimError(Exception):
    """Base of all errors that workersim raises on purpose."""


class InputError(WorkersimError):
    """A scenario, a file or an argument says something that cannot be honoured.

    Parameters
    ----------
    problems
        One line a problem, each naming where, what was found and what was expected.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LogError(WorkersimError):
    """A run log breaks an invariant, or is asked for something that it does not hold."""


class MissingExtraError(WorkersimError):
    """A function needs a package that is not installed; the message has the command."""
