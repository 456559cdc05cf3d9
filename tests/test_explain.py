"""Where waiting comes from: planted causes, parts that add up, and small cases worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from matplotlib.figure import Figure

import workersim as ws
from workersim import workload
from workersim.cli import main
from workersim.experiments.explaining.causes import most_wanted
from workersim.experiments.explaining.changes import changes_of
from workersim.experiments.explaining.evening import averaged, evened, stepped
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from workersim.scenario import Scenario

mpl.use("Agg")
ROOT = Path(__file__).parents[1]
MIN = 60


def scenario(
    service: Any = "20 min", arrivals: Any = None, run: Any = None, fleet: Any = None, jobs: Any = None
) -> Scenario:
    """Return ten documents at once on four slots, or what is said."""
    data = {
        "name": "ten <documents>",
        "fleet": {"replicas": 1, "concurrency": 4, "vcpus": 4} | (fleet or {}),
        "workload": {
            "jobs": jobs or {"document": {"service": service}},
            "arrivals": arrivals or [{"burst": {"jobs": 10}}],
        },
        "run": run or {"until": "drained"},
    }
    return ws.read(yaml.safe_dump(data))


def parts(why: ws.Explanation) -> dict[str, float]:
    """Return the causes that have a part, in seconds."""
    return {part.cause: part.wait for part in why.parts if part.wait}


EVEN = [{"every": {"interval": "5 min", "until": "3 h"}}]


class TestOneCauseOnly:
    def test_a_burst(self) -> None:
        """Four wait 20 and two 40 minutes: 16 on average. One every 6 minutes never meets four others."""
        assert parts(ws.explain(scenario())) == {"bursts": 16 * MIN}

    def test_load(self) -> None:
        """A document every 4 minutes on 4 slots of 20 minutes: they come faster than they can go."""
        why = ws.explain(scenario(arrivals=[{"every": {"interval": "4 min", "until": "100 min"}}]))
        assert parts(why) == {"load": pytest.approx(sum(4 * (k // 4) for k in range(26)) / 26 * MIN)}

    def test_a_crash(self) -> None:
        """Three run when the container goes at 16 min; those that come at 18 and 24 min wait until it is back at 30."""
        fleet = {"crashes": [{"at": "16 min", "replica": 0, "down_for": "14 min"}]}
        arrivals = [{"every": {"interval": "6 min", "until": "31 min"}}]
        why = ws.explain(scenario(arrivals=arrivals, fleet=fleet))
        assert parts(why) == {"crashes": (12 + 6) * MIN / 6}
        assert why.best is not None
        assert why.best.words == "one replica more, 2"

    def test_an_outage_of_the_broker_counts_as_a_crash(self) -> None:
        base = scenario(arrivals=[{"every": {"interval": "6 min", "until": "31 min"}}])
        away = base.replace("broker", {"outages": [{"at": "17 min", "lasts": "13 min"}]})
        assert parts(ws.explain(away)) == {"crashes": (12 + 6) * MIN / 6}

    def test_start_up(self) -> None:
        fleet = {"replicas": 0, "startup": "90 s", "changes": [{"at": "0 s", "replicas": 1}]}
        why = ws.explain(scenario(arrivals=[{"burst": {"jobs": 4}}], fleet=fleet))
        assert parts(why) == {"scaling lag": 90}

    def test_a_rule_that_adds_containers_one_by_one(self) -> None:
        """With all that the rule ever wanted there from the start nobody waits, though its ticks are not start-up."""
        fleet = {
            "replicas": 1,
            "autoscale": {"min_replicas": 1, "max_replicas": 3, "scale_up_when": "queue_length > 0", "every": "30 s"},
        }
        why = ws.explain(scenario(arrivals=[{"burst": {"jobs": 12}}], fleet=fleet))
        # containers come at 30 and 60 s, each takes four
        assert parts(why) == {"scaling lag": (30 + 60) * 4 / 12}

    def test_reservation(self) -> None:
        """Short documents take their turn at the worker that runs a long one, though the other one is idle."""
        fleet = {"replicas": 2, "concurrency": 1, "worker": {"celery": {"fetch": "0 s", "hand_off": "0 s"}}}
        jobs = {"long": {"service": "60 min"}, "short": {"service": "1 min"}}
        streams = [
            {"every": {"interval": "6 h", "until": "7 h"}, "jobs": ["long"]},
            {"every": {"interval": "1 h", "from": "1 s", "until": "2 s"}, "jobs": ["short"]},
            {"every": {"interval": "1 h", "from": "2 min", "until": "121 s"}, "jobs": ["short"]},
        ]
        asked = scenario(arrivals=streams, fleet=fleet, jobs=jobs, run={"until": "12 h"})
        assert ws.run(asked.replace("fleet.worker", "ideal")).wait.max == 0
        # both shorts, of 1 s and 2 min, start when the long one ends, one after the other; the second long one at once
        assert parts(ws.explain(asked)) == {"reservation": (3599 + 3540) / 4}

    def test_variability(self) -> None:
        """Even arrivals at 80 % of what one slot can do: they wait only because some are long."""
        service = {"lognormal": {"mean": "4 min", "cv": 1}}
        why = ws.explain(
            scenario(service, [{"every": {"interval": "5 min", "until": "40 h"}}], fleet={"concurrency": 1})
        )
        assert why.replications == 10
        assert set(parts(why)) == {"variability"}
        assert why.parts[4].interval is not None
        assert why.parts[4].interval[0] > 0

    def test_arrivals_by_chance(self) -> None:
        why = ws.explain(
            scenario("4 min", [{"poisson": {"rate": "12/hour", "until": "40 h"}}], fleet={"concurrency": 1})
        )
        assert set(parts(why)) == {"bursts"}

    def test_nothing_waits(self) -> None:
        why = ws.explain(scenario(arrivals=EVEN))
        assert parts(why) == {}
        assert [why.share(part) for part in why.parts] == [None] * 6
        assert why.best is None
        assert why.sentence() == "No document waits, so there is nothing to explain."
        assert "nothing waits" in {text.get_text() for text in why.plot(Figure().add_subplot()).texts}


MIXED = {
    "arrivals": [{"poisson": {"rate": "40/hour", "until": "5 h"}}, {"burst": {"jobs": 12, "at": "1 h"}}],
    "service": {"lognormal": {"mean": "10 min", "cv": 1}},
    "fleet": {
        "replicas": 2,
        "startup": "2 min",
        "worker": "celery",
        "crashes": {"mtbf": "2 h", "mttr": "10 min"},
        "autoscale": {"min_replicas": 2, "max_replicas": 4, "scale_up_when": "queue_length > 3", "every": "1 min"},
    },
    "run": {"until": "6 h", "warm_up": "30 min", "replications": 4},
}


@pytest.fixture(scope="module")
def why() -> ws.Explanation:
    return ws.explain(scenario(**MIXED), replications=4)


class TestPartsAddUp:
    def test_to_the_nanosecond(self, why: ws.Explanation) -> None:
        assert len(set(parts(why))) >= 4
        for at in range(why.replications):
            assert sum(part.added_ns[at] for part in why.parts) == why.waited_ns[at]

    def test_in_seconds_and_shares(self, why: ws.Explanation) -> None:
        assert sum(part.wait for part in why.parts) == pytest.approx(why.wait, rel=1e-12)
        assert sum(why.share(part) or 0 for part in why.parts) == pytest.approx(1, rel=1e-12)

    def test_intervals_hold_their_means(self, why: ws.Explanation) -> None:
        for part in why.parts:
            low, high = why.share_interval(part) or (0, 0)
            assert low <= (why.share(part) or 0) <= high
        whole = ws.explain(scenario())
        assert whole.share_interval(whole.parts[3]) is None

    def test_the_share_of_a_sole_cause_has_no_doubt(self) -> None:
        why = ws.explain(
            scenario("4 min", [{"poisson": {"rate": "12/hour", "until": "9 h"}}], fleet={"concurrency": 1})
        )
        assert why.share_interval(why.parts[3]) == pytest.approx((1, 1))

    def test_both_engines_say_the_same(self) -> None:
        asked = scenario(MIXED["service"], MIXED["arrivals"])
        told = [ws.explain(asked, replications=3, engine=engine).to_dict() for engine in ("simpy", "compiled")]
        assert told[0] == told[1]
        assert told[0]["wait"]["mean"] > 0

    def test_seeds(self, why: ws.Explanation) -> None:
        assert ws.explain(scenario(**MIXED), replications=4).to_dict() == why.to_dict()
        assert ws.explain(scenario(**MIXED), replications=4, seed=2).wait != why.wait


class TestDocumentsThatNeverStart:
    def test_they_wait_to_the_end_of_the_run(self) -> None:
        """Four run for 20 minutes, six wait for the 10 minutes that the run lasts; spread over them eight start."""
        why = ws.explain(scenario(run={"until": "10 min"}))
        assert why.wait == 6 * 10 * MIN / 10
        # evenly spaced: one each minute, the fifth to the tenth wait from minute 4, 5, ... 9 to the end
        assert parts(why) == {"bursts": (60 - 21) * MIN / 10, "load": 21 * MIN / 10}

    def test_those_before_the_warm_up_do_not_count(self) -> None:
        arrivals = [{"burst": {"jobs": 8}}, {"burst": {"jobs": 4, "at": "10 min"}}]
        why = ws.explain(scenario(arrivals=arrivals, run={"until": "4 h", "warm_up": "5 min"}))
        assert why.documents == (4,)
        assert why.wait == 30 * MIN

    def test_those_whose_patience_ends(self) -> None:
        jobs = {"document": {"service": "20 min", "expires": "5 min"}}
        assert ws.explain(scenario(jobs=jobs)).wait == 6 * 5 * MIN / 10

    def test_those_that_follow_do_not_count(self) -> None:
        jobs = {"document": {"service": "20 min", "then": "page"}, "page": {"service": "1 min"}}
        streams = [{"burst": {"jobs": 10}, "jobs": ["document"]}]
        assert ws.explain(scenario(jobs=jobs, arrivals=streams)).documents == (10,)


def instants(arrivals: Any, run: Any = None, end_min: float = 60, jobs: Any = None) -> list[float]:
    """Return when documents arrive once they are evenly spaced, in minutes."""
    asked = scenario(arrivals=arrivals, run=run, jobs=jobs)
    even = evened(workload.realise(asked), asked, round(end_min * MIN * SECOND))
    found: list[float] = (np.asarray(even.table.arrival_ns) / SECOND / MIN).round(6).tolist()
    return found


class TestEvenArrivals:
    def test_a_burst_is_spread_to_the_end(self) -> None:
        assert instants([{"burst": {"jobs": 4}}]) == [0, 15, 30, 45]

    def test_a_burst_is_spread_to_the_next_one(self) -> None:
        two = [{"burst": {"jobs": 2, "at": "10 min"}}, {"burst": {"jobs": 4, "at": "40 min"}}]
        assert instants(two) == [10, 25, 40, 45, 50, 55]

    def test_what_is_even_stays_as_it_is(self) -> None:
        asked = scenario(arrivals=EVEN)
        jobs = workload.realise(asked)
        assert evened(jobs, asked, 10**15) is jobs

    def test_a_profile_keeps_its_rates(self) -> None:
        profile = {"profile": {"rates": [["0 h", "0/hour"], ["1 h", "60/hour"], ["2 h", "120/hour"]], "period": "3 h"}}
        found = instants([profile], run={"until": "6 h"}, end_min=360)
        first = [at for at in found if at < 180]
        assert min(first) >= 60
        slow, fast = (sum(low <= at < high for at in first) for low, high in ((60, 120), (120, 180)))
        assert fast == pytest.approx(2 * slow, abs=2)
        assert not any(180 <= at < 239 for at in found)
        gaps = np.diff([at for at in found if 121 <= at < 179])
        assert gaps == pytest.approx(gaps[0], abs=1e-5)

    def test_patience_goes_along(self) -> None:
        asked = scenario(jobs={"document": {"service": "20 min", "expires": "5 min"}})
        even = evened(workload.realise(asked), asked, 3600 * SECOND)
        assert (even.table.expires_ns - even.table.arrival_ns == 300 * SECOND).all()

    def test_a_trace_keeps_what_came_in_each_hour(self, tmp_path: Path) -> None:
        rows = [0, 1, 2, 3, 3700, 7200]
        (tmp_path / "rows.csv").write_text("arrival,service\n" + "".join(f"{at},60\n" for at in rows))
        asked = scenario(arrivals=[{"trace": "rows.csv"}]).in_folder(tmp_path)
        even = evened(workload.realise(asked), asked, 10**15)
        assert (np.asarray(even.table.arrival_ns) / SECOND).tolist() == [0, 900, 1800, 2700, 3600, 5400]


class TestMeanDemands:
    def test_each_phase_has_the_mean_of_its_class(self) -> None:
        jobs = {
            "a": {"phases": [{"cpu": {"uniform": {"min": "1 s", "max": "3 s"}}}, {"io": "2 s"}]},
            "b": {"service": {"exponential": {"mean": "9 s"}}, "wait_ratio": 0.5},
        }
        drawn = workload.realise(scenario(jobs=jobs, arrivals=[{"burst": {"jobs": 50}}]))
        alike = averaged(drawn)
        number = np.asarray(drawn.table.job_class)
        for each in (0, 1):
            assert len({tuple(alike.phases(job)) for job in np.flatnonzero(number == each).tolist()}) == 1
            total = np.asarray(drawn.demand_ns)[number == each].sum()
            assert np.asarray(alike.demand_ns)[number == each].sum() == pytest.approx(total, rel=1e-9)
            assert np.asarray(alike.cpu_ns)[number == each].sum() == pytest.approx(
                np.asarray(drawn.cpu_ns)[number == each].sum(), rel=1e-9
            )

    def test_what_is_constant_stays_as_it_is(self) -> None:
        drawn = workload.realise(scenario())
        assert averaged(drawn) is drawn

    def test_phases_that_differ_become_the_usual_three(self, tmp_path: Path) -> None:
        (tmp_path / "rows.csv").write_text("arrival,phases\n0,cpu:4\n1,cpu:1;io:6;cpu:1\n")
        drawn = workload.realise(scenario(arrivals=[{"trace": "rows.csv"}]).in_folder(tmp_path))
        alike = averaged(drawn)
        expected = [(0, round(1.5 * SECOND)), (1, 3 * SECOND), (0, round(1.5 * SECOND))]
        assert alike.phases(0) == alike.phases(1) == expected


def test_priorities_become_the_steps_of_redis() -> None:
    jobs = {name: {"service": "1 s", "priority": at} for name, at in (("a", 1), ("b", 3), ("c", 8), ("d", 40))}
    drawn = workload.realise(scenario(jobs=jobs, arrivals=[{"burst": {"jobs": 40}}]))
    found = np.asarray(stepped(drawn).table.priority)
    assert {(int(a), int(b)) for a, b in zip(drawn.table.priority, found, strict=True)} == {
        (1, 0),
        (3, 3),
        (8, 6),
        (40, 9),
    }


def test_most_wanted_counts_what_starts_too() -> None:
    fleet = {
        "replicas": 1,
        "startup": "1 h",
        "changes": [{"at": "1 min", "replicas": 3}, {"at": "2 min", "replicas": 2}],
    }
    log = ws.run(scenario(fleet=fleet)).log
    assert log is not None
    assert most_wanted(log, 0) == 3
    assert log.horizon_ns < NEVER


class TestChanges:
    def test_what_memory_has_no_room_for_is_left_out(self) -> None:
        asked = scenario(fleet={"process_memory": "1 GB", "memory_limit": "4 GB"})
        assert [change.words for change in changes_of(asked)] == ["one replica more, 2"]

    def test_celery_and_scaling(self) -> None:
        fleet = {
            "vcpus": 2,
            "worker": "celery",
            "startup": "90 s",
            "deploys": [{"at": "5 min"}],
            "autoscale": {"min_replicas": 1, "max_replicas": 3, "scale_up_when": "queue_length > 5"},
        }
        assert [change.words for change in changes_of(scenario(fleet=fleet))] == [
            "one replica more that is always there, 2",
            "one process more in each container, 5",
            "one vCPU more in each container, 3",
            "late acknowledgement, prefetch multiplier 1",
            "no prefetching (--disable-prefetch)",
            "containers that start in half the time",
            "all 3 replicas ready at all times",
            "old containers finish their work at a deploy",
        ]

    def test_the_best_by_hand(self) -> None:
        """On 8 slots two of ten wait 20 minutes: 4 on average. Five slots on 4 vCPUs take 25, and five wait so long."""
        why = ws.explain(scenario())
        assert [(change.words, change.saved) for change in why.changes] == [
            ("one replica more, 2", 12 * MIN),
            ("one process more in each container, 5", (16 - 12.5) * MIN),
        ]
        assert why.changes[0].cost == pytest.approx(2 * 40 / 60 - 1)

    def test_services_have_changes_of_their_own(self) -> None:
        data = {
            "services": {
                "ocr": {"replicas": 1, "concurrency": 1, "queues": ["a"]},
                "rest": {"replicas": 1, "concurrency": 1, "queues": ["b"], "worker": "celery"},
            },
            "workload": {
                "jobs": {"x": {"service": "1 min", "queue": "a"}, "y": {"service": "1 min", "queue": "b"}},
                "arrivals": [{"burst": {"jobs": 4}, "jobs": ["x"]}, {"burst": {"jobs": 1}, "jobs": ["y"]}],
            },
        }
        why = ws.explain(ws.read(yaml.safe_dump(data)))
        assert why.best is not None
        # as good as a second replica, and done for the price of one
        assert why.best.words == "in ocr, one process more in each container, 2"
        assert why.best.keys == {"services.ocr.concurrency": 2}


class TestHowItShowsItself:
    def test_frame(self) -> None:
        frame = ws.explain(scenario()).to_frame()
        assert list(frame["cause"]) == ["crashes", "scaling lag", "reservation", "bursts", "variability", "load"]
        assert frame["wait"].sum() == 16 * MIN
        assert frame["share"].sum() == 1

    def test_text_and_html(self) -> None:
        why = ws.explain(scenario(**MIXED), replications=2)
        assert all(len(line) <= 80 for line in why.summary().splitlines())
        assert "ten &lt;documents&gt;" in why._repr_html_()
        assert "<documents>" not in why._repr_html_()
        assert repr(why).startswith("<Explanation of 'ten <documents>': mean wait ")

    def test_plot(self) -> None:
        why = ws.explain(scenario())
        ax = why.plot(Figure().add_subplot())
        assert next(text.get_text() for text in ax.get_yticklabels()) == "load"
        assert [text.get_text() for text in ax.get_yticklabels()][-1] == "all"
        assert ax.patches[-1].get_width() == 16 * MIN  # type: ignore[attr-defined]  # a bar

    def test_shell(self, tmp_path: Path) -> None:
        path = tmp_path / "ten.yaml"
        path.write_text(scenario().to_yaml())
        said = CliRunner().invoke(main, ["explain", str(path)])
        assert said.exit_code == 0
        assert "bursts          16 min   100%" in said.output
        found = json.loads(CliRunner().invoke(main, ["explain", str(path), "--json"]).output)
        assert found == json.loads(json.dumps(ws.explain(scenario()).to_dict()))
        assert found["best"] == "one replica more, 2"

    def test_bad_input(self, tmp_path: Path) -> None:
        with pytest.raises(ws.InputError, match="replications: expected 1 or more, found 0"):
            ws.explain(scenario(), replications=0)
        with pytest.raises(ws.InputError, match="expected at most 20,000,000 documents"):
            ws.explain(scenario(arrivals=[{"poisson": {"rate": "1000/s"}}], run={"until": "9 h"}))
        missing = CliRunner().invoke(main, ["explain", str(tmp_path / "none.yaml")])
        assert missing.exit_code == 2


def test_claims_play_no_part() -> None:
    assert parts(ws.explain(ws.load(ROOT / "scenarios/4-overload.yaml"))) == {"bursts": 16 * MIN}
