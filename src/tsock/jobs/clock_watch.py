"""Looks at the machine's clock: when it was set, says so, and lets nothing wait for a time that was wrong."""

import structlog

from tsock.clock import Clock, iso_ms
from tsock.cluster.lead import Leads
from tsock.deadlines import Deadlines
from tsock.storage.store import Store
from tsock.webhooks import outbox

log = structlog.get_logger(__name__)

LOOK_S = 1.0


class ClockWatch:
    """Looks every second, for as long as its deadlines are driven."""

    def __init__(self, clock: Clock, deadlines: Deadlines, store: Store, leads: Leads) -> None:
        """`leads` says whether this node sends what waits, so that its clock tells when."""
        self._clock = clock
        self._deadlines = deadlines
        self._store = store
        self._leads = leads

    def look(self) -> None:
        """Look now, and again a second later."""
        self._deadlines.after(LOOK_S, self.look)
        step = self._clock.look()
        if step is None:
            return
        log.warning(
            "clock.stepped",
            by_s=step.by_ms / 1000,
            now=iso_ms(self._clock.now_ms()),
            dates_stand_still_s=self._clock.lag_ms / 1000,
            fix="let NTP slew the clock; tokens are judged by what it shows now",
        )
        if step.by_ms < 0 and self._leads():
            self._store.write(lambda tx: outbox.bring_forward(tx, -step.by_ms), _tell)


def _tell(result: None, error: Exception | None) -> None:
    if error is not None:
        log.error("clock.webhooks_wait", reason=str(error))
