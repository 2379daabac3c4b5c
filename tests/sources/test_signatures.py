"""Does a signature open only for what was signed, and only in time?"""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from bot.sources.model import Posted
from bot.sources.registry import HOOKS
from bot.sources.signatures import REPLAY_WINDOW, hmac_hex, out_of_window
from tests.sources.posting import NOW, fixture

SIGNED = [source for source in HOOKS if source.verify is not None]


def signatures(name: str, body: bytes, secret: str) -> dict[str, str]:
    """What each sender would set, made here after its own documentation."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    stamp = str(int(NOW.timestamp()))
    message = b"d-1." + stamp.encode() + b"." + body
    timed = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
    return {
        "github": {"x-hub-signature-256": f"sha256={digest}"},
        "gitlab": {"x-gitlab-token": secret},
        "grafana": {"x-grafana-alerting-signature": digest},
        "sentry": {"sentry-hook-signature": digest},
        "pagerduty": {"x-pagerduty-signature": f"v1={'0' * 64},v1={digest}"},
        "flux": {"x-signature": f"sha256={digest}"},
        "mlflow": {
            "x-mlflow-signature": f"v1,{timed}",
            "x-mlflow-timestamp": stamp,
            "x-mlflow-delivery-id": "d-1",
        },
    }[name]


@pytest.mark.parametrize("source", SIGNED, ids=lambda source: source.name)
def test_only_the_right_signature_over_the_very_body_opens(source) -> None:  # type: ignore[no-untyped-def]
    body = fixture(source)
    headers = signatures(source.name, body, "s3cret")
    verify = source.verify
    assert verify(Posted(body, headers, NOW), "s3cret") == ""
    assert "missing" in verify(Posted(body, {}, NOW), "s3cret")
    assert verify(Posted(body, headers, NOW), "another")
    if source.name != "gitlab":  # which sends the secret itself
        assert verify(Posted(body + b" ", headers, NOW), "s3cret")
    broken = {name: "\udcff" + value[:-1] for name, value in headers.items()}
    assert verify(Posted(body, broken, NOW), "s3cret")


def test_a_signed_message_is_not_taken_again_later() -> None:
    stamp = str(int(NOW.timestamp()))
    assert out_of_window(stamp, NOW + REPLAY_WINDOW) == ""
    assert "300 s are allowed" in out_of_window(stamp, NOW + REPLAY_WINDOW + timedelta(seconds=1))
    assert "no time" in out_of_window("soon", NOW)


def test_every_source_that_can_sign_is_tried_here() -> None:
    for source in SIGNED:
        assert signatures(source.name, b"", "x")
    assert hmac_hex("x-a")(Posted(b"", {"x-a": "é"}, NOW), "s")
