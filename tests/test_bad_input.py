"""Bad scenarios: one line a problem, with file, line, column, key, what was expected and what was found."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from workersim.errors import InputError
from workersim.scenario import (
    Burst,
    Claim,
    Empirical,
    Erlang,
    Every,
    Exponential,
    Fleet,
    Hyperexponential,
    JobClass,
    Lognormal,
    Mmpp,
    Phase,
    Poisson,
    Profile,
    Renewal,
    RunSettings,
    Scenario,
    Scipy,
    Trace,
    Triangular,
    Uniform,
    Workload,
    load,
    load_many,
    read,
)

from .scenario_data import scenarios

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = """\
name: x
fleet:
  replicas: 1
  concurrency: 4
workload:
  jobs: {document: {service: 20 min, wait_ratio: 0.75}}
  arrivals:
    - burst: {jobs: 10, at: 0 s}
    - poisson: {rate: 10/hour, until: 8 h}
      jobs: [document]
run: {until: drained}
claims:
  - {says: it waits, measure: wait.mean, among: waited, expect: 20 min, within: 10%}
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as refusal:
        read(text, source="x.yaml")
    lines = refusal.value.problems
    assert all(line.isprintable() and len(line) < 600 for line in lines)
    assert all(line.startswith("x.yaml") for line in lines)
    return lines


