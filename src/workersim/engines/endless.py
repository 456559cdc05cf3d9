"""Runs that are to drain and never will: a document whose message comes back again and again."""

from __future__ import annotations

from workersim.errors import InputError

__all__ = ["MOST_DELIVERIES", "never_drains"]

MOST_DELIVERIES = 20_000  # of one document, retries apart; with so many it will come back for ever


def never_drains(job: int) -> InputError:
    """Return the error that says so, for a run without a horizon.

    Parameters
    ----------
    job
        The number of the document.
    """
    why = f"document {job} was delivered {MOST_DELIVERIES:,} times and would be for ever"
    return InputError(f"run.until: this run never drains ({why}); expected how long it lasts, such as '1 day'")
