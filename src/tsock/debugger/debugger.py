"""The debugger: takes in what goes wrong, and makes alerts of it that a flood cannot multiply."""

from collections.abc import Callable
from typing import Any

import structlog

from tsock.accounts.caller import Caller
from tsock.accounts.directory import Directory
from tsock.clock import Clock
from tsock.deadlines import Deadline, Deadlines
from tsock.debugger import alerts, denials
from tsock.debugger.alerts import NOBODY, Alert, Level
from tsock.debugger.denials import Denial
from tsock.debugger.exchange import clear
from tsock.debugger.incident import (
    Incident,
    Rejection,
    of_delivery,
    of_denial,
    of_hook,
    of_rejection,
)
from tsock.debugger.posts import post
from tsock.errors import StoreBusy
from tsock.ids import Ids
from tsock.rates import Rate
from tsock.settings import Settings
from tsock.storage.store import Store, Tx
from tsock.telemetry.tail import Category, Tail, Trouble
from tsock.webhooks import outbox
from tsock.webhooks.failure import DeliveryFailure, HookFailure
from tsock.webhooks.outbox import Delivery

log = structlog.get_logger(__name__)

TEXT_CHARS_MAX = 1024
SETTLE_S = 1.0
"""Repeats are counted for this long before their number is written."""
_SERIES_MAX = 10_000
_LEVELS: tuple[Level, ...] = ("error", "warning", "notice")
"""The most severe first."""
_Key = tuple[str, int, str]
"""Account, code, and what tells apart alerts of one code."""


class _Series:
    """An alert, and what is counted as its repeats instead of making further ones."""

    __slots__ = ("latest_ms", "repeats", "sid")

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.repeats = 0
        self.latest_ms = 0

    def take(self) -> tuple[str, int, int]:
        """What is still to be written."""
        taken = self.sid, self.repeats, self.latest_ms
        self.repeats = 0
        return taken


