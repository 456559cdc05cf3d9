"""Ciw: one node, as its documentation writes M/M/c.

W2 is left out: a customer of Ciw holds a server of one node at a time, so a slot that is held through CPU, I/O
and CPU, before vCPUs that the slots share, cannot be said (its processor-sharing nodes have no slots behind them
that a customer keeps while it is elsewhere).
"""

from __future__ import annotations

import ciw  # type: ignore[import-not-found, import-untyped, unused-ignore]
import numpy as np

from .shape import Answer, Case, from_waits

__all__ = ["run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run M/M/c."""
    ((_, mean_s),) = case.phases
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=case.rate_per_s)],
        service_distributions=[ciw.dists.Exponential(rate=1 / mean_s)],
        number_of_servers=[case.replicas * case.slots],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(jobs, method="Complete")
    records = simulation.get_all_records()
    waits = np.array([record.waiting_time for record in records])
    return from_waits(waits, until_s=max(record.exit_date for record in records))
