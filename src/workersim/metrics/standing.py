"""What a fleet that never changes comes to, without curves: each would be one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.metrics.steps import area_of
from workersim.units import SECOND

if TYPE_CHECKING:
    from workersim.runlog import RunLog

__all__ = ["Standing", "standing"]


class Standing(NamedTuple):
    """The totals over all replicas from the start to the end, and the price of an hour."""

    replicas: int
    slots: int
    vcpus: float
    memory_bytes: int
    price: float
    least_price: float

    def blocks(self, start_ns: int, end_ns: int, finished: int) -> dict[str, Any]:
        """Return the blocks of ``figures`` that are about the fleet alone; ``start_ns`` ends the warm-up."""
        window_ns = end_ns - start_ns
        counts = self.replicas, self.memory_bytes
        replicas, memory = (float(n * window_ns) / window_ns if window_ns else None for n in counts)
        total = max(area_of(self.price, end_ns) / SECOND / 3600, self.least_price * end_ns / SECOND / 3600)
        return {
            "replicas": {"mean": replicas, "max": float(self.replicas)},
            "memory": {"reserved": self.memory_bytes, "mean": memory},
            "cost": {"total": total, "per_job": total / finished if finished else None},
        }

    def share(self, there: float, area: float, most: float, window_ns: int) -> dict[str, float | None]:
        """Return mean and maximum of what was in use of something that was there all the time."""
        up = area_of(there, window_ns)
        return {"mean": area / up if up else None, "max": most / there if there else None}


def standing(log: RunLog) -> Standing:
    """Return the totals of a log whose replicas are all alike, and ready from the start."""
    fleet, n = log.fleet, len(log.fleet)
    if not n:
        return Standing(0, 0, 0.0, 0, 0.0, log.least_price)
    return Standing(
        replicas=n,
        slots=n * int(fleet.slots[0]),
        vcpus=n * float(fleet.vcpus[0]) if fleet.slots[0] > 0 else 0.0,
        memory_bytes=n * int(fleet.memory_bytes[0]),
        price=n * float(fleet.price[0]),
        least_price=log.least_price,
    )