class Debugger:
    """Keeps alerts and sends them to whom they concern; nobody waits for it."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        *,
        settings: Settings,
        clock: Clock,
        deadlines: Deadlines,
        ids: Ids,
        tail: Tail,
    ) -> None:
        self._store = store
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._deadlines = deadlines
        self._ids = ids
        self._tail = tail
        self._rate = Rate(settings.alerts_per_code_per_s, settings.alerts_per_code_burst, clock.monotonic_s)
        self._series: dict[_Key, _Series] = {}
        self._settling: Deadline | None = None

    # What is told.

    def report(self, incident: Incident) -> None:
        """Make an alert of something that went wrong, or count it as a repeat of the latest like it."""
        if self._admit(incident.account_sid, incident.code, incident.about):
            self._write(self._alert(incident))

    def denied(self, denial: Denial, caller: Caller | None) -> None:
        """Keep a denial, each of them, and in the same transaction its alert; nobody's, if nothing proves it.

        Args:
            denial: why a client was refused.
            caller: who it is, where it has a token that was accepted.
        """
        alert = None
        incident = of_denial(denial, caller, self._directory)
        if self._admit(incident.account_sid, denial.code):
            alert = self._alert(incident, denial.sid)

        def rule(tx: Tx) -> None:
            denials.record(tx, denial)
            if not denial.proven:
                denials.close_ring(tx, self._settings.unproven_records_max)
            if alert is not None:
                alert(tx)

        self._write(rule)

    def request_rejected(self, rejection: Rejection) -> None:
        """Tell of a request that was answered with an error, if it is as severe as `alert_level` says."""
        asked = self._settings.alert_level
        if asked == "off" or _LEVELS.index(rejection.level) > _LEVELS.index(asked):
            if (
                rejection.request_sid is not None and self._tail.watched
            ):  # over the socket it is the SDKs' way of looking for things
                self._tell("rejection", of_rejection(rejection))
            return
        error = rejection.error
        if self._admit(rejection.account_sid, error.code, error.about, once=rejection.is_lasting):
            incident = of_rejection(rejection)
            if rejection.is_lasting:
                reason = clear(incident.text, TEXT_CHARS_MAX)
                log.warning("request.lost", code=incident.code, reason=reason, client=incident.about)
            self._write(self._alert(incident))

    def webhook_delivered(self, delivery: Delivery) -> None:
        """Tell the live feed of a webhook that was delivered: there is nothing to keep."""
        self._tail.add(
            "webhook", delivery.event_type, delivery.account_sid, "", delivery.sid, f"to {delivery.lane}"
        )

    def webhook_failed(self, failure: DeliveryFailure) -> None:
        """Tell of a webhook that was not delivered. Those that tell of alerts are not to be told of here."""
        if self._admit(failure.account_sid, failure.fault.code):
            self._write(self._alert(of_delivery(failure)))

    def hook_failed(self, failure: HookFailure) -> None:
        """Tell of a pre-action hook that did not say what is to be done."""
        self.report(of_hook(failure))

    # Floods.

    def settle(self) -> None:
        """Write how often the latest alerts repeated, as far as that is not written yet."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        counted = [series.take() for series in self._series.values() if series.repeats]

        def rule(tx: Tx) -> None:
            for each in counted:
                alerts.repeat(tx, *each)

        if counted:
            self._write(rule)

    def _admit(self, account_sid: str | None, code: int, about: str = "", *, once: bool = False) -> bool:
        """Whether it makes an alert of its own; if not, it is counted as a repeat of the latest like it.

        The first about something of an account does in any case, and with `once` no other does.
        """
        key = self._account(account_sid), code, about
        series = self._series.get(key)
        is_first = series is None
        if (is_first or not once) and self._rate.take(key[:2]):
            return True
        if is_first and about and key[0] != NOBODY:
            return True
        if series is not None:
            series.repeats += 1
            series.latest_ms = self._clock.date_ms()
            self._settling = self._settling or self._deadlines.after(SETTLE_S, self.settle)
        return False

    def _account(self, sid: str | None) -> str:
        """The account, if it is known: a token may name any."""
        return NOBODY if sid is None or self._directory.account(sid) is None else sid

    def _alert(self, incident: Incident, denial_sid: str | None = None) -> Callable[[Tx], None]:
        """What writes the alert, and its webhook."""
        account_sid = self._account(incident.account_sid)
        date_ms = self._clock.date_ms()
        alert = Alert(
            sid=self._ids.sid("NO"),
            account_sid=account_sid,
            at_ms=date_ms,
            updated_ms=date_ms,
            code=incident.code,
            level=incident.level,
            text=clear(". ".join(filter(None, (incident.text, incident.fix))), TEXT_CHARS_MAX),
            resource_sid=incident.resource_sid,
            service_sid=incident.service_sid,
            denial_sid=denial_sid,
            api_version=incident.api_version,
            exchange=incident.exchange,
        )
        earlier = self._begin((account_sid, alert.code, incident.about), alert.sid)
        account = self._directory.account(account_sid)
        if denial_sid is None:  # a denial tells the feed itself
            self._tell("alert", incident, alert.sid)

        def rule(tx: Tx) -> None:
            if earlier is not None:
                alerts.repeat(tx, *earlier)
            alerts.record(tx, alert)
            if account_sid == NOBODY:
                alerts.close_ring(tx, self._settings.unproven_records_max)
            if account is not None and account.debugger_url is not None:
                outbox.put(tx, post(alert, account, account.debugger_url))

        return rule

    def _tell(self, kind: Category, incident: Incident, sid: str = "") -> None:
        """Tell the live feed."""
        account_sid, exchange = self._account(incident.account_sid), incident.exchange
        self._tail.add(
            kind,
            str(incident.code),
            "" if account_sid == NOBODY else account_sid,
            incident.identity,
            sid,
            clear(incident.text, TEXT_CHARS_MAX),
            trouble=Trouble(
                incident.code,
                " ".join(filter(None, (exchange.method, exchange.url))),
                None if incident.fix is None else clear(incident.fix, TEXT_CHARS_MAX),
            ),
        )

    def _begin(self, key: _Key, sid: str) -> tuple[str, int, int] | None:
        """From now on this alert is the latest; what is still to be written of the one before."""
        earlier = self._series.pop(key, None)
        if len(self._series) >= _SERIES_MAX:
            self.settle()
            self._series.clear()
        self._series[key] = _Series(sid)
        return earlier.take() if earlier is not None and earlier.repeats else None

    def _write(self, rule: Callable[[Tx], None]) -> None:
        try:
            self._store.write(rule, _written, lane=self)  # a repeat is counted behind what it repeats
        except StoreBusy as busy:
            _written(None, busy)


def _written(result: Any, error: Exception | None) -> None:
    if error is not None:
        log.error("debugger.not_recorded", reason=str(error))
