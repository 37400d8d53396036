"""Signatures, judged by the official validator."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from tsock.webhooks.signature import sign, with_body_digest
from tsock.webhooks.targets import Target

TOKEN = "0123456789abcdef0123456789abcdef"
EXAMPLE = {
    "EventType": "onMessageAdded",
    "AccountSid": "AC00000000000000000000000000000001",
    "ConversationSid": "CH00000000000000000000000000000002",
    "Body": "Hi & bye",
    "Index": "3",
    "Attributes": '{"k":1}',
}

names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
values = st.text(max_size=40)


class Form(dict):
    """Parameters as web frameworks hand them over: several values under one name."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def accepts(url: str, parameters: object, signature: str) -> bool:
    return RequestValidator(TOKEN).validate(url, parameters, signature)


def test_worked_example_has_its_published_signature() -> None:
    url = "https://hooks.example.test/conv?tenant=7"

    signature = sign(TOKEN.encode(), url, EXAMPLE)

    assert signature == "HLl3F+7Q7EkaLin7lLdaXBBRvwY="
    assert accepts(url, EXAMPLE, signature)


@given(st.dictionaries(names, values))
def test_form_is_accepted_by_the_official_validator(parameters: dict[str, str]) -> None:
    url = "https://hooks.example.test/sync?a=1&b=%20x"

    signature = sign(TOKEN.encode(), url, parameters)

    assert accepts(url, parameters, signature)
    assert not accepts(url, {**parameters, "More": ""}, signature)
    assert not accepts(url + "2", parameters, signature)
    assert not RequestValidator(TOKEN[::-1]).validate(url, parameters, signature)


@given(st.dictionaries(names, st.lists(values, min_size=1, max_size=4)))
def test_values_under_one_name_count_once_each_in_their_order(parameters: dict[str, list[str]]) -> None:
    url = "https://hooks.example.test/sync"

    signature = sign(TOKEN.encode(), url, parameters)

    assert accepts(url, Form(parameters), signature)
    shuffled = {name: [*reversed(several), several[0]] for name, several in parameters.items()}
    assert sign(TOKEN.encode(), url, shuffled) == signature


@pytest.mark.parametrize(
    ("configured", "seen"),
    [
        ("https://hooks.example.test/h", "https://hooks.example.test:443/h"),
        ("http://hooks.example.test/h", "http://hooks.example.test:8080/h"),
        ("http://127.0.0.1:9000/h", "http://127.0.0.1:9000/h"),
        ("http://[::1]:9000/h", "http://[::1]:9000/h"),
        ("https://hooks.example.test/h?x=1#ct=500&rc=0", "https://hooks.example.test/h?x=1"),
        ("https://hooks.example.test", "https://hooks.example.test/"),
        ("https://hooks.example.test?x=1", "https://hooks.example.test/?x=1"),
        ("https://user:pass@hooks.example.test/h", "https://user:pass@hooks.example.test/h"),
    ],
)
def test_url_as_configured_is_accepted_where_the_receiver_sees_it(configured: str, seen: str) -> None:
    signature = sign(TOKEN.encode(), Target.read(configured).url, EXAMPLE)

    assert accepts(seen, EXAMPLE, signature)


def test_get_is_signed_by_its_url_alone() -> None:
    url = "https://hooks.example.test/get?EventType=x&Body=Hi%20%26%20bye"

    assert accepts(url, {}, sign(TOKEN.encode(), url))


@pytest.mark.parametrize(
    "url", ["https://hooks.example.test/json", "https://hooks.example.test/json?tenant=7"]
)
@given(body=st.text(max_size=100))
def test_json_is_accepted_with_the_digest_of_its_body_in_the_url(url: str, body: str) -> None:
    signed = with_body_digest(url, body.encode())

    assert signed.endswith(hashlib.sha256(body.encode()).hexdigest())
    assert accepts(signed, body, sign(TOKEN.encode(), signed))
    assert not accepts(signed, body + " ", sign(TOKEN.encode(), signed))
