"""Where Sync objects are: URLs in answers are absolute, and name objects by SID."""

import msgspec

from tsock.sync.kinds import Kind
from tsock.sync.models import Item


class Links(msgspec.Struct, frozen=True, gc=False):
    """The URLs of one service in one API."""

    account_sid: str
    service_sid: str
    base: str
    """What they begin with, such as `https://cds.us1.twilio.com`."""
    version: str
    """The segment behind that: `v3` for clients, `v1` over REST."""

    @property
    def service(self) -> str:
        """The URL of the service."""
        return f"{self.base}/{self.version}/Services/{self.service_sid}"

    def of(self, kind: Kind, sid: str) -> str:
        """The URL of a root, by its SID."""
        return f"{self.service}/{kind.segment}/{sid}"

    def item(self, kind: Kind, item: Item) -> str:
        """The URL of an item of a list or map."""
        return f"{self.service}/{kind.segment}/{item.object_sid}/Items/{item.segment}"
