"""Chooses what carries the bus of an installation."""

from tsock.bus.transport import Transport
from tsock.errors import ConfigError
from tsock.settings import Settings


def open_transport(settings: Settings, installation: str) -> Transport | None:
    """NATS where a URL of it is set, else NOTIFY of the database; None for a node that is alone.

    Raises:
        ConfigError: the URL is none.
    """
    if settings.database_url is None:
        return None
    # Each costs those nothing who do without it.
    if settings.bus_url is None:
        from tsock.bus.notify import Notify  # noqa: PLC0415

        return Notify(settings.database_url, installation)
    from tsock.bus.nats import Nats  # noqa: PLC0415

    try:
        return Nats(settings.bus_url, installation)
    except ValueError as error:
        raise ConfigError(f"bus_url: {error}") from None
