"""The broker of a live Celery: an application that knows nothing but its address, and the way to it."""

from __future__ import annotations

from typing import Any

from workersim.errors import InputError, MissingExtraError
from workersim.units import shown

__all__ = ["broker_app", "broker_errors", "reach"]

SCHEMES = ("redis", "rediss", "redis+socket", "sentinel")


def broker_app(broker: str, key_prefix: str = "", *, what: str = "capture") -> Any:
    """Return a Celery application that knows nothing but its broker.

    Raises
    ------
    MissingExtraError
        If Celery is not installed.
    InputError
        If the address is not one of Redis.
    """
    scheme = broker.partition("://")[0]
    if scheme not in SCHEMES or "://" not in broker:
        found = shown(f"{scheme}://…") if "://" in broker else "an address without a scheme"  # it may hold a password
        msg = f"--broker: expected an address such as redis://localhost:6379/0, found {found}"
        raise InputError(msg)
    try:
        from celery import Celery  # noqa: PLC0415 (an extra)
    except ImportError:
        msg = f"{what} needs Celery and its Redis client: pip install 'workersim[celery]'"
        raise MissingExtraError(msg) from None
    app = Celery("workersim", broker=broker, set_as_current=False)
    options = {"socket_connect_timeout": 5, "socket_timeout": 10, "socket_keepalive": True}
    app.conf.update(
        accept_content=["json"],
        broker_transport_options=options | ({"global_keyprefix": key_prefix} if key_prefix else {}),
        broker_connection_retry=False,
    )
    return app


def broker_errors() -> tuple[type[Exception], ...]:
    """Return what a broker that cannot be reached, or does not answer, raises."""
    from kombu.exceptions import KombuError  # noqa: PLC0415 (an extra)
    from redis.exceptions import RedisError  # noqa: PLC0415 (as above)

    return (OSError, RedisError, KombuError)


def reach(connection: Any) -> None:
    """Reach the broker now or not at all: kombu's own ``connect`` waits 2 s before it tries again, as workers do."""
    connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, interval_max=0)
