import pytest

from tsock.urls import is_web_url, without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@example.com/x?to=a@b", "https://example.com/x?to=a@b"),
        ("https://token@example.com", "https://example.com"),
        ("http://a:b@c@example.com:8080/", "http://example.com:8080/"),
        ("https://user:pa/ss@example.com/", "https://user:pa/ss@example.com/"),
        ("https://example.com/@x", "https://example.com/@x"),
        ("mail a@example.com", "mail a@example.com"),
    ],
)
def test_shown_url_is_without_its_credentials(text: str, shown: str):
    assert without_password(text) == shown


@pytest.mark.parametrize(
    "text", ["", "example.com", "ftp://a", "https://", "https://a b", "https://ä", "http://a:0x1"]
)
def test_other_text_is_no_web_url(text: str):
    assert not is_web_url(text, 512)


def test_web_url_is_bounded():
    assert is_web_url("https://example.com:8443/" + "x" * 7, 32)
    assert not is_web_url("https://example.com:8443/" + "x" * 8, 32)
