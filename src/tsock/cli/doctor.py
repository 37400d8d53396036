"""`tsock doctor`: says of a token whether the gateway accepts it and, if not, why."""

import os
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from tsock.cli import output, report
from tsock.cli.exits import DONE, NO, WRONG, decided
from tsock.cli.location import HERE, Location, NoServer, Product
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.pasted import pasted
from tsock.clock import Clock
from tsock.errors import ConfigError
from tsock.settings import load


async def doctor(
    text: Annotated[str, Parameter(name="token", metavar="TOKEN|-", allow_leading_hyphen=True)],
    /,
    *,
    product: Product | None = None,
    json: AsJson = False,
    location: Location = HERE,
) -> int:
    """Examine a token: every check, the first failure marked, its cause and its fix.

    The exit code is 1 when the gateway would refuse it now. Anything may be pasted; what is no token is
    recognised. Without a server, what needs none is looked at.

    Args:
        text: What the client was given, or `-` to read it from standard input.
        product: Ask for the grant that this product's SDK needs, too.
        json: Print JSON.
        location: Where.
    """
    text = pasted(text)
    try:
        async with operator(location) as ask:
            examined = await ask.post("doctor", body=text, product=product)
    except NoServer as missing:
        examined = _alone(text, product, location)
        if examined["verdict"] == "accepted":
            with decided(WRONG):
                if not json:  # a program would read the document's verdict, which is none
                    report.claims(examined)
                    report.checks(examined)
            raise ConfigError(
                f"as far as can be told without a server, nothing is wrong with it; {missing}"
            ) from None
        output.remark("no server was found: account, key, signature and services were not looked at")
    code = DONE if examined["verdict"] == "accepted" else NO
    with decided(code):
        if json:
            output.document(examined)
        else:
            report.verdict(examined)
            report.claims(examined)
            report.checks(examined)
    return code


def _alone(text: str, product: Product | None, location: Location) -> dict[str, Any]:
    """The report of no server, as one would answer it."""
    # Only now: with a server, its process does this.
    from tsock.api.operator.body import PRODUCTS  # noqa: PLC0415
    from tsock.tokens.examiner import examine_alone  # noqa: PLC0415

    settings = load({}, os.environ, location.config).settings
    registered = () if product is None else (PRODUCTS[product],)
    report = examine_alone(text, Clock().now_ms(), settings, registered)
    return msgspec.to_builtins(report)
