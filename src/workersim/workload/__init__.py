"""Every random draw: from a scenario to the jobs that its fleet is asked to do."""

from __future__ import annotations

from workersim.workload.fates import Fates, plain_fates
from workersim.workload.fating import has_fates
from workersim.workload.jobs import Jobs
from workersim.workload.reach import ensure_range
from workersim.workload.realisation import chunks, expected_jobs, horizon_ns, is_random, realise
from workersim.workload.sampling import sample
from workersim.workload.streams import Purpose, Streams
from workersim.workload.trace_csv import read_trace_csv
from workersim.workload.trace_rows import TraceRows

__all__ = [
    "Fates",
    "Jobs",
    "Purpose",
    "Streams",
    "TraceRows",
    "chunks",
    "ensure_range",
    "expected_jobs",
    "has_fates",
    "horizon_ns",
    "is_random",
    "plain_fates",
    "read_trace_csv",
    "realise",
    "sample",
]