def refusal_of(make: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as refusal:
        make()
    return str(refusal.value)


def test_the_good_one_is_good() -> None:
    assert read(GOOD).name == "x"


CASES = [
    (
        "replicas: 1",
        "replicas: -1",
        "3:13: fleet.replicas: expected a whole number from 0 to 100000, found -1",
    ),
    (
        "replicas: 1",
        "replicas: 1.5",
        "3:13: fleet.replicas: expected a whole number from 0 to 100000, found 1.5",
    ),
    (
        "replicas: 1",
        "replicas: many",
        "3:13: fleet.replicas: expected a whole number from 0 to 100000, found 'many'",
    ),
    (
        "replicas: 1",
        "replicas: 1000000000000",
        "3:13: fleet.replicas: expected a whole number from 0 to 100000, found 1000000000000",
    ),
    (
        "replicas: 1",
        "replicas: yes",
        "3:13: fleet.replicas: expected a whole number from 0 to 100000, found 'yes'",
    ),
    (
        "replicas: 1",
        "replicas:",
        "3:12: fleet.replicas: expected a whole number from 0 to 100000, found nothing",
    ),
    (
        "replicas: 1",
        "replicas: [1]",
        "3:13: fleet.replicas: expected a whole number from 0 to 100000, found a list",
    ),
    ("replicas: 1", "replicsa: 1", "3:3: fleet: unknown key 'replicsa'; did you mean 'replicas'?"),
    ("  replicas: 1\n", "", "2:1: fleet: missing key 'replicas'"),
    ("replicas: 1", "replicas: 1\n  replicas: 2", "4:3: fleet: key 'replicas' a second time, first in line 3"),
    (
        "replicas: 1",
        "replicas: 1\n  dispatch: frist",
        "4:13: fleet.dispatch: unknown dispatch rule 'frist'; did you mean 'first'?",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: celry",
        "4:11: fleet.worker: unknown worker 'celry'; did you mean 'celery'?",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celry: {}}",
        "4:12: fleet.worker: unknown worker 'celry'; did you mean 'celery'?",
    ),
    ("replicas: 1", "replicas: 1\n  worker: 3", "4:11: fleet.worker: unknown worker 3; expected one of ideal, celery"),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celery: {acks: lat}}",
        "4:27: fleet.worker.celery.acks: unknown acknowledgement 'lat'; did you mean 'late'?",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celery: {prefetch: 1}}",
        "4:21: fleet.worker.celery: unknown key 'prefetch'; did you mean 'fetch'?",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celery: {poll: 0 s}}",
        "4:27: fleet.worker.celery.poll: expected a duration above 0 s, found '0 s'",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celery: {disable_prefetch: maybe}}",
        "4:39: fleet.worker.celery.disable_prefetch: expected true or false, found 'maybe'",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celery: {autoscale: {min: 9, max: 4}}}",
        "4:38: fleet.worker.celery.autoscale.min: expected at most max, which is 4, found 9",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: {celery: {autoscale: {max: 8}}}",
        (
            "4:38: fleet.worker.celery.autoscale.max: expected the concurrency, 4: the window and the "
            "memory are for that many, found 8"
        ),
    ),
    (
        "replicas: 1",
        "replicas: 1\n  worker: celery\n  dispatch: first",
        (
            "5:13: fleet.dispatch: expected no dispatch rule: among Celery's workers the oldest BRPOP is "
            "served, found first"
        ),
    ),
    ("replicas: 1", "replicas: 1\n  changes: [{at: 1 h}]", "4:3: fleet.changes[0]: missing key 'replicas'"),
    (
        "replicas: 1",
        "replicas: 1\n  changes: {at: 1 h, replicas: 2}",
        "4:12: fleet.changes: expected a list, found a mapping",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  stops: [{at: 1 h, replica: -1}]",
        "4:30: fleet.stops[0].replica: expected a whole number from 0 to 100000, found -1",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  deploys: [{at: 1 h, overlp: 3 s}]",
        "4:23: fleet.deploys[0]: unknown key 'overlp'; did you mean 'overlap'?",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  crashes: 3",
        (
            "4:12: fleet.crashes: expected a list such as [{at: 10 min, replica: 1}], or {mtbf: 24 h, mttr: "
            "5 min}, found 3"
        ),
    ),
    ("replicas: 1", "replicas: 1\n  crashes: [{at: 1 h}]", "4:3: fleet.crashes[0]: missing key 'replica'"),
    (
        "replicas: 1",
        "replicas: 1\n  crashes: [{at: 1 h, replica: 0, slot: bsy}]",
        "4:41: fleet.crashes[0].slot: expected the number of a process, or busy, found 'bsy'",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  crashes: [{at: 1 h, replica: 0, slot: 1, down_for: 1 h}]",
        "4:44: fleet.crashes[0]: expected a crash of a whole replica: a process is replaced at once",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  crashes: {mtbf: 0 s, mttr: 5 min}",
        "4:19: fleet.crashes.mtbf: expected a duration above 0 s, found '0 s'",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  restarts: -1",
        "4:13: fleet.restarts: expected a whole number from 0 to 1000000, found -1",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  drain: soon",
        "4:10: fleet.drain: expected a duration such as 20 min, 90 s or 1h30m, found 'soon'",
    ),
    (
        "service: 20 min, ",
        "fails: 2, service: 20 min, ",
        "6:28: workload.jobs.document.fails: expected a probability from 0 to 1, found 2",
    ),
    (
        "service: 20 min, ",
        "retries: {max: -1}, service: 20 min, ",
        "6:36: workload.jobs.document.retries.max: expected a whole number from 0 to 1000, found -1",
    ),
    (
        "service: 20 min, ",
        "retries: {bakoff: 2}, service: 20 min, ",
        "6:31: workload.jobs.document.retries: unknown key 'bakoff'; did you mean 'backoff'?",
    ),
    (
        "service: 20 min, ",
        "rate_limit: -3, service: 20 min, ",
        (
            "6:33: workload.jobs.document.rate_limit: expected a rate such as 10/hour, 1/5 min or 0.5/s, "
            "from 0 to 1e9/s, found -3"
        ),
    ),
    (
        "service: 20 min, ",
        "rate_limit: 1e-12, service: 20 min, ",
        "6:33: workload.jobs.document.rate_limit: expected at least 1 in 10 years, found 0.000000000001/s",
    ),
    (
        "service: 20 min, ",
        "time_limit: 0 s, service: 20 min, ",
        "6:33: workload.jobs.document.time_limit: expected a duration above 0 s, found '0 s'",
    ),
    (
        "service: 20 min, ",
        "memory: much, service: 20 min, ",
        "6:29: workload.jobs.document.memory: expected a size such as 4.4 GB or 512Mi, found 'much'",
    ),
    (
        "service: 20 min, ",
        "then: pages, service: 20 min, ",
        "6:27: workload.jobs.document.then[0].job: unknown job class 'pages'; expected document",
    ),
    (
        "service: 20 min, ",
        "then: {job: document}, service: 20 min, ",
        "6:27: workload.jobs.document.then: expected followers that end, found that 'document' follows itself",
    ),
    (
        "service: 20 min, ",
        "then: {count: 2}, service: 20 min, ",
        "6:21: workload.jobs.document.then: missing key 'job'",
    ),
    (
        "service: 20 min, ",
        "then: [{job: document, count: 0}], service: 20 min, ",
        "6:51: workload.jobs.document.then[0].count: expected a whole number from 1 to 1000, found 0",
    ),
    (
        "service: 20 min, ",
        "countdown: -1, service: 20 min, ",
        (
            "6:32: workload.jobs.document.countdown: expected a duration such as 20 min, 90 s or 1h30m, "
            "from 0 to 100 years, found -1"
        ),
    ),
    (
        "service: 20 min, ",
        "rate_limit: 10/min, service: 20 min, ",
        (
            "6:21: workload.jobs.document.rate_limit: expected Celery's workers, which keep the rate of a "
            "class each for itself, found ideal ones"
        ),
    ),
    ("name: x", "name: x\nbroker: {outages: [{at: 1 h}]}", "2:10: broker.outages[0]: missing key 'lasts'"),
    ("name: x", "name: x\nbroker: {outage: []}", "2:10: broker: unknown key 'outage'; did you mean 'outages'?"),
    (
        "replicas: 1",
        "replicas: 1\n  vcpus: .inf",
        "4:10: fleet.vcpus: expected a number from 0.001 to 100000, found '.inf'",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  process_memory: {a: 3 gb, '': 1}",
        (
            "4:23: fleet.process_memory.a: unknown unit 'gb'; did you mean 'GB'? "
            "expected a size such as 4.4 GB or 512Mi, found '3 gb'"
        ),
    ),
    (
        "replicas: 1",
        "replicas: 1\n  process_memory: {}",
        "4:19: fleet.process_memory: expected a size, or sizes by name, found an empty mapping",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  process_memory: 1 GB\n  memory_limit: 3 GB",
        "5:17: fleet.memory_limit: expected at least the 4 GB that a container takes at rest, found 3 GB",
    ),
    (
        "replicas: 1\n  concurrency: 4",
        "replicas: 100000\n  concurrency: 10000",
        "3:13: fleet.replicas: expected at most 10000000 processes in the fleet, found 100000 x 10000",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  queues: [a, b, a]",
        "4:18: fleet.queues[2]: expected each name once, found 'a' again",
    ),
    (
        "replicas: 1",
        "replicas: 1\n  queues: []",
        "4:11: fleet.queues: expected a list of names, found an empty list",
    ),
    (
        "20 min, wait",
        "20 parsecs, wait",
        (
            "6:30: workload.jobs.document.service: unknown unit 'parsecs'; "
            "expected a duration such as 20 min, 90 s or 1h30m, found '20 parsecs'"
        ),
    ),
    (
        "20 min, wait",
        "-3 s, wait",
        (
            "6:30: workload.jobs.document.service: "
            "expected a duration such as 20 min, 90 s or 1h30m, from 0 to 100 years, found '-3 s'"
        ),
    ),
    (
        "20 min, wait",
        ".nan, wait",
        "6:30: workload.jobs.document.service: expected a duration such as 20 min, 90 s or 1h30m, found '.nan'",
    ),
    (
        "20 min, wait",
        "10:30, wait",
        "6:30: workload.jobs.document.service: expected a duration such as 20 min, 90 s or 1h30m, found '10:30'",
    ),
    (
        "20 min, wait",
        "{exponetial: {mean: 3 s}}, wait",
        "6:31: workload.jobs.document.service: unknown distribution 'exponetial'; did you mean 'exponential'?",
    ),
    (
        "20 min, wait",
        "{exponential: {maen: 3 s}}, wait",
        "6:45: workload.jobs.document.service.exponential: unknown key 'maen'; did you mean 'mean'?",
    ),
    (
        "20 min, wait",
        "{exponential: {mean: 0 s}}, wait",
        "6:51: workload.jobs.document.service.exponential.mean: expected a duration or number above 0, found '0 s'",
    ),
    (
        "20 min, wait",
        "{exponential: 3 s}, wait",
        "6:44: workload.jobs.document.service.exponential: expected a mapping with mean, found '3 s'",
    ),
    (
        "20 min, wait",
        "{exponential: {mean: 3}, gamma: {mean: 3, cv: 1}}, wait",
        (
            "6:30: workload.jobs.document.service: "
            "expected a distribution such as {exponential: {mean: 3 s}}, found a mapping with 2 keys"
        ),
    ),
    (
        "20 min, wait",
        "{erlang: {mean: 3, cv: 0.6}}, wait",
        (
            "6:53: workload.jobs.document.service.erlang.cv: "
            "expected 1/sqrt(k) for a whole number k, found 0.6; nearest is 0.5774 (k = 3)"
        ),
    ),
    (
        "20 min, wait",
        "{scipy: {name: gama, a: 1}}, wait",
        (
            "6:45: workload.jobs.document.service.scipy.name: "
            "unknown scipy.stats distribution 'gama'; did you mean 'gamma'?"
        ),
    ),
    (
        "wait_ratio: 0.75",
        "wait_ratio: -1",
        "6:50: workload.jobs.document.wait_ratio: expected a number from 0 to 1e+09, found -1",
    ),
    (
        "wait_ratio: 0.75",
        "wait_ratio: .inf",
        "6:50: workload.jobs.document.wait_ratio: expected a number from 0 to 1e+09, found '.inf'",
    ),
    (
        "wait_ratio: 0.75",
        "wait_ratio: {uniform: {min: 0, max: 2 s}}",
        "6:74: workload.jobs.document.wait_ratio.uniform.max: expected a plain number, as this is a ratio, found 2 s",
    ),
    (
        "wait_ratio: 0.75",
        "wait_ratio: {empirical: {values: [1, 2 s]}}",
        (
            "6:71: workload.jobs.document.wait_ratio.empirical.values: "
            "expected plain numbers, as this is a ratio, found durations"
        ),
    ),
    (
        "wait_ratio: 0.75",
        "phases: [{cpu: 1 s}]",
        "6:38: workload.jobs.document: expected either service or phases, found both",
    ),
    (
        "service: 20 min, wait",
        "wait",
        "6:21: workload.jobs.document: expected service beside wait_ratio, found none",
    ),
    (
        "service: 20 min, wait_ratio: 0.75",
        "phases: []",
        "6:29: workload.jobs.document.phases: expected at least one phase, found an empty list",
    ),
    (
        "service: 20 min, wait_ratio: 0.75",
        "phases: [{cpux: 1}]",
        "6:31: workload.jobs.document.phases[0]: unknown kind of phase 'cpux'; did you mean 'cpu'?",
    ),
    (
        "service: 20 min, wait_ratio: 0.75",
        "phases: [{io: {exponential: {mean: x}}}]",
        (
            "6:56: workload.jobs.document.phases[0].io.exponential.mean: "
            "expected a duration such as 20 min, 90 s or 1h30m, found 'x'"
        ),
    ),
    (
        "service: 20 min, wait_ratio: 0.75",
        "phases: [{io: 1, cpu: 1}]",
        "6:30: workload.jobs.document.phases[0]: expected one phase such as {cpu: 30 s}, found a mapping",
    ),
    (
        "service: 20 min, wait_ratio: 0.75",
        "phases: {io: 1}",
        "6:29: workload.jobs.document.phases: expected a list, found a mapping",
    ),
    (
        "jobs: 10, at",
        "jobs: -1, at",
        "8:21: workload.arrivals[0].burst.jobs: expected a whole number from 0 to 1000000000, found -1",
    ),
    (
        "jobs: 10, at",
        "jobs: ten, at",
        "8:21: workload.arrivals[0].burst.jobs: expected a whole number from 0 to 1000000000, found 'ten'",
    ),
    (
        "jobs: 10, at",
        "jobs: 10, classes: [document], at",
        "8:25: workload.arrivals[0].burst: unknown key 'classes'; expected one of jobs, at",
    ),
    (
        "- poisson",
        "- poison",
        "9:7: workload.arrivals[1]: unknown kind of arrivals 'poison'; did you mean 'poisson'?",
    ),
    (
        "rate: 10/hour",
        "rate: 10/fortnight",
        (
            "9:23: workload.arrivals[1].poisson.rate: unknown unit 'fortnight'; "
            "expected a rate such as 10/hour, 1/5 min or 0.5/s, found '10/fortnight'"
        ),
    ),
    (
        "rate: 10/hour",
        "rate: 10/hour, from_: 1 h",
        "9:32: workload.arrivals[1].poisson: unknown key 'from_'; did you mean 'from'?",
    ),
    (
        "rate: 10/hour",
        "rate: 10/hour, from: 8 h",
        "9:50: workload.arrivals[1].poisson.until: expected an instant after from, which is 8 h, found 8 h",
    ),
    (
        "rate: 10/hour",
        "rate: 10/hour, jobs: [document]",
        "10:7: workload.arrivals[1]: expected jobs here or in the stream, found both",
    ),
    (
        "jobs: [document]",
        "jobs: [documnt]",
        "10:14: workload.arrivals[1].jobs[0]: unknown job class 'documnt'; did you mean 'document'?",
    ),
    (
        "jobs: [document]",
        "jobs: document",
        "10:13: workload.arrivals[1].jobs: expected a list of names, found 'document'",
    ),
    (
        "jobs: [document]",
        "jobs: [document, document, 3, '']",
        "10:24: workload.arrivals[1].jobs[1]: expected each name once, found 'document' again",
    ),
    (
        "jobs: [document]",
        "burst: {jobs: 1}",
        (
            "9:7: workload.arrivals[1]: "
            "expected one stream such as {poisson: {rate: 10/hour}}, found a mapping with 2 others than jobs"
        ),
    ),
    (
        "- poisson: {rate: 10/hour, until: 8 h}\n      jobs: [document]",
        "- poisson",
        "9:7: workload.arrivals[1]: expected one stream such as {poisson: {rate: 10/hour}}, found 'poisson'",
    ),
    (
        "- poisson: {rate: 10/hour, until: 8 h}",
        "- trace: {file: x.csv}",
        "9:14: workload.arrivals[1].trace: expected text, found a mapping",
    ),
    (
        "- poisson: {rate: 10/hour, until: 8 h}",
        "- renewal: {interval: 5 min}",
        (
            "9:27: workload.arrivals[1].renewal.interval: "
            "expected a distribution such as {exponential: {mean: 3 s}}, found '5 min'"
        ),
    ),
    (
        "poisson: {rate: 10/hour, until: 8 h}",
        "every: {interval: 0 s, until: 8 h}",
        "9:25: workload.arrivals[1].every.interval: expected a time above 0 s, found one that is always 0",
    ),
    (
        "poisson: {rate: 10/hour, until: 8 h}",
        "profile: {rates: [[0, 1], [5 h, x], 3, [1 h]], until: 8 h}",
        "9:39: workload.arrivals[1].profile.rates[1][1]: expected a rate such as 10/hour, 1/5 min or 0.5/s, found 'x'",
    ),
    (
        ", until: 8 h}",
        "}",
        (
            "9:16: workload.arrivals[1].poisson: expected an end (until: 8 h), or a horizon for the run; "
            "with drained this would never end, found neither"
        ),
    ),
    (
        "until: drained",
        "until: yesterday",
        "11:14: run.until: expected drained, or a duration such as 20 min, 90 s or 1h30m, found 'yesterday'",
    ),
    (
        "until: drained",
        "until: -5 s",
        (
            "11:14: run.until: "
            "expected drained, or a duration such as 20 min, 90 s or 1h30m, from 0 to 100 years, found '-5 s'"
        ),
    ),
    ("until: drained", "until: 0", "11:14: run.until: expected drained, or a duration above 0 s, found 0"),
    (
        "until: drained",
        "until: 1 h, warm_up: 60 min",
        "11:28: run.warm_up: expected less than until, which is 1 h, found 1 h",
    ),
    ("until: drained", "untli: 1 h", "11:7: run: unknown key 'untli'; did you mean 'until'?"),
    (
        "until: drained",
        "seed: 9223372036854775808",
        "11:13: run.seed: expected a whole number from 0 to 9223372036854775807, found 9223372036854775808",
    ),
    ("wait.mean", "wait.men", "13:31: claims[0].measure: unknown measure 'wait.men'; did you mean 'wait.mean'?"),
    (
        "expect: 20 min",
        "expect: 20 GB",
        "13:65: claims[0].expect: unknown unit 'GB'; expected a duration such as 20 min, 90 s or 1h30m, found '20 GB'",
    ),
    (
        "expect: 20 min",
        "at_most: 1 h",
        "13:71: claims[0]: expected `expect` beside within, found none",
    ),
    (
        "expect: 20 min",
        "expect: 20 min, at_most: 3",
        "13:5: claims[0]: expected exactly one of expect, at_least and at_most, found expect and at_most",
    ),
    (
        "expect: 20 min, within: 10%",
        "",
        "13:5: claims[0]: expected exactly one of expect, at_least and at_most, found none",
    ),
    (
        "expect: 20 min",
        "expect: 20 min, at: 0 s",
        "13:77: claims[0].at: expected no instant, as wait.mean is no curve, found 0 s",
    ),
    (
        "among: waited",
        "among: wated",
        "13:49: claims[0].among: unknown jobs 'wated'; did you mean 'waited'?",
    ),
    (
        "wait.mean",
        "service.mean",
        "13:52: claims[0].among: expected 'waited' with a wait only, found service.mean",
    ),
    (
        "wait.mean, among: waited, expect: 20 min",
        "fleet.replcas, expect: 1",
        "13:31: claims[0].measure: fleet: unknown key 'replcas'; did you mean 'replicas'?",
    ),
    (
        "wait.mean, among: waited, expect: 20 min",
        "fleet.dispatch, expect: 1",
        "13:31: claims[0].measure: fleet.dispatch: expected a place with a number, found 'longest_idle'",
    ),
    (
        "wait.mean, among: waited, expect: 20 min",
        "fleet.startup, expect: 1 GB",
        "13:54: claims[0].expect: expected a duration, as fleet.startup is one, found 1 GB",
    ),
    (
        "wait.mean, among: waited, expect: 20 min",
        "queue_length, expect: 1",
        (
            "13:31: claims[0].measure: expected an instant `at` for the curve queue_length, "
            "or queue_length.mean or queue_length.max, found none"
        ),
    ),
    (
        "wait.mean, among: waited, expect: 20 min",
        "busy, expect: 1",
        "13:31: claims[0].measure: expected an instant `at` for the curve busy, found none",
    ),
    (
        "wait.mean, among: waited, expect: 20 min",
        "cpu.mean, among: document, expect: 1",
        (
            "13:48: claims[0].among: "
            "expected jobs of a class with a wait, a service, a response or a count of jobs only, found cpu.mean"
        ),
    ),
    (
        "expect: 20 min",
        "expect: -1",
        "13:65: claims[0].expect: expected a duration such as 20 min, 90 s or 1h30m, from 0 to 100 years, found -1",
    ),
    ("name: x", "name: ''", "1:7: name: expected printable text of 1 to 1000 characters, found ''"),
    ("name: x", "name: {a: b}", "1:7: name: expected text, found a mapping"),
    ("name: x", "name: x\nname: y", "2:1: key 'name' a second time, first in line 1"),
    (
        "document: {service",
        "waited: {service",
        "6:18: workload.jobs.waited: expected another name: claims call other jobs 'waited'",
    ),
    (
        "document: {service",
        "'': {service",
        "6:10: workload.jobs: expected a name of 1 to 100 printable characters, found ''",
    ),
    (
        "{service: 20 min, wait_ratio: 0.75}",
        "{queue: slow}",
        (
            "8:14: workload.arrivals[0].burst: expected a class with service or phases in workload.jobs to draw from, "
            "found none"
        ),
    ),
    (
        "{service: 20 min, wait_ratio: 0.75}",
        "{queue: slow}",
        "10:14: workload.arrivals[1].jobs[0]: expected a class with service or phases, found 'document' without",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), CASES)
