"""The reference engine: SimPy, written to be read.

What the model means: ``clock`` (the order of things), ``cpu``, ``ledger`` (what is written down), ``broker`` (Redis),
``documents``, ``run`` (an attempt), ``container`` (processes), ``ideal`` and ``celery`` (who hands them messages),
``sweeps``, ``autoscale`` (of a worker's processes), ``replica``, ``fleet``, ``policies``, and ``engine``, which puts
them together.  ``plain`` says it once more for jobs and fleets that nothing happens to, and is almost three times as
fast.
"""

from workersim.engines.reference.engine import tell

__all__ = ["tell"]
