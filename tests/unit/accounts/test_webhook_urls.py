"""Webhook URLs at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.accounts.secrets import Vault
from tsock.accounts.webhook_urls import checked, opened, sealed, shown
from tsock.errors import ConfigError
from tsock.webhooks.targets import StoredUrl, Target, lane

VAULT = Vault(b"m" * 32)
URL = "https://hook:hunter2@a.example:8443/in?x=1#rc=2"

characters = st.sampled_from([*"abcXYZ019._~!$&'()*+,;=:-", "%25", "%2F"])
passwords = st.lists(characters, min_size=1, max_size=80).map("".join)


@given(passwords)
def test_url_comes_back_as_it_was_given(password: str) -> None:
    url = f"https://al%40ice:{password}@a.example/in"
    kept = checked(VAULT, "AC1", url, 512)
    assert (kept == url, opened(VAULT, "AC1", kept), shown(VAULT, "AC1", kept)) == (False, url, url)
    assert f":{password}@" not in kept


def test_all_but_the_password_can_be_read_without_a_key() -> None:
    kept, given = Target.read(sealed(VAULT, "AC1", URL)), Target.read(URL)
    assert (kept.public_url, kept.user, kept.retries_max) == (given.public_url, given.user, given.retries_max)
    assert lane(kept.url) == lane(URL) == "a.example:8443"


@pytest.mark.parametrize("url", ["https://a.example/", "https://me@a.example/", "https://me:@a.example/"])
def test_url_without_a_password_stays_as_it_is(url: str) -> None:
    assert checked(VAULT, "AC1", url, 512) == opened(VAULT, "AC1", StoredUrl(url)) == url


def test_length_is_that_of_the_url_that_is_given() -> None:
    longest = URL.partition("#")[0].ljust(512, "x")
    assert opened(VAULT, "AC1", checked(VAULT, "AC1", longest, 512)) == longest
    with pytest.raises(ValueError, match="at most 512 characters, not 513"):
        checked(VAULT, "AC1", f"{longest}x", 512)


def test_what_was_sealed_for_somebody_else_is_not_told() -> None:
    kept = sealed(VAULT, "AC1", URL)
    moved = StoredUrl(kept.replace("a.example", "b.example"))
    for vault, account_sid, url in [
        (VAULT, "AC2", kept),
        (Vault(b"n" * 32), "AC1", kept),
        (VAULT, "AC1", moved),
    ]:
        with pytest.raises(ConfigError, match=r"the password of the webhook URL to .\.example:8443 cannot"):
            opened(vault, account_sid, url)
        assert "@" not in str(shown(vault, account_sid, url))


@pytest.mark.parametrize("damaged", ["", "hunter2", "AAAA", "ä", "A" * 400])
def test_damaged_one_is_told_as_such(damaged: str) -> None:
    url = StoredUrl(f"https://hook:{damaged or '%'}@a.example/in")
    with pytest.raises(ConfigError, match="set the URL again"):
        opened(VAULT, "AC1", url)
    assert shown(VAULT, "AC1", url) == "https://a.example/in"


def test_secrets_of_other_kinds_cannot_be_had_as_passwords() -> None:
    token = VAULT.seal("AC1", "an Auth Token").replace("/", "_")
    with pytest.raises(ConfigError):
        opened(VAULT, "AC1", StoredUrl(f"https://hook:{token}@a.example/in"))
