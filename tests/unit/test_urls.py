import pytest

from tsock.urls import without_password


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
