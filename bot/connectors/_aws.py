"""How are requests to AWS signed (Signature Version 4), and what do its refusals mean?

botocore, AWS' own library, finds the credentials (the settings, a profile, the environment, the role of a container or
a machine) and signs; the requests go the way of all connectors.
"""

import json
from collections.abc import Generator, Mapping
from typing import Annotated, Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session
from pydantic import Field, SecretStr

from bot.connectors._web import Problem, ReachOptions, Web

_PASSING = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
        *("TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "ServiceUnavailable", "InternalFailure"),
        *("PriorRequestNotComplete", "TransactionInProgressException"),
    }
)
"""What AWS answers with 400 and will do later: botocore's list, as far as it is not about one service."""
_SIGNED = ("Content-Type", "X-Amz-Target")
_MADE = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


class AwsOptions(ReachOptions):
    """Without `access_key`, credentials are looked for where AWS' own tools look for them."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$")]
    access_key: str = ""
    secret_key: SecretStr = SecretStr("")
    session_token: SecretStr = SecretStr("")
    profile: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(s.get_secret_value() for s in (self.secret_key, self.session_token) if s.get_secret_value())


class Aws(Web):
    """One of AWS' services that speak JSON 1.1. `prefix`: what its operations' names begin with."""

    def __init__(self, name: str, options: AwsOptions, service: str, prefix: str) -> None:
        self._aws, self._service, self._prefix, self._found = options, service, prefix, _credentials(options)
        super().__init__(name, options, auth=_Signature(self))

    def call(self, operation: str, **fields: Any) -> Mapping[str, Any]:
        headers = {"X-Amz-Target": f"{self._prefix}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        found = self.send("POST", "/", body=fields, headers=headers)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self.odd("not an object")
        return found

    def sign(self, request: httpx.Request) -> None:
        asked = AWSRequest(
            method=request.method,
            url=str(request.url),
            headers={name: request.headers[name] for name in _SIGNED if name in request.headers},
            data=request.content,
        )
        SigV4Auth(self._credentials(), self._service, self._aws.region).add_auth(asked)
        for name in _MADE:
            if name in asked.headers:
                request.headers[name] = asked.headers[name]

    def _credentials(self) -> ReadOnlyCredentials:
        """Those of a role are got anew before they end."""
        try:
            if self._found is None:
                self._found = Session(profile=self._aws.profile or None).get_credentials()
            if self._found is None:
                raise self.problem("no AWS credentials are found; set access_key and secret_key, or give it a role")
            frozen = self._found.get_frozen_credentials()
        except BotoCoreError as error:
            raise self.problem(f"AWS credentials cannot be had ({error})", permanent=False) from error
        for secret in (frozen.secret_key, frozen.token):
            if secret and secret not in self._secrets:
                self.keep_secret(secret)
        return frozen

    def _refused(self, response: httpx.Response, text: bytes) -> Problem:
        refused = super()._refused(response, text)
        if _type(text) in _PASSING:
            return Problem(
                f"is asked too often ({refused.said})",
                refused.status,
                refused.said,
                permanent=False,
                connector=self.name,
            )
        return refused


class _Signature(httpx.Auth):
    requires_request_body = True

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self._aws.sign(request)
        yield request


def _credentials(options: AwsOptions) -> Credentials | None:
    if not options.access_key:
        return None
    token = options.session_token.get_secret_value() or None
    return Credentials(options.access_key, options.secret_key.get_secret_value(), token)


def _type(text: bytes) -> str:
    """The name of the error, as in com.amazon.coral.service#ThrottlingException."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("__type") or "").rpartition("#")[2][:60] if isinstance(found, dict) else ""
