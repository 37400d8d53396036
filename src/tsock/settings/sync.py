"""What Sync objects may be, and how often they are asked for."""

from typing import Annotated

from tsock.settings.accounts import AccountSettings
from tsock.settings.limit import Limit


class SyncSettings(AccountSettings, frozen=True, kw_only=True):
    """Sync."""

    sync_data_bytes_max: Annotated[int, Limit(code=54006, low=2)] = 16 * 1024
    """Data of one document, list item or map item."""
    sync_message_bytes_max: Annotated[int, Limit(code=54006, low=2)] = 4 * 1024
    """Data of one stream message."""
    sync_unique_name_chars_max: Annotated[int, Limit(code=54302, low=1)] = 320
    """A unique name."""
    sync_key_chars_max: Annotated[int, Limit(code=54209, low=1)] = 320
    """The key of a map item."""
    sync_ttl_s_max: Annotated[int, Limit(code=54011, low=1)] = 31_536_000
    """Time to live of an object or item."""
    sync_items_max: Annotated[int, Limit(code=54006, low=1)] = 1_000_000
    """Items of one list or map."""
    sync_page_rows_max: Annotated[int, Limit(low=1, high=1000)] = 100
    """Rows of one page, whatever `PageSize` asks for."""
    sync_page_chars_max: Annotated[int, Limit(low=1)] = 256 * 1024
    """Characters of data in one page, which ends before the item that would exceed them."""
    sync_replay_events_max: Annotated[int, Limit(low=1)] = 1_000
    """Events replayed in answer to one request; further ones are told `interrupted`."""
    sync_subscriptions_max: Annotated[int, Limit(code=54419, low=1)] = 2_000
    """Objects that one connection subscribes to."""
    sync_subscription_batch_max: Annotated[int, Limit(low=1)] = 1_000
    """Entries of one subscription request; told to clients as `max_batch_size`."""
    sync_estimated_delivery_ms: Annotated[int, Limit(low=1)] = 10_000
    """How long clients wait for the confirmation; told to them as `estimated_delivery_in_ms`."""
    sync_tombstone_days: Annotated[float, Limit(low=1)] = 7.0
    """How long a removed item is remembered for clients that were away."""
    sync_sweep_interval_s: Annotated[float, Limit(low=0.001)] = 1.0
    """How often what has expired is removed and announced; reads never show it."""
    sync_writes_per_object_per_s: Annotated[float, Limit(code=54009, low=0, twilio=20)] = 0.0
    """Writes of one object and its items, by SID and by unique name apart; one of 2 KiB counts as two, one
    of 10 or more as ten. 0: off."""
    sync_reads_per_object_per_s: Annotated[float, Limit(code=54009, low=0, twilio=20)] = 0.0
    """Reads of one object and its items, by SID and by unique name apart; 0: off."""
    sync_creates_per_service_per_s: Annotated[float, Limit(code=54009, low=0, twilio=20)] = 0.0
    """Objects created in one service; 0: off."""
    sync_publishes_per_stream_per_s: Annotated[float, Limit(code=54009, low=0, twilio=30)] = 0.0
    """Messages published to one stream; 0: off."""
    sync_requests_per_permission_per_s: Annotated[float, Limit(code=54009, low=0, twilio=80)] = 0.0
    """Reads and writes over REST of what one identity may do with one object; 0: off."""
    sync_burst_s: Annotated[float, Limit(code=54009, low=1)] = 10.0
    """Each of the Sync rates lets this many seconds' worth through at once."""
