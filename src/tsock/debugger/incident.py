"""What is told to the debugger: something that went wrong, as whoever met it knows it."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from tsock import dictionary
from tsock.accounts.caller import Caller
from tsock.accounts.directory import DEFAULT, Directory
from tsock.debugger.alerts import Level
from tsock.debugger.denials import Denial
from tsock.debugger.exchange import NOTHING, Exchange, clear, form_variables, kept
from tsock.errors import ApiError
from tsock.ids import is_sid
from tsock.tokens.examination import GRANTS
from tsock.tokens.report import Report
from tsock.webhooks.failure import DeliveryFailure, Fault, HookFailure

FACT_CHARS_MAX = 2048
_ORDINARY = (404, 409, 412)
"""What working programs meet: they look whether something is there, or lose a race."""
_GRAVE = (401, 403, 429)
"""Whoever meets these meets them again until somebody looks after it."""
_SID = re.compile(r"(?<=/)([A-Z]{2})[0-9a-f]{32}(?=[/.]|$)")
_VERSION = re.compile(r"(?<=/)(?:2010-04-01|v[0-9])(?=/)")


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that went wrong."""

    code: int
    """From the dictionary."""
    text: str
    """What exactly; it holds no secret."""
    fix: str | None = None
    """What helps, where more is known than the dictionary says of the code; empty where the text says it."""
    level: Level
    account_sid: str | None = None
    """Whose it is; one that is not known here counts as None."""
    identity: str = ""
    about: str = ""
    """What is no repeat of another one of the same code differs in this."""
    resource_sid: str | None = None
    service_sid: str | None = None
    api_version: str | None = None
    exchange: Exchange = NOTHING


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was answered with an error, whichever door it came through."""

    error: ApiError
    """What the caller was told, and what helps."""
    account_sid: str | None
    """The caller's; None where it is not known."""
    identity: str = ""
    request_sid: str | None = None
    method: str | None
    """None for what was no request."""
    url: str
    """With the query, if any; over the socket it begins with the path. Empty for what was no request."""
    headers: Mapping[str, str] = {}
    parameters: Iterable[tuple[str, str]] = ()
    """Over the socket."""
    body: bytes = b""
    """Looked into only where it is a form."""
    is_lasting: bool = False
    """Whether it is met again until somebody looks after it, whatever its status is."""

    @property
    def level(self) -> Level:
        """How severe it is: the dictionary knows codes, not who waits for what."""
        error = self.error
        if error.status in _ORDINARY and not self.is_lasting:
            return "notice"
        return level_of(error.code) if error.status >= 500 or error.status in _GRAVE else "warning"

    def __repr__(self) -> str:
        return f"Rejection({self.error}, {self.method})"


def level_of(code: int) -> Level:
    """How severe it is, as the dictionary says."""
    entry = dictionary.lookup(code)
    return entry.level if entry else "error"


def of_rejection(rejection: Rejection) -> Incident:
    """What a rejected request amounts to."""
    path = rejection.url.partition("?")[0]
    sids = {found[1]: found[0] for found in _SID.finditer(path)}
    version = _VERSION.search(path)
    content_type, about = rejection.headers.get("content-type", ""), rejection.error.about
    told = {} if rejection.request_sid is None else {"twilio-request-id": rejection.request_sid}
    return Incident(
        code=rejection.error.code,
        text=rejection.error.message,
        fix=rejection.error.fix,
        level=rejection.level,
        account_sid=rejection.account_sid,
        identity=rejection.identity,
        about=about,
        resource_sid=about if is_sid(about) else next(reversed(sids.values()), None),
        service_sid=sids.get("IS"),
        api_version=version and version[0],
        exchange=kept(
            rejection.method,
            rejection.url,
            (*rejection.parameters, *form_variables(rejection.body, content_type)),
            rejection.headers,
            status=rejection.error.status,
            response_headers=told,
        ),
    )


