"""What the routes of REST have in common: who asks, and what it may hand on."""

from tsock.accounts import policies
from tsock.accounts.principal import Principal
from tsock.api.request import Request
from tsock.errors import ApiError


def asker(request: Request) -> Principal:
    """Who asks; the gatekeeper has let nobody else reach a route that is not for anybody."""
    assert request.principal is not None
    return request.principal


def require_no_more(principal: Principal, policy: str | None) -> None:
    """Refuse a restricted key that would make a key which may do more than itself.

    Args:
        principal: who asks.
        policy: of the key to be made or changed; None for one that is not restricted.

    Raises:
        ApiError: 403/20006.
    """
    key = principal.key
    if key is None or key.kind != "restricted":
        return
    if policy is None or not policies.is_within(policy, key.policy or ""):
        raise ApiError(
            403, 20006, "Access Denied: a restricted key makes only keys that may do no more than itself"
        )
