"""What the debugger webhook of an account says (`protocol/webhooks.md`, Debugger posts)."""

import msgspec

from tsock.accounts.records import Account
from tsock.clock import iso_s
from tsock.debugger.alerts import Alert
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

JSON_TYPE = "application/json"


def post(alert: Alert, account: Account, url: StoredUrl) -> Post:
    """The webhook that tells of an alert of this account."""
    parameters = {
        "Sid": alert.sid,
        "AccountSid": alert.account_sid,
        "Timestamp": iso_s(alert.at_ms),
        "Level": alert.level.capitalize(),
        "PayloadType": JSON_TYPE,
        "Payload": msgspec.json.encode(_payload(alert)).decode(),
    }
    if account.owner_sid is not None:
        parameters["ParentAccountSid"] = account.owner_sid
    return Post(
        account_sid=alert.account_sid,
        service_sid=alert.service_sid,
        kind="debugger",
        event_type=str(alert.code),
        topic=f"debugger {alert.account_sid}",
        url=url,
        parameters=parameters,
    )


def _payload(alert: Alert) -> dict[str, object]:
    exchange = alert.exchange
    return {
        "resource_sid": alert.resource_sid,
        "service_sid": alert.service_sid,
        "error_code": str(alert.code),
        "more_info": {
            "Msg": alert.text,
            "ErrorCode": str(alert.code),
            "LogLevel": alert.level.upper(),
            "DenialSid": alert.denial_sid,
        },
        "webhook": {
            "type": JSON_TYPE,
            "request": {
                "url": exchange.url,
                "method": exchange.method,
                "headers": exchange.headers,
                "parameters": dict(exchange.variables),
            },
            "response": {
                "status_code": exchange.status,
                "headers": exchange.response_headers,
                "body": exchange.response_body,
            },
        },
    }
