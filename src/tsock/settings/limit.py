"""What a setting may be, beside its type."""

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What a value may be, and what it means beyond its name."""

    code: int | None = None
    """The error that a client meets at the limit, from the error dictionary."""
    low: float | None = None
    high: float | None = None
    twilio: float | None = None
    """The value under `--profile twilio`, where the hosted service documents another one."""
    dev: float | tuple[str, ...] | None = None
    """The value under `tsock dev`, where that differs."""
