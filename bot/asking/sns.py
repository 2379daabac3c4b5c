"""Did Amazon SNS sign this? The certificate is fetched from Amazon once; and a subscription is confirmed there.

Needs `cryptography` (extra "sns"); loaded only when a source has topics.
"""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bot.errors import InputError
from bot.sources.model import Posted
from bot.sources.sns import Signed, signed, subscription

CERTIFICATE_BYTES_MAX = 64 << 10
CERTIFICATES_MAX = 16
"""So many are kept that have verified a message; Amazon has one or two for each region."""
FETCHES_A_MINUTE_MAX = 10
"""Anybody can name a certificate; nobody makes us fetch more often than this."""
TIMEOUT_S = 5.0
_HASHES: dict[str, hashes.HashAlgorithm] = {"SHA1": hashes.SHA1(), "SHA256": hashes.SHA256()}


class SnsSeal:
    """Called by the threads that take hooks."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, transport=transport)
        self._kept: dict[str, x509.Certificate] = {}
        self._fetched: list[datetime] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        self._client.close()

    def problem(self, posted: Posted, topics: Sequence[str]) -> str:
        """What is wrong with the signature, or ''."""
        try:
            told = signed(posted, topics)
            certificate = self._kept.get(told.certificate_url) or self._fetch(told.certificate_url, posted.now)
            _verify(told, certificate, posted.now)
        except InputError as error:
            return str(error)
        with self._lock:
            while len(self._kept) >= CERTIFICATES_MAX and told.certificate_url not in self._kept:
                del self._kept[next(iter(self._kept))]
            self._kept[told.certificate_url] = certificate
        return ""

    def confirm(self, posted: Posted) -> str:
        """Confirms the subscription that was asked for in a verified message; what went wrong, or ''."""
        url = subscription(posted)
        if not url:
            return "it asks for no subscription"
        try:
            answer = self._client.get(url)
        except httpx.HTTPError as error:
            return f"Amazon cannot be reached: {error}"
        return "" if answer.is_success else f"Amazon answered {answer.status_code}"

    def _fetch(self, url: str, now: datetime) -> x509.Certificate:
        with self._lock:
            self._fetched = [at for at in self._fetched if now - at < timedelta(minutes=1)]
            if len(self._fetched) >= FETCHES_A_MINUTE_MAX:
                raise InputError("too many certificates were asked for; send it again in a minute")
            self._fetched.append(now)
        try:
            return x509.load_pem_x509_certificate(self._body(url))
        except httpx.HTTPError as error:
            raise InputError(f"its certificate cannot be fetched: {error}") from error
        except ValueError as error:
            raise InputError("what stands at its SigningCertURL is no certificate") from error

    def _body(self, url: str) -> bytes:
        found = b""
        with self._client.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise InputError(f"its certificate cannot be fetched: Amazon answered {answer.status_code}")
            for piece in answer.iter_bytes():
                found += piece
                if len(found) > CERTIFICATE_BYTES_MAX:
                    raise InputError("what stands at its SigningCertURL is too large for a certificate")
        return found


def _verify(told: Signed, certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise InputError("the certificate that signed it is not valid now")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise InputError("the certificate that signed it has no RSA key")
    try:
        key.verify(told.signature, told.text, padding.PKCS1v15(), _HASHES[told.hash])
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise InputError("the signature is not Amazon's over this message") from error