def test_a_mistake_is_told_with_its_place(old: str, new: str, line: str) -> None:
    assert old in GOOD
    assert f"x.yaml:{line}" in problems(GOOD.replace(old, new, 1))


def test_a_mistake_is_told_once() -> None:
    # in these, something else is wrong as well
    told_with_another = ("'': ", "waited: {", "{queue: slow}", "[5 h, x]", "document, 3")
    for old, new, line in CASES:
        if not any(part in new for part in told_with_another):
            assert problems(GOOD.replace(old, new, 1)) == (f"x.yaml:{line}",)


def test_either_a_fleet_or_services() -> None:
    assert problems("workload: {arrivals: []}\nrun: {until: 1 h}\n") == (
        "x.yaml:1:1: expected either fleet or services, found neither",
    )
    both = "fleet: {replicas: 1, concurrency: 1}\nservices: {a: {replicas: 1, concurrency: 1}}\n"
    assert problems(both + "workload: {arrivals: []}\nrun: {until: 1 h}\n") == (
        "x.yaml:1:1: fleet: expected either fleet or services, found both",
    )


def test_a_distribution_may_reach_below_0_where_nothing_is_drawn() -> None:
    text = GOOD.replace("service: 20 min", "service: {scipy: {name: norm, loc: 60, scale: 10 s}}")
    assert read(text).workload.jobs["document"].service == Scipy("norm", loc=60, scale="10 s")
    assert problems(text.replace("10 s", "60 s")) == (
        (
            "x.yaml:6:38: workload.jobs.document.service.scipy: "
            "expected a distribution of values from 0 on, found scipy.stats.norm below 0 with probability 0.16"
        ),
    )


