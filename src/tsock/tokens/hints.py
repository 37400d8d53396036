"""What each note of the doctor's contract says and advises, and which failures it explains."""

from collections.abc import Iterable

import msgspec


class Hint(msgspec.Struct, frozen=True):
    """What a note means, where it explains the first failure."""

    causes: frozenset[str]
    """The failures it explains."""
    problem: str
    """In a sentence; empty where the failed check says it well."""
    fix: str


TIME_CAUSES = frozenset(("time_invalid", "expired", "not_yet_valid", "lifetime_too_long"))
FORM_CAUSES = frozenset(("too_large", "not_a_jwt"))
_SIGNATURE = frozenset(("signature",))
# An hour's token that expired a minute ago looks the same: there the note is only a remark.
_AHEAD = frozenset(("not_yet_valid", "lifetime_too_long"))
SID_CAUSES = frozenset(("issuer_invalid", "account_invalid", "service_invalid"))

HINTS = {
    "json_wrapper": Hint(
        FORM_CAUSES,
        "The text is JSON, not the token itself.",
        "Pass only the string inside: parse the answer of the token endpoint and take its token field.",
    ),
    "json_without_token": Hint(
        FORM_CAUSES,
        "The text is JSON, and no token is in it.",
        "Look at what the token endpoint answers: this may be its error, or its token has no value yet.",
    ),
    "init_packet": Hint(
        FORM_CAUSES,
        "The text is a packet, not the token itself.",
        "Pass only the string in its token field.",
    ),
    "http_answer": Hint(
        FORM_CAUSES,
        "The text is an HTTP answer with its head, not the token itself.",
        "Pass only the token in its body; curl prints the head only with -i.",
    ),
    "url": Hint(
        FORM_CAUSES,
        "The text is a URL, not the token itself.",
        "Pass the token alone: the value of its parameter, or what the URL answers.",
    ),
    "encoded_token": Hint(
        FORM_CAUSES,
        "The token is encoded once more, in Base64 or hexadecimal digits.",
        "Pass the text of the token as it is; it needs no further encoding.",
    ),
    "surrounded": Hint(
        FORM_CAUSES,
        "Something else stands beside the token.",
        "Pass the token alone, without a name, a comma, a full stop or any other text around it.",
    ),
    "markup": Hint(
        FORM_CAUSES,
        "The text is a page, not a token.",
        "Look at what the token endpoint answers; this may be its error page.",
    ),
    "jwe": Hint(
        FORM_CAUSES,
        "The text is an encrypted token (JWE), which is no Access Token.",
        "Build the token with the helper library's AccessToken class.",
    ),
    "whitespace": Hint(
        FORM_CAUSES,
        "There is white space around or inside the token, or what is not even seen.",
        "Strip the text before it is passed on.",
    ),
    "bearer_prefix": Hint(
        FORM_CAUSES,
        "A word stands before the token.",
        "Pass the token without the word before it, such as Bearer.",
    ),
    "quoted": Hint(
        FORM_CAUSES,
        "The token stands in quotes or brackets.",
        "Pass the token without them; an answer that is a JSON text must be parsed.",
    ),
    "url_encoded": Hint(
        FORM_CAUSES,
        "The text is URL-encoded, or a parameter with its name.",
        "Decode the parameter and pass its value alone.",
    ),
    "utf16_text": Hint(
        FORM_CAUSES,
        "The text is in UTF-16, as PowerShell's > writes it.",
        "Save it as UTF-8 without a byte order mark, or pass it on without a file.",
    ),
    "bom": Hint(
        FORM_CAUSES | _SIGNATURE,
        "A byte order mark stands before the token or its secret.",
        "Save the file without a byte order mark, as UTF-8.",
    ),
    "object_text": Hint(
        FORM_CAUSES | SID_CAUSES,
        "The text is what an object looks like in print, not the token or the value itself.",
        "Await it if it is a promise, coroutine or task; call to_jwt() or toJwt() on an AccessToken, take "
        "the field that is meant of another object; pass the string that comes of it.",
    ),
    "bytes_literal": Hint(
        FORM_CAUSES | _SIGNATURE | SID_CAUSES,
        "The token, its secret or a value in it is how bytes look in print, not the text in them.",
        "Decode the bytes before they are passed on, as in value.decode().",
    ),
    "padded_base64": Hint(
        FORM_CAUSES,
        "The parts of the token are padded or standard Base64.",
        "Encode each part as base64url, with - and _ and without =; a helper library does.",
    ),
    "unset_variable": Hint(
        FORM_CAUSES | SID_CAUSES,
        "",
        "This is what becomes of a variable without a value: set the variable, or wait for its value.",
    ),
    "sid_as_token": Hint(
        FORM_CAUSES,
        "The text is a SID, which names something and proves nothing.",
        "Mint a token with account SID, key SID and key secret, and pass that.",
    ),
    "secret_as_token": Hint(
        FORM_CAUSES,
        "The text looks like an Auth Token or the secret of a key.",
        "Mint a token on your server and pass that; take the secret out of the client and replace it.",
    ),
    "auth_token_as_secret": Hint(
        _SIGNATURE,
        "The token is signed with the account's Auth Token.",
        "Sign with the secret of the API key; the Auth Token cannot sign Access Tokens.",
    ),
    "secret_whitespace": Hint(
        _SIGNATURE,
        "The token is signed with the secret and white space around it, or what is not even seen.",
        "Strip the secret where it is read: its file or variable has a blank, a line break or a character of "
        "no width too many.",
    ),
    "sid_as_secret": Hint(
        _SIGNATURE,
        "The token is signed with a SID in place of the secret.",
        "Check the order of account SID, key SID and key secret where the token is built.",
    ),
    "other_key_secret": Hint(
        _SIGNATURE,
        "The token is signed with the secret of another key of the account.",
        "Configure the SID and the secret of one key together.",
    ),
    "quoted_secret": Hint(
        _SIGNATURE,
        "The token is signed with the secret in quotes.",
        "Take the quotes off where the secret is read: its file or variable has them.",
    ),
    "base64_secret": Hint(
        _SIGNATURE,
        "The token is signed with what the secret is decoded to, or encoded.",
        "Sign with the text of the secret as it is; tell the JWT library that it is not Base64.",
    ),
    "wrapped_secret": Hint(
        _SIGNATURE,
        "The token is signed with the secret and something beside it, such as its name, a SID or a comma.",
        "Pass the secret alone: cut its line where it is read, or read it as what it is.",
    ),
    "cut_secret": Hint(
        _SIGNATURE,
        "The token is signed with the secret but for its first or its last character.",
        "Copy the secret again, whole: it has 32 characters.",
    ),
    "sample_secret": Hint(
        _SIGNATURE,
        "The token is signed with the secret of a sample, which is not that of the API key.",
        "Put the secret of the API key in its place.",
    ),
    "secret_case": Hint(
        _SIGNATURE,
        "The token is signed with the secret in other letters: capitals for small ones, or the reverse.",
        "Sign with the secret as it was shown; nothing may change its letters.",
    ),
    "utf16_secret": Hint(
        _SIGNATURE,
        "The token is signed with the secret in UTF-16.",
        "Make bytes of the secret as UTF-8.",
    ),
    "unset_secret": Hint(
        _SIGNATURE,
        "The token is signed with nothing, or with what becomes of a variable without a value.",
        "Set the variable that holds the key's secret where the token is built, and look at its name.",
    ),
    "hex_signature": Hint(
        _SIGNATURE,
        "The signature is written in hexadecimal digits.",
        "Encode the bytes of the signature as base64url.",
    ),
    "swapped_sids": Hint(
        SID_CAUSES,
        "Account SID and key SID are swapped: iss is the account, and sub the key.",
        "Give the helper library the account's SID (AC...) first and the key's SID (SK...) second.",
    ),
    "secret_as_sid": Hint(
        SID_CAUSES,
        "A secret stands in iss or sub, it seems: the SID and the secret of a key, or of an account, are "
        "swapped.",
        "Give the helper library the account's SID (AC...), the key's SID (SK...) and the key's secret, in "
        "this order. Replace the secret: whoever has this token can read it.",
    ),
    "claim_whitespace": Hint(
        SID_CAUSES,
        "",
        "A value in the token has white space around it or a line break in it: strip it where it is read.",
    ),
    "quoted_claim": Hint(
        SID_CAUSES,
        "",
        "A value in the token stands in quotes: take them off where it is read.",
    ),
    "placeholder": Hint(
        FORM_CAUSES | SID_CAUSES,
        "",
        "Put the real value in the place of the placeholder: a token that your server minted, or a SID, "
        "which is two letters and 32 hex digits.",
    ),
    "milliseconds": Hint(TIME_CAUSES, "", "Give times in seconds, not in milliseconds."),
    "microseconds": Hint(TIME_CAUSES, "", "Give times in seconds, not in microseconds."),
    "nanoseconds": Hint(TIME_CAUSES, "", "Give times in seconds, not in nanoseconds."),
    "duration": Hint(
        frozenset(("expired",)),
        "The token says how long it lives, not when it expires: exp lies in the 1970s.",
        "Set exp to the present time plus the time to live, both in seconds.",
    ),
    "negative": Hint(TIME_CAUSES, "", "Give times in seconds since 1970; no time is negative."),
    "time_zone": Hint(
        _AHEAD,
        "",
        "Local time was taken for UTC, it seems: it is off by a time zone. Mint with Unix time, which is the "
        "same everywhere, and with a ttl of at most 86400.",
    ),
    "exp_before_iat": Hint(
        frozenset(("not_yet_valid", "expired")),
        "The token can never be valid: exp is not after iat or nbf.",
        "Set exp to iat plus the time to live, all in Unix seconds.",
    ),
}


def remarks(notes: Iterable[str], said: str) -> list[tuple[str, str]]:
    """What each note tells beyond what is `said` already; one that adds nothing is left out."""
    told: list[tuple[str, str]] = []
    for note in notes:
        more = [text for text in (HINTS[note].problem, HINTS[note].fix) if text and text not in said]
        if more:
            told.append((note, " ".join(more)))
    return told
