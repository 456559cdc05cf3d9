"""What the records of a world hold, and the numbers that stand for states.

An 8-byte field is an int64 unless it is said otherwise.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "ATTEMPT",
    "CHANGE",
    "CLOCK",
    "CONTAINER",
    "DEPLOY",
    "EVENT",
    "EXTRA_PHASE",
    "FATE",
    "JOB",
    "LEVEL",
    "LIST",
    "MESSAGE",
    "QUEUE",
    "SCHEDULE",
    "SERVICE",
    "SETTINGS",
    "SLOT",
    "Place",
    "Process",
    "State",
]


def _record(whole: str, real: str = "", **others: type) -> np.dtype[np.void]:
    fields = [(name, np.int64) for name in whole.split()] + [(name, np.float64) for name in real.split()]
    return np.dtype([*fields, *others.items()], align=True)


class Place:
    """Where a message is."""

    NOWHERE, LISTED, NOT_DUE, FLYING, HELD, RATED, WAITING, HANDED, RUNNING, STRANDED, GONE = range(11)


class Process:
    """States of a slot."""

    ABSENT, IDLE, FREED, BUSY, DEAD = range(5)


class State:
    """States of a container; FREE, RETURNING and KEPT (crashed for good) are all down."""

    FREE, STARTING, READY, DRAINING, RETURNING, KEPT = range(6)


SETTINGS = _record(
    "jobs arrivals services queues levels phases ideal celery policies fixed_rows stepped remembers ticks_in_vain "
    "since more drains",  # when gauges begin, whether a further call will go on, and when nothing is left to happen
    "rebase",
)

CLOCK = _record(
    "now last quiet lively stirred settling begun moved "  # what has happened, and what will
    "published row rows extra heap soon changes freed ended dirty asking "  # how far each list has come
    "up_again first_unacked last_unacked unacked stranded visible not_due sweepers late_entries "  # the broker
    "answer needs fleet_needs fleet_of"  # what Python is asked for
    " endless over"  # 1 + a job that comes back for ever, if there is one; whether nothing is left to happen
)
LEVEL = _record("now at most low high")

# Jobs: what is drawn, and what has become of them.
FATE = _record("fails fails_after first_retry retries soft hard countdown memory first_follower followers")
JOB = _record(
    "", extra=np.int32, last_row=np.int32, failures=np.int32, deliveries=np.int32, done=np.int32, open=np.int32
)

ATTEMPT = _record(
    "started finished",
    replica=np.int32,
    slot=np.int32,
    before=np.int32,  # its neighbours in a list; -1: none
    behind=np.int32,
    service=np.int16,
    outcome=np.int8,
    place=np.int8,
    unacked=np.int8,  # whether the broker still has it in its register
    returned=np.int8,  # whether it entered its list at the head
    patient=np.int8,  # whether the end of its patience is on the agenda
)
# What stays 0 is never touched, and takes no memory. ``landed`` is one more than the instant, 0: it did not.
MESSAGE = _record(
    "published landed fetched eta holder epoch slot",
    job=np.int32,
    number=np.int32,
    older=np.int32,  # the job's row before this one
    delivery=np.int32,
    earlier=np.int32,  # its neighbours in the register of unacked ones, and among those that its worker holds
    later=np.int32,
    held_before=np.int32,
    held_behind=np.int32,
)
EXTRA_PHASE = _record("row phase started")
CHANGE = _record("instant service replica cause slots memory most_busy most_cpu")

LIST = _record("head tail count")
QUEUE = _record("backlog celery")

SERVICE = _record(
    "first_container capacity first_slot replicas concurrency listed in_turn dispatch celery drain "
    "process_bytes parent_bytes limit_bytes restarts every first_startup startups starts "
    "window late disable_prefetch reject visibility fetch period hand_off sweep_first sweep_every process_start "
    "max_tasks max_memory processes keepalive "
    "cpu_parts wanted idle first_in_line last_in_line messages asking",
    "vcpus",
)
CONTAINER = _record(
    "service number first_slot state epoch wanted deploy restarts kill_at ready_at "
    "cause told_slots told_memory memory "
    "touched next_end first_slot_to_end sharing io_next io_slot running idle "
    "handed unacked held rated flying asked turn first_waiting last_waiting waiting first_held last_held "
    "processes forks_until last_growth last_receipt dirty pending",
    "received late next_late first",
)
SLOT = _record(
    "state row phase place budget failing cut failures tasks bytes before behind queued limited limit_at look_at demand"
)

EVENT = _record("at code key second row epoch")
SCHEDULE = _record("at kind service replica slot lasts drain replicas drawn")
DEPLOY = _record("service starting overlap drain made settled")