def test_all_mistakes_of_a_file_are_told_in_their_order() -> None:
    text = """\
claims: [{says: x, measure: wait.mean, at_most: soon}]
fleet: {replicas: -1, concurency: 4, vcpus: nan, queues: [a, a], startup: {uniform: {min: 5, max: 3}}}
workload:
  jobs: {a: {service: 3 bananas}, b: {weight: 0, service: {gamma: {mean: 1, cv: x}}}, b: {}}
  arrivals: [{burst: {jobs: x}}, {pareto: {}}, {trace: t.csv, jobs: []}]
run: {seed: -1}
name: "\\x1b[31m"
"""
    assert problems(text) == (
        "x.yaml:1:49: claims[0].at_most: expected a duration such as 20 min, 90 s or 1h30m, found 'soon'",
        "x.yaml:2:19: fleet.replicas: expected a whole number from 0 to 100000, found -1",
        "x.yaml:2:23: fleet: unknown key 'concurency'; did you mean 'concurrency'?",
        "x.yaml:2:45: fleet.vcpus: expected a number from 0.001 to 100000, found 'nan'",
        "x.yaml:2:62: fleet.queues[1]: expected each name once, found 'a' again",
        "x.yaml:2:99: fleet.startup.uniform.max: expected at least min, which is 5.0, found 3.0",
        (
            "x.yaml:4:23: workload.jobs.a.service: unknown unit 'bananas'; "
            "expected a duration such as 20 min, 90 s or 1h30m, found '3 bananas'"
        ),
        "x.yaml:4:47: workload.jobs.b.weight: expected a number above 0, up to 1e+09, found 0",
        "x.yaml:4:81: workload.jobs.b.service.gamma.cv: expected a number from 0.001 to 100, found 'x'",
        "x.yaml:4:87: workload.jobs: key 'b' a second time, first in line 4",
        "x.yaml:5:29: workload.arrivals[0].burst.jobs: expected a whole number from 0 to 1000000000, found 'x'",
        (
            "x.yaml:5:35: workload.arrivals[1]: unknown kind of arrivals 'pareto'; "
            "expected one of burst, every, poisson, renewal, profile, mmpp, trace"
        ),
        "x.yaml:5:69: workload.arrivals[2].jobs: expected a list of names, found an empty list",
        "x.yaml:6:13: run.seed: expected a whole number from 0 to 9223372036854775807, found -1",
        "x.yaml:7:7: name: expected printable text of 1 to 1000 characters, found '\\x1b[31m'",
    )