def of_denial(denial: Denial, caller: Caller | None, directory: Directory) -> Incident:
    """What a denial amounts to: of the token its claims, and a hash to tell it by.

    Args:
        denial: why a client was refused.
        caller: who it is, where it has a token that was accepted.
        directory: tells what `default` in a grant means.
    """
    examined = denial.report
    if examined is not None:
        key_sid, services = examined.key_sid, _granted(examined, directory)
    else:
        key_sid, services = (caller.key_sid, list(caller.products.values())) if caller else (None, [])
    said = " ".join(filter(None, (denial.summary, examined and examined.fix)))
    proof = "" if denial.proven else ", nothing proves whose it is"
    return Incident(
        code=denial.code,
        text=f"{dictionary.title(denial.code)}: {said} (cause {denial.cause}, denial {denial.sid}{proof})",
        level=level_of(denial.code),
        account_sid=denial.account_sid if denial.proven else None,
        resource_sid=key_sid,
        service_sid=next(iter(services), None),
        exchange=_facts(
            Identity="" if denial.identity is None else str(denial.identity),
            Address=denial.address,
            Sdk=denial.sdk,
            TokenSha256=denial.digest or "",
            Claims=msgspec.json.encode(examined.claims).decode() if examined else "",
        ),
    )


def of_end(code: int, text: str, caller: Caller | None, address: str, sdk: str) -> Incident:
    """What it amounts to that the server ended a connection, for a reason that the dictionary has."""
    identity = caller.identity if caller else ""
    return Incident(
        code=code,
        text=": ".join(filter(None, (dictionary.title(code), text))),
        level=level_of(code),
        account_sid=caller and caller.account_sid,
        identity=identity,
        resource_sid=caller and caller.key_sid,
        service_sid=next(iter(caller.products.values()), None) if caller else None,
        exchange=_facts(Identity=identity, Address=address, Sdk=sdk),
    )


def of_delivery(failure: DeliveryFailure) -> Incident:
    """What it amounts to that a webhook was not delivered."""
    fault = failure.fault
    outcome = "given up" if failure.is_given_up else "will be tried again"
    return Incident(
        code=fault.code,
        text=f"{dictionary.title(fault.code)}: {fault.text} "
        f"({failure.event_type}, attempt {failure.attempt}, {outcome}, delivery {failure.sid})",
        level=level_of(fault.code),
        account_sid=failure.account_sid,
        resource_sid=failure.sid,
        service_sid=failure.service_sid,
        exchange=_exchange(fault),
    )


def of_hook(failure: HookFailure) -> Incident:
    """What it amounts to that a pre-action hook did not say what is to be done."""
    fault = failure.fault
    return Incident(
        code=fault.code,
        text=f"{dictionary.title(fault.code)}: {fault.text} ({failure.event_type}, went on unchanged)",
        level=level_of(fault.code),
        account_sid=failure.account_sid,
        resource_sid=failure.sid,
        service_sid=failure.service_sid,
        exchange=_exchange(fault),
    )


def _exchange(fault: Fault) -> Exchange:
    sent, received = fault.request, fault.response
    if sent is None:
        return NOTHING
    return kept(
        sent.method,
        sent.url,
        sent.parameters.items(),
        sent.headers,
        status=received and received.status,
        response_headers=received.headers if received else {},
        response_body=received.body if received else "",
    )


def _facts(**facts: str) -> Exchange:
    """What is known of a client, in the place of a request's variables."""
    return Exchange(
        variables=tuple((name, clear(text, FACT_CHARS_MAX)) for name, text in facts.items() if text)
    )


def _granted(examined: Report, directory: Directory) -> list[str]:
    """The services in a token's grants, as far as they are SIDs or the default ones of its account."""
    services: list[str] = []
    for name, product in GRANTS.items():
        text = (examined.claims.grants or {}).get(name, {}).get("service_sid", "")
        if text == DEFAULT and (service := directory.default_service(examined.account_sid or "", product)):
            services.append(service.sid)
        elif is_sid(text):
            services.append(text)
    return services
