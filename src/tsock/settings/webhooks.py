"""Where webhooks go, and what becomes of those that fail."""

from typing import Annotated

from tsock.settings.limit import Limit
from tsock.settings.media import MediaSettings


class WebhookSettings(MediaSettings, frozen=True, kw_only=True):
    """Webhooks."""

    webhook_private_targets: Annotated[tuple[str, ...], Limit(code=11205, dev=("any",))] = ()
    """Addresses, networks and host names outside the Internet that webhooks may go to, such as `10.1.0.0/16`;
    `any` for all."""
    webhook_timeout_s: Annotated[float, Limit(code=11203, low=0.001)] = 15.0
    """One attempt, from the look-up of the host name to the end of the answer."""
    webhook_connect_timeout_s: Annotated[float, Limit(code=11201, low=0.001)] = 5.0
    """The part of an attempt that ends with the connection."""
    webhook_in_flight_max: Annotated[int, Limit(low=1)] = 64
    """Attempts at the same time; targets that do not answer get a quarter of them together, new ones half."""
    webhook_in_flight_per_target_max: Annotated[int, Limit(low=1)] = 8
    """Attempts at the same time to one host and port; one that is new or does not answer gets one."""
    webhook_retry_s_min: Annotated[float, Limit(low=0.001)] = 1.0
    """Shortest wait before a delivery that failed is tried again."""
    webhook_retry_s_max: Annotated[float, Limit(low=0.002)] = 3_600.0
    """Longest wait; the time between the two doubles with each failure, and chance picks a moment of it."""
    webhook_hold_s: Annotated[float, Limit(low=0)] = 600.0
    """How long a delivery that fails holds back later ones of the same object; 0: off."""
    webhook_give_up_h: Annotated[float, Limit(low=0)] = 24.0
    """How long a delivery may fail before it is a dead letter."""
    webhook_waiting_max: Annotated[int, Limit(code=11200, low=1)] = 100_000
    """Deliveries that wait; beyond it the oldest become dead letters."""
    webhook_dead_max: Annotated[int, Limit(low=1)] = 10_000
    """Dead letters kept for `tsock webhook`; the oldest go first."""
    pre_hook_timeout_s: Annotated[float, Limit(code=50076, low=0.001, high=15, twilio=5)] = 5.0
    """How long a pre-action hook may take; then the action goes on as it was wanted."""
    pre_hook_answer_bytes_max: Annotated[int, Limit(code=50057, low=1024)] = 256 * 1024
    """The body of a pre-action hook's answer; one with more counts as none."""
    pre_hook_waiting_max: Annotated[int, Limit(code=20429, low=0)] = 8
    """Messages of one user in one conversation, sent, changed or removed, that wait for an earlier one, about
    which hooks are asked."""
    pre_hook_waiting_s: Annotated[float, Limit(code=20429, low=0.001, high=30)] = 20.0
    """How long an action waits for all this; then it is refused. The SDKs wait 30 s for a reply."""
    pre_hook_in_flight_max: Annotated[int, Limit(code=20429, low=1)] = 100
    """Actions of one account at the same time that pre-action hooks are asked about; divided among nodes."""
    webhook_dead_days: Annotated[float, Limit(low=0.001)] = 30.0
    """How long a dead letter is kept."""