def test_an_idle_fleet_needs_a_horizon() -> None:
    idle = "fleet: {replicas: 1, concurrency: 4}\nworkload: {arrivals: []}\nrun: {until: drained}\n"
    line = "expected a horizon such as 8 h, as there are no arrivals to drain, found drained"
    assert problems(idle) == (f"x.yaml:3:14: run.until: {line}",)
    assert problems(idle[: idle.index("run")]) == (f"x.yaml:1:1: run.until: {line}",)
    assert read(idle.replace("drained", "1 h")).workload.arrivals == ()


def test_an_endless_stream_with_a_horizon_runs() -> None:
    text = GOOD.replace(", until: 8 h", "").replace("drained", "8 h")
    assert read(text).workload.arrivals[1].endless


def test_a_claim_beyond_the_run() -> None:
    text = GOOD.replace("drained", "8 h").replace(
        "measure: wait.mean, among: waited, expect: 20 min, within: 10%", "measure: cpu, at: 9 h, expect: 5%"
    )
    assert problems(text) == (
        "x.yaml:13:40: claims[0].at: expected an instant of the run, which ends at 8 h, found 9 h",
    )


def test_a_trace_may_bring_classes_that_claims_speak_of() -> None:
    text = GOOD.replace("- burst: {jobs: 10, at: 0 s}", "- trace: t.csv").replace("among: waited", "among: letter")
    assert read(text).claims[0].among == "letter"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Fleet(replicas=-1, concurrency=True),
            (
                "fleet.replicas: expected a whole number from 0 to 100000, found -1\n"
                "fleet.concurrency: expected a whole number from 1 to 10000, found True"
            ),
        ),
        (
            lambda: Fleet(replicas=1, concurrency=1, replicsa=2),  # type: ignore[call-arg]  # the mistake is meant
            "fleet: unknown key 'replicsa'; did you mean 'replicas'?",
        ),
        (
            lambda: Scenario(fleet={"replicas": "-1", "concurrency": 1}, workload=Workload()),
            "fleet.replicas: expected a whole number from 0 to 100000, found -1",
        ),
        (
            lambda: Scenario(fleet=3, workload=[]),
            (
                f"fleet: expected a mapping with {', '.join(Fleet.model_fields)}, found 3\n"
                "workload: expected a mapping with jobs, arrivals, found an empty list"
            ),
        ),
        (lambda: RunSettings(until=3, warm_up=3), "run.warm_up: expected less than until, which is 3 s, found 3 s"),
        (
            lambda: Poisson(rate=True),
            "poisson.rate: expected a rate such as 10/hour, 1/5 min or 0.5/s, found True",
        ),
        (lambda: Every(interval=0), "every.interval: expected a time above 0 s, found one that is always 0"),
        (lambda: Burst(jobs=1, classes=["a", "a"]), "burst.classes[1]: expected each name once, found 'a' again"),
        (lambda: Trace(""), "trace.file: expected printable text of 1 to 1000 characters, found ''"),
        (
            lambda: JobClass(service=float("nan")),
            "job.service: expected a duration such as 20 min, 90 s or 1h30m, found nan",
        ),
        (
            lambda: JobClass(service=-1),
            "job.service: expected a duration such as 20 min, 90 s or 1h30m, from 0 to 100 years, found -1",
        ),
        (
            lambda: JobClass(wait_ratio=1, phases=[]),
            (
                "job: expected service beside wait_ratio, found none\n"
                "job.phases: expected at least one phase, found an empty list"
            ),
        ),
        (lambda: JobClass(weight=0), "job.weight: expected a number above 0, up to 1e+09, found 0"),
        (
            lambda: Phase(kind="gpu", demand=1),
            "phase.kind: unknown kind of phase 'gpu'; did you mean 'cpu'?",
        ),
        (
            lambda: Exponential(mean=10**10),
            "exponential.mean: expected a duration such as 20 min, 90 s or 1h30m, from 0 to 100 years, found",
        ),
        (lambda: Uniform(min="5 s", max=3), "uniform.max: expected at least min, which is 5 s, found 3.0"),
        (
            lambda: Triangular(min=1, mode=3, max=2),
            "triangular.max: expected at least mode, which is 3.0, found 2.0",
        ),
        (lambda: Lognormal(mean=1, cv=0), "lognormal.cv: expected a number from 0.001 to 100, found 0"),
        (lambda: Hyperexponential(mean=1, cv=0.9), "hyperexponential.cv: expected a number from 1 to 100, found 0.9"),
        (
            lambda: Erlang(mean=1),  # type: ignore[call-arg]  # the mistake is meant
            "erlang: missing key 'cv'",
        ),
        (Empirical, "empirical: expected either values or file, found neither"),
        (lambda: Empirical(values=[1], file="x"), "empirical: expected either values or file, found both"),
        (lambda: Empirical(values=[]), "empirical.values: expected at least one value, found an empty list"),
        (lambda: Empirical(values="1"), "empirical.values: expected a list of durations or numbers, found 1"),
        (lambda: Scipy("gamma"), "scipy: missing key 'a'"),
        (lambda: Scipy("gamma", a=1, q=2), "scipy: unknown parameter of gamma 'q'; expected one of a, loc, scale"),
        (lambda: Scipy("gamma", a="x"), "scipy.a: expected a duration such as 20 min, 90 s or 1h30m, found 'x'"),
        (lambda: Scipy("gamma", a=-1), "scipy: expected parameters that scipy.stats.gamma takes, found others"),
        (
            lambda: Scipy("norm"),
            "scipy: expected a distribution of values from 0 on, found scipy.stats.norm below 0 with probability 0.5",
        ),
        (
            lambda: Scipy("norm", loc=60, scale=10.01),  # 5.99 deviations above 0
            "scipy: expected a distribution of values from 0 on, found scipy.stats.norm below 0 with probability 1e-09",
        ),
        (
            lambda: Scipy("uniform", loc=-1),
            "scipy: expected a distribution of values from 0 on, found scipy.stats.uniform below 0 with probability 1",
        ),
        (lambda: Scipy("poisson", mu=1), "scipy.name: unknown scipy.stats distribution 'poisson'"),
        (
            lambda: Renewal(interval=Uniform(min=0, max=0)),
            "renewal.interval: expected a time above 0 s, found one that is always 0",
        ),
        (
            lambda: Renewal(interval={"deterministic": {"mean": 0}}),
            "renewal.interval: expected a time above 0 s, found one that is always 0",
        ),
        (
            lambda: Mmpp(rates=[1], holding=[1, 0]),
            (
                "mmpp.holding: expected 1 holding times, one for each rate, found 2\n"
                "mmpp.holding[1]: expected a time above 0 s, found one that is always 0"
            ),
        ),
        (lambda: Mmpp(rates=[], holding=[]), "mmpp.rates: expected a rate for each state, found an empty list"),
        (
            lambda: Profile(rates=[[1, 1], [1, 2], [5, 1]], period=5),
            (
                "profile.rates[0]: expected the first rate at 0 s, found 1 s\n"
                "profile.rates[1]: expected a time after 1 s, found 1 s\n"
                "profile.rates[2]: expected a time before the period's end, 5 s, found 5 s"
            ),
        ),
        (
            lambda: Profile(rates=[]),
            "profile.rates: expected a list of pairs such as [[0 h, 2/hour], [8 h, 10/hour]], found an empty list",
        ),
        (
            lambda: Claim(says=3, measure="wait.every", at_most=1, within="x"),
            (
                "claim.says: expected text, found 3\n"
                "claim.within: expected a duration such as 20 min, 90 s or 1h30m, found 'x'"
            ),
        ),
        (
            lambda: Claim(says="x", measure="jobs.lost", at_most=-1),
            "claim.at_most: expected a value from 0 on, found -1",
        ),
        (
            lambda: Workload(arrivals=[Trace("t.csv", classes=["a"])]),
            "workload.arrivals[0].jobs[0]: unknown job class 'a'; expected none",
        ),
        (
            lambda: Workload(jobs={3: JobClass(service=1)}),
            "workload.jobs: expected a name of 1 to 100 printable characters, found 3",
        ),
        (lambda: Workload(arrivals=[3] * 1001), "workload.arrivals: expected at most 1000 entries, found 1001"),
        (
            lambda: Fleet(replicas=1, concurrency=1, process_memory={3: "x"}),
            "fleet.process_memory: expected a name of 1 to 100 printable characters, found 3",
        ),
    ],
)
def test_python_is_refused_in_the_same_words(make: Callable[[], Any], message: str) -> None:
    assert refusal_of(make).startswith(message)


