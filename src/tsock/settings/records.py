"""What is kept of the past, and what is logged."""

from typing import Annotated, Literal

from tsock.settings.limit import Limit
from tsock.settings.store import StoreSettings


class RecordSettings(StoreSettings, frozen=True, kw_only=True):
    """Records and logs."""

    denials_max: Annotated[int, Limit(low=1)] = 10_000
    """Refusals kept for `tsock why`; the oldest go first."""
    denials_days: Annotated[float, Limit(low=0.001)] = 30.0
    """How long a refusal is kept."""
    unproven_records_max: Annotated[int, Limit(low=1)] = 1_000
    """Refusals and alerts kept for which no secret stands, such as of unsigned tokens, whatever account they
    name; the oldest go first. They are nobody's: they show in no account's Monitor and call no debugger
    webhook."""
    alert_level: Literal["error", "warning", "notice", "off"] = "warning"
    """Which requests answered with an error make an alert: with `error` 401, 403, 429 and 5xx, with `warning`
    other errors too, with `notice` even 404, 409 and 412, which working programs meet."""
    alerts_max: Annotated[int, Limit(low=1)] = 10_000
    """Alerts kept for one account; its oldest go first."""
    alerts_days: Annotated[float, Limit(low=0.001)] = 30.0
    """How long an alert is kept."""
    alerts_per_code_per_s: Annotated[float, Limit(low=0)] = 1.0
    """Alerts of one account with the same code; beyond it they count as repeats of the latest. 0: off."""
    alerts_per_code_burst: Annotated[int, Limit(low=1)] = 20
    """Alerts of one account with the same code that the rate lets through at once."""
    audit_events_max: Annotated[int, Limit(low=1)] = 10_000
    """Changes of accounts, keys and services kept for one account; the oldest go first."""
    audit_events_days: Annotated[float, Limit(low=0.001)] = 365.0
    """How long a change is kept on record."""
    refusal_lines_per_address_per_min: Annotated[float, Limit(low=0)] = 10.0
    """Lines of log about refused clients and credentials of one address, a minute's worth at once; the next
    line tells how many were left out. 0: off."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe line written."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto` is `console` on a terminal and `json`, one object per line, elsewhere."""
