"""Where the media of a service are (`protocol/conversations.md`, Media)."""

from tsock.api.addressing import product_url


def media_url(origin: str, service_sid: str) -> str:
    """What media are uploaded to; with `Set` behind it, what many are asked from.

    Args:
        origin: scheme, host and port by which the client reaches this server.
        service_sid: whose media they are.
    """
    return f"{product_url(origin, 'mcs')}/v1/Services/{service_sid}/Media"