HOSTILE = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "indents": "\n".join(" " * depth + "a:" for depth in range(1400)),
    "question marks": "? " * 100_000,
    "self-expanding": "a: &a [x, x]\n" + "\n".join(f"{n}: &a [*a, *a, *a]" for n in range(30)),
    "alias": "a: *a",
    "anchor": "fleet: &fleet {}",
    "tag": "a: !!python/object/apply:os.system [ls]",
    "short tag": "name: ! x",
    "many keys": "\n".join(f"k{n}: 1" for n in range(40_000)),
    "many values": "[" + "1," * 400_000,
    "many strangers": "fleet: {" + ", ".join(f"replica{n}: 1" for n in range(20_000)) + "}",
    "many bad streams": "workload: {arrivals: [" + "3, " * 45_000 + "]}",
    "strangers in streams": "workload: {arrivals: [" + ("{burst: {" + "a: 1, b: 1, c: 1, " * 9 + "}}, ") * 800 + "]}",
    "strangers of SciPy": "fleet: {startup: {scipy: {name: gamma, " + "".join(f"{n}: 1, " for n in range(9999)) + "}}}",
    "many bad samples": "fleet: {startup: {empirical: {values: [" + "x, " * 45_000 + "]}}}",
    "long text": "name: " + "x" * 900_000,
    "long number": "fleet: {replicas: " + "9" * 9_999 + ", concurrency: 1e999999999}",
    "one key again": "a: 1\n" * 45_000,
    "spaces": " " * 1_000_000,
    "colons": ":" * 1_000_000,
    "newlines": "\n" * 1_000_000,
    "two documents": "name: x\n---\nname: y",
    "empty": "",
    "comment": "# nothing",
    "null": "~",
    "scalar": "scenario",
    "list": "- 1",
    "null key": "~: 1",
    "complex key": "[a]: 1",
    "tab": "fleet:\n\treplicas: 1",
    "unfinished": "name: [x\n",
    "quote": '"' + "x\n" * 1000,
    "NUL": "name: \0",
    "key of NUL": "? \0\n",
    "escape": "name: \x1b[31m",
    "surrogate": "name: \ud800",
    "merge": "<<: {name: x}",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    start = time.process_time()
    assert 1 <= len(problems(text)) <= 101
    assert time.process_time() - start < 4  # generous: a tenth of it is usual


