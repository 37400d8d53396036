"""What media may be, and how long they are kept without a message."""

from typing import Annotated

from tsock.settings.conversations import ChatSettings
from tsock.settings.limit import Limit


class MediaSettings(ChatSettings, frozen=True, kw_only=True):
    """Media of Conversations."""

    media_bytes_max: Annotated[int, Limit(code=20413, low=1024 * 1024)] = 150 * 1024 * 1024
    """One file; told to clients in whole MiB."""
    media_per_message_max: Annotated[int, Limit(code=20422, low=1, high=100)] = 10
    """Files of one message; told to clients."""
    media_per_message_bytes_max: Annotated[int, Limit(code=50512, low=1024 * 1024)] = 150 * 1024 * 1024
    """All files of one message together; told to clients in whole MiB."""
    media_unclaimed_h: Annotated[float, Limit(low=0.01)] = 24.0
    """How long an upload that no message took is kept."""
    media_uploads_in_flight_max: Annotated[int, Limit(code=20429, low=1)] = 16
    """Uploads of one user at the same time; those of an account are REST requests of it."""
    media_url_s: Annotated[int, Limit(low=1, high=86_400)] = 300
    """How long a temporary URL of a download works."""
