"""What waits for the store."""

from typing import Annotated

from tsock.settings.limit import Limit
from tsock.settings.webhooks import WebhookSettings


class StoreSettings(WebhookSettings, frozen=True, kw_only=True):
    """Store."""

    store_waiting_max: Annotated[int, Limit(code=20503, low=1)] = 10_000
    """Writes waiting for the store; beyond it 503, after which SDKs try again."""
    store_group_max: Annotated[int, Limit(low=1)] = 1_000
    """Writes that share one commit on SQLite."""
    store_rules_per_turn_ms: Annotated[float, Limit(low=0.001)] = 1.0
    """Time given to rules in one turn of the event loop; on PostgreSQL to queries."""
    store_wait_s: Annotated[float, Limit(code=20503, low=0.1)] = 10.0
    """How long a request waits for PostgreSQL; then 503, after which SDKs try again."""
    store_write_connections: Annotated[int, Limit(low=1)] = 8
    """Connections to PostgreSQL for what writes, beside one for long work."""
    store_read_connections: Annotated[int, Limit(low=1)] = 4
    """Connections to PostgreSQL for what only reads."""
