"""`tsock doctor`: says of a token whether the gateway accepts it and, if not, why."""

from typing import Annotated

from cyclopts import Parameter

from tsock.cli import output, report
from tsock.cli.exits import DONE, NO, decided
from tsock.cli.location import HERE, Location, Product
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.pasted import pasted


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
    recognised.

    Args:
        text: What the client was given, or `-` to read it from standard input.
        product: Ask for the grant that this product's SDK needs, too.
        json: Print JSON.
        location: Where.
    """
    text = pasted(text)
    async with operator(location) as ask:
        examined = await ask.post("doctor", body=text, product=product)
    code = DONE if examined["verdict"] == "accepted" else NO
    with decided(code):
        if json:
            output.document(examined)
        else:
            report.verdict(examined)
            report.claims(examined)
            report.checks(examined)
    return code
