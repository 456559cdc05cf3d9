"""Broken files of every format: each is read by the stated rules or refused in words, none crashes and none hangs."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import workersim as ws
from workersim.errors import InputError, MissingExtraError

from .test_traces_celery import received, sent, started, succeeded
from .test_traces_swf import HEADER, row
from .test_traces_tables import INSTANCES, RESULTS, dump, flower

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = [
    "", "-1", "nan", "inf", "-inf", "1e308", "1e-308", "9" * 400, "-" * 50, "0x10", "\uff11\uff12", "1_000", "NULL",
    "\u202e", "\ud83d\ude00", "<script>alert(1)</script>", "'; DROP TABLE jobs; --", "=cmd|' /C calc'!A0",
    "../../etc/passwd", "${jndi:x}", "%s%n", "{}", "[]", '"', ",", ";", "\t", "\r", "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00+23:59", "4611686018427387904",
    "9223372036854775808", "1e18", "a" * 5000,
]  # fmt: skip
ENCODINGS = ["utf-16", "utf-32", "latin-1", "utf-8-sig", "cp1252"]
COUNT = 100


def _parquet() -> bytes:
    import io  # noqa: PLC0415 (as below)

    import pandas as pd  # noqa: PLC0415 (takes half a second)

    stream = io.BytesIO()
    pd.DataFrame({"arrival": [0.0, 1.5, 3.0], "start": [1.0, 2.0, 3.0], "finish": [2.0, 9.0, 4.0]}).to_parquet(stream)
    return stream.getvalue()


def _events() -> bytes:
    meta = {
        "meta": {
            "replicas": 1,
            "concurrency": 2,
            "epoch": 1.7956e9,
            "end": 9.0,
            "workers": [{"name": "w1", "ready": -1.0}],
        }
    }
    told = [meta]
    for i in range(4):
        told += [
            sent(i, f"t{i}"),
            received(i + 0.1, f"t{i}"),
            started(i + 0.2, f"t{i}"),
            succeeded(i + 2, f"t{i}", runtime=1.8),
        ]
    return "".join(json.dumps(each) + "\n" for each in told).encode()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "csv": ("t.csv", lambda: b"arrival,job_class,service,start,finish\n0,a,2,1,3\n5,b,2,6,8\n7.5,a,,8,9\n"),
    "csv.gz": ("t.csv.gz", lambda: gzip.compress(b"arrival,service\n" + b"0,2\n5,2\n7.5,3\n" * 3)),
    "phases": ("p.csv", lambda: b"arrival,phases,priority,expires\n0,cpu:1;io:2,3,60\n1,io:5,0,\n"),
    "parquet": ("t.parquet", _parquet),
    "swf": ("t.swf", (HEADER + row("0", "5", "60", "2", "50.5") + row("3", "0", "-1")).encode),
    "celery-events": ("t.jsonl", _events),
    "flower": ("t.json", lambda: dump(flower(), flower(sent=1_789_000_000.5), flower(state="STARTED")).encode()),
    "django-celery-results": ("t.csv", RESULTS.encode),
    "airflow": ("t.csv", INSTANCES.encode),
    "json": ("t.json", lambda: json.dumps([{"arrival": 0, "service": 5}, {"arrival": 2.5, "service": 1}]).encode()),
}


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Return the content with one to three things wrong."""
    for _ in range(dice.choice((1, 1, 2, 3))):
        content = dice.choice(MUTATIONS)(content, dice)
    return content


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _flipped(content: bytes, dice: random.Random) -> bytes:
    body = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        if body:
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    return bytes(body)


def _encoded(content: bytes, dice: random.Random) -> bytes:
    return content.decode(errors="replace").encode(dice.choice(ENCODINGS), errors="replace")


def _hostile(content: bytes, dice: random.Random) -> bytes:
    """Put something else in the place of a cell."""
    cells = content.split(b",")
    cells[dice.randrange(len(cells))] = dice.choice(HOSTILE).encode("utf-8", errors="surrogatepass")
    return b",".join(cells)


def _inserted(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + dice.choice(HOSTILE).encode("utf-8", errors="surrogatepass") + content[at:]


def _shuffled(content: bytes, dice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    dice.shuffle(lines)
    return b"".join(lines)


def _repeated(content: bytes, dice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    return content + b"".join(dice.choices(lines, k=dice.randint(1, 20)))


def _number(content: bytes, dice: random.Random) -> bytes:
    digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
    if not digits:
        return content
    at = dice.choice(digits)
    return content[:at] + dice.choice((b"-", b"9" * 30, b"e99", b".", b"1e-400")) + content[at:]


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    _cut, _flipped, _encoded, _hostile, _inserted, _shuffled, _repeated, _number,
]  # fmt: skip


def used(path: Path) -> Any:
    """Do all that people do with a recording."""
    found = ws.read_trace(path)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.summary()
    assert found._repr_html_()
    if found.log is not None:
        found.log.summary()
    if found.jobs is not None and int(found.jobs.demand_ns.max()) < 10**18 and int(found.arrival_ns.max()) < 10**18:
        json.dumps(ws.replay(found, ws.Fleet(replicas=1, concurrency=2)).to_dict(), allow_nan=False)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_mutations_are_repaired_by_rule_or_refused(name: str, tmp_path: Path) -> None:
    file, make = FORMATS[name]
    whole = make()
    path = tmp_path / file
    path.write_bytes(whole)
    used(path)
    refused = [why for why in (_why_refused(path, mutated(whole, dice)) for dice in _dice(name)) if why]
    assert 0 < len(refused) < COUNT
    named = (str(path), "workload:", "column ")
    assert [why for why in refused if not any(each in why for each in named)] == []


def _dice(name: str) -> list[random.Random]:
    return [random.Random(f"{name} {seed}") for seed in range(COUNT)]  # noqa: S311 (no secret)


def _why_refused(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    try:
        used(path)
    except (InputError, MissingExtraError) as error:
        return str(error)
    return None
