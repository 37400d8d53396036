"""The permissions that there are: what the policy of a restricted key can list of the products served here.

The same as the routes ask for; a test compares the two (`docs/reference/permissions.md`).
"""

import difflib

_READ = ("list", "read")
_CHANGE = (*_READ, "update")
_GRANT = ("delete", *_CHANGE)
_ALL = ("create", *_GRANT)

_ACTIONS = {
    "api": {"accounts": ("create", *_CHANGE), "keys": _ALL},
    "chat": {
        **dict.fromkeys(
            ("channels", "credentials", "members", "messages", "roles", "services", "users", "webhooks"), _ALL
        ),
        **dict.fromkeys(("bindings", "user-bindings"), ("delete", *_READ)),
        "invites": ("create", "delete", *_READ),
        "user-channels": _GRANT,
    },
    "conversations": {
        **dict.fromkeys(
            ("conversations", "credentials", "messages", "participants", "roles", "users", "webhooks"), _ALL
        ),
        **dict.fromkeys(
            (
                "configuration",
                "configuration-webhooks",
                "service-configuration",
                "service-configuration-webhooks",
                "service-notifications",
            ),
            ("read", "update"),
        ),
        "bindings": ("delete", *_READ),
        "conversation-with-participants": ("create",),
        "participant-conversations": ("list",),
        "receipts": _READ,
        "services": ("create", "delete", *_READ),
        "user-conversations": _GRANT,
    },
    "iam": {"keys": _ALL},
    "mcs": {"media": ("create", "read")},
    "monitor": {"alerts": _READ, "events": _READ},
    "sync": {
        **dict.fromkeys(
            ("documents", "list-items", "lists", "map-items", "maps", "services", "streams"), _ALL
        ),
        **dict.fromkeys(("document-permissions", "list-permissions", "map-permissions"), _GRANT),
        "messages": ("create",),
    },
}
"""By product and resource."""

PERMISSIONS = frozenset(
    f"/twilio/{product}/{resource}/{action}"
    for product, resources in _ACTIONS.items()
    for resource, actions in resources.items()
    for action in actions
)

_LIKENESS = 0.75
"""From here on a word is taken for a misspelt other one: `syncs`, `conversation`."""


def unknown(entry: str) -> str | None:
    """What is wrong with an entry of a policy, and the nearest permission; None if nothing is.

    What a product has that is not served here is not judged, and allows nothing.
    """
    if entry in PERMISSIONS:
        return None
    product = entry.split("/")[2].strip().lower() if entry.startswith("/twilio/") else None
    if product is None:
        problem = "a permission starts with /twilio/"
    elif not product:
        problem = "its product is missing"
    elif "*" in product or (product in _ACTIONS and "*" in entry):
        problem = "there is no wildcard"
    elif product in _ACTIONS:
        problem = f"{product} has no such permission"
    elif difflib.get_close_matches(product, _ACTIONS, cutoff=_LIKENESS):
        problem = "there is no such product"
    else:
        return None
    return f"{entry!r} names no permission: {problem}; the nearest is {_nearest(entry)}"


def _nearest(entry: str) -> str:
    words = [word.strip() for word in entry.lower().split("/") if word.strip()]
    if words and difflib.get_close_matches(words[0], ("twilio",), cutoff=_LIKENESS):
        del words[0]
    written = "/".join(("/twilio", *words))
    return difflib.get_close_matches(written, sorted(PERMISSIONS), n=1, cutoff=0)[0]
