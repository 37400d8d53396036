from tsock import dictionary
from tsock.site.prose import prose


def test_codes_and_literals_are_told_from_text() -> None:
    assert prose("Run `tsock why`: 20103, not 99999 or 8640020103.") == [
        ("text", "Run "),
        ("literal", "tsock why"),
        ("text", ": "),
        ("code", "20103"),
        ("text", ", not 99999 or 8640020103."),
    ]


def test_nothing_of_the_dictionary_is_lost() -> None:
    for entry in dictionary.entries().values():
        for text in (entry.meaning, *entry.causes, *entry.fixes):
            assert "".join(part for _, part in prose(text)) == text.replace("`", "")
