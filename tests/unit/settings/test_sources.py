import re

import pytest

from tsock.errors import ConfigError
from tsock.settings import load


@pytest.fixture
def toml(tmp_path, monkeypatch):
    """Writes `tsock.toml` in the working directory."""
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "tsock.toml").write_text


@pytest.fixture(autouse=True)
def no_file_of_the_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_flag_beats_environment_beats_file_beats_default(toml):
    toml("port = 1001\ndrain_s = 5\nregion = 'ie1'\n")
    loaded = load({"port": 1003, "host": None}, {"TSOCK_PORT": "1002", "TSOCK_DRAIN_S": "6"})
    settings = loaded.settings
    assert (settings.port, settings.drain_s, settings.region, settings.host) == (1003, 6, "ie1", "127.0.0.1")
    origins = [loaded.origins[name] for name in ("port", "drain_s", "region", "host")]
    assert origins == ["--port", "TSOCK_DRAIN_S", "tsock.toml", "default"]


def test_config_variable_names_the_file(tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("port = 99")
    loaded = load({}, {"TSOCK_CONFIG": str(other)})
    assert loaded.settings.port == 99
    assert loaded.origins["port"] == str(other)


def test_named_file_that_is_missing_is_an_error():
    with pytest.raises(ConfigError, match=r"nowhere\.toml: the settings file cannot be read: No such file"):
        load({}, {"TSOCK_CONFIG": "nowhere.toml"})


def test_file_that_is_no_toml_is_an_error_with_the_place(toml):
    toml("port = \n")
    with pytest.raises(ConfigError, match=r"tsock\.toml: expected TOML.*line 1"):
        load({}, {})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ack_timeout_s", "1500ms", 1.5),
        ("drain_s", "2 min", 120.0),
        ("token_lifetime_s_max", "1h", 3600),
        ("sync_estimated_delivery_ms", "2.5s", 2500),
        ("sync_tombstone_days", "36h", 1.5),
        ("sync_data_bytes_max", "16KiB", 16384),
        ("packet_bytes_max", "2 MiB", 2 * 1024 * 1024),
        ("header_bytes_max", "4096 B", 4096),
        ("requests_per_connection_per_s", "12.5", 12.5),
        ("region_aliases", "ie1, au1", ("ie1", "au1")),
    ],
)
def test_text_is_converted_to_the_unit_of_the_name(name, text, value):
    for loaded in (load({name: text}, {}), load({}, {f"TSOCK_{name.upper()}": text})):
        got = getattr(loaded.settings, name)
        assert got == value
        assert type(got) is type(value)


def test_file_takes_numbers_texts_and_lists(toml):
    toml("ack_timeout_s = 3\ndrain_s = '1 min'\nregion_aliases = ['ie1']\n")
    settings = load({}, {}).settings
    assert (settings.ack_timeout_s, settings.drain_s, settings.region_aliases) == (3.0, 60.0, ("ie1",))


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("ping_interval_s", 45, "expected a number of s from 0.001 to 44"),
        ("ping_interval_s", "25 parsecs", "one of the units ms s m min h d days; got '25 parsecs'"),
        ("ping_interval_s", "16KiB", "expected a number of s"),
        ("ping_interval_s", float("nan"), "got nan"),
        ("packet_bytes_max", "16KB", "one of the units bytes B KiB MiB GiB"),
        ("sync_estimated_delivery_ms", "0.5ms", "expected a whole number of ms"),
        ("requests_per_connection_per_s", "500s", "expected a number per s from 0"),
        ("port", True, "expected a whole number from 0 to 65535"),
        ("port", 65536, "got 65536"),
        ("port", "9" * 5000, "got '999"),
        ("profile", "hosted", "expected generous or twilio; got 'hosted'"),
        ("host", 5, "expected text; got 5"),
        ("host", "", "expected text; got ''"),
        ("region_aliases", [1], "expected texts"),
    ],
)
def test_wrong_value_names_setting_expectation_value_and_origin(name, raw, expected):
    with pytest.raises(ConfigError) as caught:
        load({name: raw}, {})
    text = str(caught.value)
    assert text.startswith(f"{name}: expected ")
    assert expected in text
    assert text.endswith(f"(from --{name.replace('_', '-')})")
    assert len(text) < 250


def test_misspelt_variable_is_an_error_with_the_close_match_but_without_its_value():
    with pytest.raises(ConfigError) as caught:
        load({}, {"TSOCK_MASTERKEY": "c2VjcmV0"})
    assert "TSOCK_MASTERKEY (from the environment): there is no such setting" in str(caught.value)
    assert "did you mean TSOCK_MASTER_KEY?" in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_misspelt_key_in_the_file_is_an_error_with_the_close_match(toml):
    toml("ping_intervall_s = 20")
    with pytest.raises(
        ConfigError, match=r"ping_intervall_s \(from tsock\.toml\).*did you mean ping_interval_s\?"
    ):
        load({}, {})


