"""Whether what is done over REST is told to webhooks, which the request says."""

from tsock.api.request import Request

HEADER = "x-twilio-webhook-enabled"


def asks_for_webhooks(request: Request) -> bool:
    """Whether it has `X-Twilio-Webhook-Enabled: true`."""
    return request.headers.get(HEADER, "").strip().lower() == "true"
