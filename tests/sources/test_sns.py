"""Is only that taken which Amazon signed, within the hour, for our topic? With a certificate of the test's own."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.errors import SettingsError
from bot.settings import Settings
from bot.sources.model import Posted
from bot.store.database import Database
from handlers.http import application
from handlers.http.hooks import Seal, seal_for
from tests.conftest import missing
from tests.http.conftest import NOW
from tests.http.test_hooks import engine_on, incidents
from tests.sources.posting import FIXTURES

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    from bot.asking.sns import FETCHES_A_MINUTE_MAX, SnsSeal
except ModuleNotFoundError:  # the extra "sns"
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9d1f.pem"
SUBSCRIBE_URL = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f"


class Amazon:
    """Signs as the developer guide says, and answers for its certificate and for confirmations."""

    def __init__(self, *, valid: tuple[int, int] = (-1, 365)) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked: list[str] = []
        self.certificate = _certificate(self.key, *valid)
        self.status = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return httpx.Response(self.status, content=self.certificate)

    def seal(self) -> "SnsSeal":
        return SnsSeal(httpx.MockTransport(self.answer))

    def signed(self, version: str = "1", at: datetime = NOW, **changed: Any) -> dict[str, Any]:
        message: dict[str, Any] = json.loads((FIXTURES / "cloudwatch.json").read_text())
        message |= {"Timestamp": at.isoformat().replace("+00:00", "Z"), "SignatureVersion": version}
        message |= {"SigningCertURL": CERTIFICATE_URL} | changed
        message = {name: value for name, value in message.items() if value is not None}
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        if message["Type"] != "Notification":
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return message | {"Signature": base64.b64encode(signature).decode()}


def _certificate(key: "rsa.RSAPrivateKey", first: int, last: int) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    made = made.not_valid_before(NOW + timedelta(days=first)).not_valid_after(NOW + timedelta(days=last))
    return bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def amazon() -> Amazon:
    if not HAS_CRYPTOGRAPHY:
        missing("cryptography is not installed (tocsin[sns])")
    return Amazon()


def problem(seal: Seal, message: dict[str, Any]) -> str:
    return seal.problem(Posted(json.dumps(message).encode(), {}, NOW), [TOPIC])


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("changed", [{}, {"Subject": None}, {"Message": 'größer\nthan 5 \\ "x"'}])
def test_what_amazon_signed_is_taken_and_its_certificate_is_fetched_once(
    amazon: Amazon, version: str, changed: dict[str, Any]
) -> None:
    seal = amazon.seal()
    assert problem(seal, amazon.signed(version, **changed)) == ""
    assert problem(seal, amazon.signed(version, **changed)) == ""
    assert amazon.asked == [CERTIFICATE_URL]
    seal.close()


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda m: m | {"Message": m["Message"].replace("12.0", "0.0")}, "not Amazon's over this message"),
        (lambda m: m | {"Subject": "another"}, "not Amazon's over this message"),
        (lambda m: {name: value for name, value in m.items() if name != "Subject"}, "not Amazon's over this message"),
        (lambda m: m | {"Signature": base64.b64encode(b"x" * 256).decode()}, "not Amazon's over this message"),
        (lambda m: m | {"Signature": "EXAMPLE!"}, "no base64"),
        (lambda m: m | {"SignatureVersion": "2"}, "not Amazon's over this message"),
        (lambda m: m | {"SignatureVersion": "3"}, "neither 1 nor 2"),
        (lambda m: m | {"TopicArn": TOPIC + "-of-somebody-else"}, "not one of this source's topics"),
        (lambda m: m | {"Type": "Other"}, "no message of SNS"),
        (lambda m: {"AlarmName": "raw"}, "raw message delivery"),
        (lambda m: m | {"MessageId": 7}, "MessageId is missing"),
    ],
)  # fmt: skip
def test_a_forged_message_is_refused(
    amazon: Amazon, forge: Callable[[dict[str, Any]], dict[str, Any]], why: str
) -> None:
    seal = amazon.seal()
    assert why in problem(seal, forge(amazon.signed()))
    seal.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/x.pem", "https://sns.eu-central-1.amazonaws.com.evil.org/x.pem",
        "https://evil.org/sns.eu-central-1.amazonaws.com/x.pem", "https://sns.eu-central-1.amazonaws.com@evil.org/x.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/x.pem", "https://bucket.s3.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com/x.txt", "https://sns.eu-central-1.amazonaws.com/?a=x.pem",
        "https://sns.eu-central-1.amazonaws.com/../x.pem", "https://sns.a.b.amazonaws.com/x.pem", "", None,
    ],
)  # fmt: skip
def test_a_certificate_from_elsewhere_is_not_even_fetched(amazon: Amazon, url: str | None) -> None:
    seal = amazon.seal()
    assert "no certificate at sns.REGION.amazonaws.com" in problem(seal, amazon.signed(SigningCertURL=url))
    assert amazon.asked == []
    seal.close()


def test_an_old_message_sent_again_is_refused(amazon: Amazon) -> None:
    seal = amazon.seal()
    assert problem(seal, amazon.signed(at=NOW - timedelta(minutes=59))) == ""
    for at in (NOW - timedelta(minutes=61), NOW + timedelta(minutes=6)):
        assert "too long ago" in problem(seal, amazon.signed(at=at))
    seal.close()


@pytest.mark.parametrize("valid", [(-365, -1), (1, 365)])
def test_a_certificate_that_is_not_valid_now_proves_nothing(amazon: Amazon, valid: tuple[int, int]) -> None:
    amazon.certificate = _certificate(amazon.key, *valid)
    seal = amazon.seal()
    assert "not valid now" in problem(seal, amazon.signed())
    seal.close()


def test_what_is_no_certificate_is_refused_and_fetching_is_bounded(amazon: Amazon) -> None:
    seal = amazon.seal()
    for content, why in ((b"<html>", "is no certificate"), (b"x" * 100_000, "too large")):
        amazon.certificate = content
        assert why in problem(seal, amazon.signed())
    amazon.status = 404
    assert "answered 404" in problem(seal, amazon.signed())
    for _ in range(FETCHES_A_MINUTE_MAX):
        told = problem(seal, amazon.signed())
    assert "too many certificates" in told
    assert len(amazon.asked) == FETCHES_A_MINUTE_MAX
    seal.close()


async def test_over_http_signed_alarms_are_heard_and_a_subscription_is_confirmed(
    amazon: Amazon, database: Database
) -> None:
    engine = engine_on(database, sources={"cloudwatch": {"topics": [TOPIC]}}, http={"tokens": {"ops": "s3cret"}})
    seal = amazon.seal()
    asgi = application(engine, engine.settings, seal=seal)
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False, client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as client:
        asked: dict[str, Any] = {
            "Type": "SubscriptionConfirmation",
            "Token": "2336412f",
            "SubscribeURL": SUBSCRIBE_URL,
            "MessageId": "1",
        }
        confirmed = await client.post("/v1/hooks/cloudwatch", json=amazon.signed(**asked))
        assert (confirmed.status_code, amazon.asked) == (200, [CERTIFICATE_URL, SUBSCRIBE_URL])
        cancelled = await client.post(
            "/v1/hooks/cloudwatch", json=amazon.signed(**asked | {"Type": "UnsubscribeConfirmation", "MessageId": "2"})
        )
        assert cancelled.status_code == 200
        assert len(amazon.asked) == 2, "the address of a cancelled subscription would begin it again"
        alarm = json.dumps(amazon.signed("2"))
        first = await client.post("/v1/hooks/cloudwatch", content=alarm, headers={"content-type": "text/plain"})
        again = await client.post("/v1/hooks/cloudwatch", content=alarm, headers={"content-type": "text/plain"})
        assert (first.json()["signals"], again.json()["duplicate"]) == (1, True)
        forged = await client.post("/v1/hooks/cloudwatch", json=amazon.signed() | {"Subject": "x"})
        assert (forged.status_code, "not Amazon's" in forged.text) == (401, True)
        token = await client.post("/v1/hooks/cloudwatch/s3cret", json=amazon.signed() | {"Signature": "EXAMPLE"})
        assert token.status_code == 401, "where topics are set a token is no signature"
    assert len(incidents(engine)) == 1
    seal.close()


async def test_without_topics_a_token_opens_and_nothing_is_fetched(amazon: Amazon, database: Database) -> None:
    engine = engine_on(database, sources={}, http={"tokens": {"ops": "s3cret"}})
    transport = httpx.ASGITransport(application(engine, engine.settings), client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as client:
        body = (FIXTURES / "cloudwatch.json").read_bytes()
        assert (await client.post("/v1/hooks/cloudwatch/s3cret", content=body)).json()["signals"] == 1
        assert (await client.post("/v1/hooks/cloudwatch", content=body)).status_code == 401
        asked: dict[str, Any] = {"Type": "SubscriptionConfirmation", "Token": "2336412f", "SubscribeURL": SUBSCRIBE_URL}
        await client.post("/v1/hooks/cloudwatch/s3cret", json=amazon.signed(**asked))
    assert amazon.asked == []
    assert any(SUBSCRIBE_URL in letter.problem for letter in engine.ledger.rejected(10))


def test_topics_belong_to_a_source_of_sns() -> None:
    assert seal_for(Settings()) is None
    with pytest.raises(SettingsError, match="not sent by Amazon SNS"):
        seal_for(Settings.model_validate({"sources": {"github": {"topics": [TOPIC]}}}))
