import pytest
from jinja2 import UndefinedError

from tests.support.reading import Reading
from tsock.site.rendering import STYLE, render


def test_what_is_shown_is_text_never_markup() -> None:
    asked = "</p><script>alert(1)</script>\"'&amp;"
    page = render("errors.html", asked=asked, found=[], is_code=False, chars_max=100)
    reading = Reading(page)
    assert asked in reading.text
    assert reading.forms == [{"method": "get", "action": "/errors", "q": asked}]


def test_name_that_a_template_misses_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="asked"):
        render("errors.html", found=[], is_code=False, chars_max=100)


def test_stylesheet_loads_nothing_from_elsewhere() -> None:
    assert b"url(" not in STYLE
    assert b"@import" not in STYLE