@pytest.mark.parametrize(
    "name", ["brackets", "braces", "dashes", "self-expanding", "question marks", "tag", "unfinished"]
)
def test_the_parser_without_c_refuses_them_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert read(GOOD).name == "x"
    assert len(problems(HOSTILE[name])) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a: &a 1",
            "x.yaml:1:4: a: expected no anchors (&) or aliases (*), as each value stands where it is used, found '&a'",
        ),
        (
            "a: [*b]",
            (
                "x.yaml:1:5: a[0]: expected no anchors (&) or aliases (*), "
                "as each value stands where it is used, found '*b'"
            ),
        ),
        ("a: !b 1", "x.yaml:1:4: a: expected no tags, found '!b'"),
        ("a: {!b c: 1}", "x.yaml:1:5: a: expected no tags, found '!b'"),
        ("!b 1", "x.yaml:1:1: expected no tags, found '!b'"),
        ("- " * 100, "x.yaml:1:129: expected at most 64 levels of nesting"),
        ("a: 1\n--- \nb: 1", "x.yaml:2:1: expected one document, found a second"),
        ("a:\n  b: \x07", "x.yaml:2:6: expected text, found the character '\\x07'"),
        ("", "x.yaml:1:1: expected a scenario, found nothing"),
        (
            "- 1",
            "x.yaml:1:1: expected a mapping with name, fleet, services, broker, workload, run, claims, found a list",
        ),
        ("x" * 2_000_000, "x.yaml: expected at most 1048576 bytes, found more"),
    ],
)
def test_what_is_no_scenario_at_all(text: str, line: str) -> None:
    assert problems(text) == (line,)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(scenarios(), st.data())
