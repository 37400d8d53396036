"""Webhook URLs taken apart, and the addresses that are out of bounds."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tsock.errors import ConfigError
from tsock.webhooks.targets import PrivateTargets, Target, configured, is_public, lane

PUBLIC_ONLY = PrivateTargets(())


def test_url_is_taken_apart() -> None:
    target = Target.read(
        "https://us%40er:p%3Ass@Hooks.Example:8443/a%20b?x=1&y=#ct=2000&rt=5000&tt=8000&rc=2"
    )

    assert target.url == "https://us%40er:p%3Ass@Hooks.Example:8443/a%20b?x=1&y="
    assert target.public_url == "https://Hooks.Example:8443/a%20b?x=1&y="
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example", 8443)
    assert (target.authority, target.path) == ("Hooks.Example:8443", "/a%20b?x=1&y=")
    assert (target.user, target.password) == ("us@er", "p:ss")
    assert (target.connect_timeout_ms, target.read_timeout_ms, target.timeout_ms) == (2000, 5000, 8000)
    assert target.retries_max == 2


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://a.example", "a.example", 80, "/"),
        ("https://a.example", "a.example", 443, "/"),
        ("https://a.example?x", "a.example", 443, "/?x"),
        ("https://a.example/#", "a.example", 443, "/"),
        ("https://a.example/h?", "a.example", 443, "/h"),
        ("https://a.example?#ct=200", "a.example", 443, "/"),
        ("https://a.example/h??", "a.example", 443, "/h??"),
        ("http://[2001:DB8::1]/", "2001:db8::1", 80, "/"),
        ("http://[::1]:81/", "::1", 81, "/"),
        ("http://a.example/x@y:z", "a.example", 80, "/x@y:z"),
        ("http://@a.example/", "a.example", 80, "/"),
        ("HTTPS://a.example/", "a.example", 443, "/"),
        ("http://a_b.example:65535/", "a_b.example", 65535, "/"),
    ],
)
def test_every_form_of_url_is_read(url: str, host: str, port: int, path: str) -> None:
    target = Target.read(url)

    assert (target.host, target.port, target.path, target.user) == (host, port, path, None)
    assert lane(url) == f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/x",
        "ftp://hooks.example/",
        "http:///x",
        "http://:80/",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:8a/",
        "http://a.example:/",
        "http://a b.example/",
        "http://a.example/a b",
        "http://a.example/\r\nHost: b",
        "http://a.example/\x00",
        "http://bücher.example/",
        "http://a.example\\@b.example/",
        "http://a@b@c.example/",
        "http://[::1/",
        "http://[a.example]/",
        "http://a.example%2eb/",
    ],
)
def test_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="absolute http"):
        Target.read(url)
    assert lane(url) == ""


@pytest.mark.parametrize(
    "fragment", ["", "top", "ct=99", "ct=10001", "rc=6", "rc=-1", "tt=1e3", "rt=", "x=1"]
)
def test_fragment_that_sets_nothing_is_left_out(fragment: str) -> None:
    target = Target.read(f"http://a.example/#{fragment}")

    assert target.url == "http://a.example/"
    assert (target.connect_timeout_ms, target.read_timeout_ms) == (None, None)
    assert (target.timeout_ms, target.retries_max) == (None, None)


def test_target_never_shows_its_credentials_in_a_text() -> None:
    target = Target.read("https://user:secret@a.example/path?key=secret")

    assert "secret" not in repr(target)
    assert "user" not in target.public_url


@given(st.text())
@example("http://a.example:1@b.example/")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        target = Target.read(text)
    except ValueError:
        return
    assert target.url.isascii()
    assert text.startswith(target.url.partition("?")[0].rstrip("/"))


# Addresses.


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_outside_the_internet_is_refused(address: str) -> None:
    assert not PUBLIC_ONLY.permits("hooks.example", address)
    assert PrivateTargets(("any",)).permits("hooks.example", address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "100.63.255.255",
        "172.32.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_address_of_the_internet_is_permitted(address: str) -> None:
    assert PUBLIC_ONLY.permits("hooks.example", address)


@given(st.ip_addresses())
def test_whatever_python_knows_as_special_is_refused(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified:
        assert not is_public(address) or str(address).startswith("2001:")  # parts that were released since


def test_networks_addresses_and_hosts_can_be_allowed() -> None:
    allowed = PrivateTargets(("10.1.0.0/16", "127.0.0.1", "fd00::/8", "Hooks.Internal"))

    assert allowed.permits("x", "10.1.2.3")
    assert allowed.permits("x", "::ffff:10.1.2.3")
    assert not allowed.permits("x", "10.2.0.1")
    assert allowed.permits("x", "127.0.0.1")
    assert not allowed.permits("x", "127.0.0.2")
    assert allowed.permits("x", "fd12::1")
    assert allowed.permits("hooks.internal", "192.168.7.7")
    assert not allowed.permits("other.internal", "192.168.7.7")
    assert allowed.permits("x", "8.8.8.8")


@pytest.mark.parametrize("text", ["10.0.0.0/33", "http://hooks.example", "a b", "*", "[::1]"])
def test_what_is_neither_host_nor_network_is_a_mistake(text: str) -> None:
    with pytest.raises(ConfigError, match="webhook_private_targets"):
        PrivateTargets((text,))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://a.example", "http://a.example/"),
        ("http://a.example:81", "http://a.example:81/"),
        ("http://a.example?x=1", "http://a.example/?x=1"),
        ("http://a.example?", "http://a.example/"),
        ("http://a.example#ct=200", "http://a.example/#ct=200"),
        ("http://a.example/h?", "http://a.example/h"),
        ("http://a.example/h?#ct=200", "http://a.example/h#ct=200"),
    ],
)
def test_url_is_kept_in_the_form_that_every_validator_accepts(url: str, kept: str) -> None:
    assert configured(url, 512) == configured(kept, 512) == kept
    assert Target.read(url).url == kept.partition("#")[0]


@pytest.mark.parametrize(
    "url",
    [
        "HTTP://User:P%40ss@Hooks.Example:80/A/../b//?q=%7e&q&a[]=1&b=?/#rc=1",
        "https://a.example/h?x",
        "https://a.example/?",
        "https://[2001:DB8::1]/~a/(b)!$&'*+,;=:@",
    ],
)
def test_all_else_of_a_url_stays_as_it_was_given(url: str) -> None:
    assert configured(url, 512) == url.removesuffix("?")


@pytest.mark.parametrize(
    ("character", "named"),
    [
        (" ", "blank (%20)"),
        ("\t", r"'\t' (%09)"),
        ("\n", r"'\n' (%0A)"),
        ("\x00", r"'\x00' (%00)"),
        ("\x7f", r"'\x7f' (%7F)"),
        ("ü", "'ü' (%C3%BC)"),
        ("\u202e", r"'\u202e' (%E2%80%AE)"),
        *((character, f"{character!r} (%{ord(character):02X})") for character in '"<>\\^`{|}'),
    ],
)
def test_character_that_no_url_has_is_named(character: str, named: str) -> None:
    for url in (f"http://a.example/a{character}b", f"http://a.example/?a={character}"):
        with pytest.raises(ValueError, match="percent-encode it") as caught:
            configured(url, 512)
        assert named in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "begins with neither http:// nor https://, but with ''"),
        ("h.example/x?key=secret", "begins with neither http:// nor https://, but with 'h.example'"),
        ("user:secret@h.example/x", "begins with neither http:// nor https://, but with 'h.example'"),
        ("ftp://user:secret@h.example/x", "its scheme is 'ftp'"),
        ("http:///x", "it has no host"),
        ("http://user:secret@:80/x", "it has no host"),
        ("http://user:secret@h.example:0/", "its port is '0', expected 1 to 65535"),
        ("http://h.example:99999/", "its port is '99999', expected 1 to 65535"),
        ("http://h.example:/", "its port is '', expected 1 to 65535"),
        ("http://h.example:8a/", "its port is '8a', expected 1 to 65535"),
        ("http://[::1/", "its host is '[::1', neither a name nor an address"),
        ("http://h.ex%61mple/", "its host is 'h.ex%61mple', neither a name nor an address"),
        ("http://h .example/", "its host is 'h .example', neither a name nor an address"),
        ("http://ü.example/", "its host is 'ü.example': write it in Punycode, xn--tda.example"),
        ("http://user:secret@ü.example/", "its host is 'ü.example': write it in Punycode, xn--tda.example"),
        (f"http://{'ü' * 80}/", "write it in Punycode"),
        ("http://user:sec ret@h.example/", "its user and password are not percent-encoded"),
        ("http://user:sec/ret@h.example/", "its user and password are not percent-encoded"),
        ("http://user@secret@h.example/", "its user and password are not percent-encoded"),
        ("http://h.example/%zz", "a % by itself is %25"),
        ("http://h.example/?a=100%", "a % by itself is %25"),
        ("http://user:secret%@h.example/", "a % by itself is %25"),
        ("http://[::1]/[x]", "no '[' (%5B) there: percent-encode it"),
        ("http://h.example/x]?a[]=1", "no ']' (%5D) there: percent-encode it"),
    ],
)
def test_refusal_says_which_part_is_wrong_and_repeats_no_secret(url: str, said: str) -> None:
    with pytest.raises(ValueError, match="expected an absolute http") as caught:
        configured(url, 512)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200
    assert not [part for part in ("user:", "sec", "ret", "key") if part in str(caught.value)]


def test_url_of_before_with_characters_that_no_url_has_is_still_called() -> None:
    assert Target.read("http://h.example/%zz[x]").path == "/%zz[x]"


def test_url_that_is_too_long_is_refused_with_both_lengths() -> None:
    assert len(configured("http://a.example/".ljust(512, "x"), 512)) == 512
    with pytest.raises(ValueError, match="at most 512 characters, not 513"):
        configured("http://a.example/".ljust(513, "x"), 512)
