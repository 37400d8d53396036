"""What becomes of a variable without a value."""

import pytest

from tsock.unset import is_unset


@pytest.mark.parametrize(
    "text",
    [
        *("undefined", "null", "None", "nil", "NaN", "NULL", " undefined\n", "<nil>", "(null)", "%!s(<nil>)"),
        *("{sid}", "{{sid}}", "{{ sid }}", "${SID}", "${process.env.SID}", "$SID", "$(SID)", "#{sid}"),
        *("<%= sid %>", "%(sid)s", "%s", "%SID%"),
    ],
)
def test_what_is_written_of_nothing_is_known(text: str) -> None:
    assert is_unset(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "nobody",
        "nonesuch",
        "undefined-1",
        "$",
        "50%",
        "{}",
        "a{b}",
        "{a b",
        "null@example.com",
        "0",
    ],
)
def test_ordinary_text_is_none_of_it(text: str) -> None:
    assert not is_unset(text)
