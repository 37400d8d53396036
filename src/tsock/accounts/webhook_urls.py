"""Webhook URLs at rest: the password of one is sealed in its place, and all else stays readable.

So whoever asks where a URL leads, or how often it is to be tried, needs no key. Only what shows it to its
owner or calls it opens it.
"""

from tsock.accounts.secrets import Vault
from tsock.errors import ConfigError
from tsock.urls import without_password
from tsock.webhooks.targets import StoredUrl, configured, lane, replace_password


def checked(vault: Vault, account_sid: str, url: str, chars_max: int) -> StoredUrl:
    """What is kept of a URL that somebody gives.

    Raises:
        ValueError: as of `configured`.
    """
    return sealed(vault, account_sid, configured(url, chars_max))


def sealed(vault: Vault, account_sid: str, url: str) -> StoredUrl:
    """What is kept of a URL in the form of `configured`."""
    owner = _owner(account_sid, url)
    # The one character of base64 that ends the host's part of a URL.
    return StoredUrl(replace_password(url, lambda text: vault.seal(owner, text).replace("/", "_")))


def opened(vault: Vault, account_sid: str, url: StoredUrl) -> str:
    """The URL that was given.

    Raises:
        ConfigError: its password was sealed for another account, host or port, or with another master key,
            or is damaged.
    """
    owner = _owner(account_sid, url)
    try:
        return replace_password(url, lambda text: vault.open(owner, text.replace("_", "/")))
    except ConfigError:
        raise ConfigError(
            f"the password of the webhook URL to {lane(url)} cannot be opened with this master key: it was "
            "damaged or changed by hand; set the URL again"
        ) from None


def shown(vault: Vault, account_sid: str, url: StoredUrl | None) -> str | None:
    """The URL that was given, for whoever may set it; without credentials if these cannot be opened.

    So a damaged one is in nobody's way, least of all in that of who replaces it.
    """
    if url is None:
        return None
    try:
        return opened(vault, account_sid, url)
    except ConfigError:
        return without_password(url)


def _owner(account_sid: str, url: str) -> str:
    """What a password is bound to: so what is moved to another URL by hand is not told to its target."""
    return f"{account_sid} {lane(url)}"