def test_a_damaged_scenario_is_read_or_refused(data: dict[str, Any], more: st.DataObject) -> None:
    text = Scenario(**data).to_yaml()
    at = more.draw(st.integers(0, len(text)))
    junk = more.draw(
        st.text(max_size=3) | st.sampled_from(["-", ": ", "{", "}", "\n", "\n- ", "'", "nan", "1e999", "x: "])
    )
    damaged = text[:at] + junk + text[at + more.draw(st.integers(0, 5)) :]
    try:
        read(damaged)
    except InputError as error:
        lines = error.problems
    else:
        lines = ("",)
    assert lines


@settings(deadline=None)
@given(st.text())
@example("name: !!binary x")
def test_any_text_is_read_or_refused(text: str) -> None:
    problems(text)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = st.text() | st.integers() | st.none()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_any_value_in_any_place_is_refused_in_words(value: Any) -> None:
    for make in (
        lambda: Scenario(name=value, fleet=value, workload=value, run=value, claims=value),
        lambda: Workload(jobs={"a": value, "b": {"service": value, "phases": value, "wait_ratio": value}}),
        lambda: Workload(arrivals=[value, {"burst": value, "jobs": value}, {"profile": value}, {"trace": value}]),
        lambda: Claim(says=value, measure=value, among=value, expect=value, within=value, at=value),
    ):
        with pytest.raises(InputError):
            make()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "4-overload.yaml").write_text(GOOD)
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "latin.yaml").write_bytes(b"name: x\nfleet: \xff")
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "utf16.yaml").write_bytes("name: x".encode("utf-16"))
    (tmp_path / "large.yaml").write_bytes(b"#" * 2**21)
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    told = {
        "4-overlod.yaml": "expected a scenario file, found none of that name; did you mean '4-overload.yaml'?",
        "folder.yaml": "expected a scenario file, found a folder",
        "latin.yaml": "2:1: expected text in UTF-8, found the byte 0xff",
        "utf16.yaml": "1:1: expected text in UTF-8, found the byte 0xff",
        "binary.yaml": "2:1: expected text in UTF-8, found the byte 0x80",
        "large.yaml": "expected at most 1048576 bytes, found more",
        "4-overload.yaml/x": "expected a scenario file that can be read: Not a directory",
        "4-overload.yml": "expected a scenario file, found none of that name; did you mean '4-overload.yaml'?",
        "absent.yaml": "expected a scenario file, found none of that name",  # only its ending is like others
        "absent/x.yaml": "expected a scenario file, found none of that name",
    }
    for name, message in told.items():
        separator = ":" if message[0].isdigit() else ": "
        assert refusal_of(partial(load, tmp_path / name)) == f"{tmp_path / name}{separator}{message}"
    assert load(tmp_path / "bom.yaml").name == "x"
    unprintable = tmp_path / "\x1b.yaml"
    unprintable.write_text(GOOD.removeprefix("name: x"))
    assert load(unprintable).name == "scenario"
    unprintable.write_text("")
    assert refusal_of(lambda: load(unprintable)).isprintable()
    assert "embedded null byte" in refusal_of(lambda: load("a\0b"))
    assert refusal_of(lambda: load("/dev/zero")).endswith("expected at most 1048576 bytes, found more")


def test_files_that_a_scenario_names_are_there(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    text = GOOD.replace("- burst: {jobs: 10, at: 0 s}", "- trace: t.csv").replace(
        "service: 20 min", "service: {empirical: {file: times.txt}}"
    )
    path.write_text(text)
    assert refusal_of(lambda: load(path)).splitlines() == [
        (
            f"{path}:6:49: workload.jobs.document.service.empirical.file: "
            f"expected a file, found none at {tmp_path / 'times.txt'}"
        ),
        f"{path}:8:14: workload.arrivals[0].trace: expected a file, found none at {tmp_path / 't.csv'}",
    ]
    (tmp_path / "t.csv").write_text("arrival,service\n")
    (tmp_path / "times.txt").write_text("1\n")
    assert load(path).folder == tmp_path


def test_mistakes_in_several_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: [")
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text(GOOD.replace("replicas: 1", "replicas: -1"))
    (tmp_path / "empty").mkdir()
    told = refusal_of(lambda: load_many([tmp_path, tmp_path / "empty", tmp_path / "absent"])).splitlines()
    assert len(told) == 4
    assert told[0].startswith(f"{tmp_path}/a.yaml:")
    assert told[1].startswith(f"{tmp_path}/c.yaml:3:13: fleet.replicas:")
    assert told[2] == f"{tmp_path}/empty: expected scenario files (*.yaml) in this folder, found none"
    assert told[3].startswith(f"{tmp_path}/absent: expected a scenario file")


def test_no_more_is_told_than_anybody_reads() -> None:
    told = problems(
        "fleet: {"
        + ", ".join(f"replica{n}: 1" for n in range(500))
        + "}\nworkload: {jobs: {a: 3}}\n"
        + "run: 1\n" * 120
    )
    assert len(told) == 101
    assert told[-1].startswith("x.yaml: and ")