def test_variables_with_another_meaning_and_empty_ones_are_left_alone():
    environ = {
        "TSOCK_URL": "http://x",
        "TSOCK_WS": "ws://x",
        "TSOCK_MASTER_KEY": "k",
        "TSOCK_DATA": "",
        "PATH": "/",
    }
    assert load({}, environ) == load({}, {})


def test_contradiction_names_both_settings_and_origins(toml):
    toml("backoff_ms_max = 3000")
    expected = (
        "backoff_ms_min: expected less than backoff_ms_max, which is 3000 (from tsock.toml);"
        " got 4000 (from default)"
    )
    with pytest.raises(ConfigError, match=re.escape(expected)):
        load({}, {})


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        ({"drain_reconnect_ms_min": 10_000}, "drain_reconnect_ms_max"),
        ({"ack_timeout_s": 25}, "ping_interval_s"),
        ({"header_bytes_max": "1MiB"}, "packet_bytes_max"),
        ({"token_bytes_max": "20KiB"}, "init_bytes_max"),
        ({"sync_data_bytes_max": "1MiB"}, "request_body_bytes_max"),
    ],
)
def test_value_that_does_not_fit_beside_another_is_an_error(lesser, greater):
    with pytest.raises(ConfigError, match=f"expected less than {greater}"):
        load(lesser, {})


@pytest.mark.parametrize(
    "url", ["rt.example.com", "ws://rt.example.com", "https://rt.example.com/", "https://a b"]
)
def test_public_url_that_clients_could_not_dial_is_an_error(url):
    with pytest.raises(ConfigError, match="public_url: expected http"):
        load({"public_url": url}, {})


def test_public_url_with_a_password_is_refused_without_repeating_it():
    with pytest.raises(ConfigError) as caught:
        load({"public_url": "https://ann:pa55@rt.example.com"}, {})
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:8080", "https://example.com/realtime"])
def test_public_url_with_or_without_path_is_taken(url):
    assert load({"public_url": url}, {}).settings.public_url == url


@pytest.mark.parametrize("setting", [{"bus_url": "nats://bus"}, {"media_directory": "/media"}])
def test_what_is_for_several_nodes_needs_a_database_that_they_share(setting):
    with pytest.raises(ConfigError, match="set database_url too"):
        load(setting, {})


@pytest.mark.parametrize(
    "url", ["nats:/bus", "bus:4222", "redis://bus", "nats://", "nats://a,b", "nats://a:x"]
)
def test_bus_that_no_node_could_dial_is_an_error_before_anything_is_opened(url):
    with pytest.raises(ConfigError, match="expected nats:// or tls:// and a host"):
        load({"bus_url": url, "database_url": "postgresql://db/x"}, {})


@pytest.mark.parametrize("url", ["nats://bus", "tls://ann:pa55@bus:4222", "nats://one,nats://[::1]:4222"])
def test_bus_of_one_or_several_servers_is_taken(url):
    assert load({"bus_url": url, "database_url": "postgresql://db/x"}, {}).settings.bus_url == url


def test_bus_that_is_refused_is_not_shown_with_its_password():
    with pytest.raises(ConfigError) as caught:
        load({"bus_url": "http://ann:pa55@bus", "database_url": "postgresql://db/x"}, {})
    assert "pa55" not in str(caught.value)


def test_profile_twilio_sets_the_published_quotas_but_not_over_what_was_asked():
    loaded = load({"connects_per_account_per_s": 5}, {"TSOCK_PROFILE": "twilio"})
    settings = loaded.settings
    assert settings.requests_per_connection_per_s == 500
    assert settings.requests_per_account_per_s == 20_000
    assert settings.connections_per_account_max == 7_000
    assert settings.connects_per_node_per_s == 1_000
    assert settings.sync_writes_per_object_per_s == 20
    assert settings.sync_publishes_per_stream_per_s == 30
    assert settings.connects_per_account_per_s == 5
    assert loaded.origins["connections_per_account_max"] == "profile twilio"
    assert loaded.origins["connects_per_account_per_s"] == "--connects-per-account-per-s"


def test_development_does_not_limit_refused_tokens_unless_asked():
    assert load({}, {}).settings.failures_per_address_per_s == 50
    loaded = load({}, {}, dev=True)
    assert loaded.settings.failures_per_address_per_s == 0
    assert loaded.origins["failures_per_address_per_s"] == "tsock dev"
    assert load({"failures_per_address_per_s": 3}, {}, dev=True).settings.failures_per_address_per_s == 3


@pytest.mark.parametrize("word", ["warning", "WARNING", "Warning"])
def test_word_of_a_choice_is_taken_in_any_case(word: str) -> None:
    assert load({"log_level": word}, {}).settings.log_level == "warning"
