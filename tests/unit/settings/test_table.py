from pathlib import Path

from tsock.dictionary import lookup
from tsock.settings import SECTIONS, SETTINGS, Settings, descriptions, load
from tsock.settings.reference import page

ROOT = Path(__file__).parents[3]


def test_defaults_are_what_a_user_could_have_written():
    """Each default passes the check that the same value in a flag would have to pass."""
    given = {name: s.default for name, s in SETTINGS.items() if s.default not in (None, ())}
    assert load(given, {}, Path("/dev/null")).settings == Settings()


def test_every_setting_is_described_and_its_error_is_in_the_dictionary():
    for name, setting in SETTINGS.items():
        assert descriptions()[name].endswith("."), name
        code = setting.limit.code
        assert code is None or lookup(code) is not None, name


def test_every_number_of_a_time_size_or_rate_has_its_unit_in_the_name():
    units = {s.unit for s in SETTINGS.values()}
    assert units == {"", "s", "ms", "h", "days", "bytes", "chars", "per_s", "per_min"}
    assert SETTINGS["updates_per_connection_per_min"].unit == "per_min"
    assert SETTINGS["sync_ttl_s_max"].unit == "s"


def test_reference_page_repeats_the_table():
    written = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    assert written == page(), "run: python -m tsock.settings.reference > docs/reference/settings.md"


def test_sections_begin_at_settings():
    assert set(SECTIONS) <= set(SETTINGS)
    assert next(iter(SETTINGS)) in SECTIONS
