"""What of a message of Amazon SNS is signed, by whose certificate, and may it be taken?

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. Everybody's topics are signed with the
same keys: a right signature only says "from SNS", so the topic must be one that was asked for.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.errors import InputError
from bot.sources.model import Posted
from bot.sources.received import decoded_object, moment

AGE_MAX = timedelta(hours=1)
"""SNS tries for up to an hour to deliver a message; an older one is sent again by somebody else."""
AHEAD_MAX = timedelta(minutes=5)
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        ("SubscriptionConfirmation", "UnsubscribeConfirmation"),
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""Type → the fields that are signed, in their order."""
OPTIONAL = "Subject"
HASHES = {"1": "SHA1", "2": "SHA256"}
_HOST = r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/[A-Za-z0-9_-]{1,100}\.pem", re.ASCII)
_CONFIRMATION = re.compile(_HOST + r"/\?\S{1,2000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signed:
    """`text` was signed with the private key of the certificate that stands at `certificate_url`."""

    text: bytes
    signature: bytes
    hash: str
    certificate_url: str


def signed(posted: Posted, topics: Sequence[str]) -> Signed:
    """What is to be verified. Raises `InputError` when the message cannot be Amazon's, is of another topic, or old."""
    message = decoded_object(posted.body)
    names = SIGNED.get(_text(message, "Type"))
    if names is None:
        raise InputError("it is no message of SNS (raw message delivery has no signature; switch it off)")
    if _text(message, "TopicArn") not in topics:
        raise InputError(f"the topic {_text(message, 'TopicArn')[:200]!r} is not one of this source's topics")
    at = moment(_text(message, "Timestamp"))
    if at is None or not -AHEAD_MAX <= posted.now - at <= AGE_MAX:
        raise InputError("it was signed too long ago, or in the future")
    hash_name = HASHES.get(_text(message, "SignatureVersion"))
    if hash_name is None:
        raise InputError("its SignatureVersion is neither 1 nor 2")
    url = _text(message, "SigningCertURL")
    if not _CERTIFICATE.fullmatch(url):
        raise InputError("its SigningCertURL is no certificate at sns.REGION.amazonaws.com")
    return Signed(_signed_text(message, names), _signature(message), hash_name, url)


def subscription(posted: Posted) -> str:
    """The address to open for a subscription to begin, or ''. That of a cancelled one would begin it again."""
    message = decoded_object(posted.body)
    url = _text(message, "SubscribeURL")
    return url if _text(message, "Type") == "SubscriptionConfirmation" and is_of_sns(url) else ""


def is_of_sns(url: str) -> bool:
    return _CONFIRMATION.fullmatch(url) is not None


def _signed_text(message: Mapping[str, Any], names: Sequence[str]) -> bytes:
    """Each name and value on a line of its own."""
    parts = []
    for name in names:
        value = message.get(name)
        if value is None and name == OPTIONAL:
            continue
        if not isinstance(value, str):
            raise InputError(f"its {name} is missing")
        parts.append(f"{name}\n{value}\n")
    return "".join(parts).encode("utf-8", "surrogatepass")


def _signature(message: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(_text(message, "Signature"), validate=True)
    except (binascii.Error, ValueError):
        raise InputError("its Signature is no base64") from None


def _text(message: Mapping[str, Any], name: str) -> str:
    found = message.get(name)
    return found if isinstance(found, str) else ""
