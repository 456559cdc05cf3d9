"""The tables that are known by their columns, each as what says what in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.runlog import Outcome
from workersim.traces import airflow, django_results, flower
from workersim.traces.roles import ROLES
from workersim.traces.table import Layout

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["OUTCOMES", "layout_for"]

OUTCOMES = {
    **{outcome.name.lower(): outcome for outcome in Outcome},
    **dict.fromkeys(
        ("success", "succeeded", "succeed", "completed", "complete", "finished", "ok", "agent"), Outcome.DONE
    ),
    **dict.fromkeys(("failure", "fail", "error", "errored", "cancelled", "canceled"), Outcome.FAILED),
    **dict.fromkeys(("retry", "retrying"), Outcome.RETRIED),
    **dict.fromkeys(("revoked", "hang", "abandoned", "reneged"), Outcome.EXPIRED),
    **dict.fromkeys(("timeout", "timed out", "time_out"), Outcome.TIMED_OUT),
    **dict.fromkeys(("pending", "running", "started", "processing", "queued", "received"), Outcome.UNFINISHED),
}
# Columns of ``--jobs-out`` that are called otherwise here; it has times of waiting and service too, which follow.
OWN = {"job": "id", "reserved": "received"}
FOLLOWS = {"wait", "service", "response"}
_KNOWN = (
    (django_results.KNOWN_BY, django_results.layout),
    (airflow.KNOWN_BY, airflow.layout),
    (flower.KNOWN_BY, flower.layout),
)


def layout_for(columns: Collection[str], given: Mapping[str, str], container: str) -> Layout:
    """Return the layout of a table with these columns.

    Parameters
    ----------
    columns
        What its header has.
    given
        Roles and their columns, as the caller says; then nothing is recognised.
    container
        ``csv``, ``parquet`` or ``json``: the name of a format that has no other.
    """
    if given:
        return Layout(container, dict(given), OUTCOMES)
    for known_by, layout in _KNOWN:
        if set(columns) >= known_by:
            return layout(columns)
    roles = {role: role for role in ROLES if role in columns}
    if {"job", "attempt", "arrival", "outcome"} <= set(columns):
        roles = {role: each for role, each in roles.items() if role not in FOLLOWS}
        roles |= {role: column for column, role in OWN.items() if column in columns}
    return Layout(container, roles, OUTCOMES)
