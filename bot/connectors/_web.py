"""How do connectors speak HTTP? One client: every call has a timeout and a size, every failure is worded, nothing tells
a secret.

What may pass by itself (no answer, 408, 425, 429, 5xx) is a `ConnectorError(permanent=False)`, everything else the
backend refuses is permanent. Answers are JSON; what is none is an error, never a guess.
"""

import base64
import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from bot.errors import ConnectorError

ANSWER_MB_MAX = 16
SAID_MAX = 300
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MEANING = {
    400: "does not accept it",
    401: "refuses these credentials",
    403: "does not allow this",
    404: "does not know it",
    409: "says that it conflicts with what is there",
    422: "does not accept it",
    429: "is asked too often",
}


def _web_url(url: str) -> str:
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"{url!r} is not an http(s) URL")
    if parsed.userinfo:
        raise ValueError("no user or password in the URL; there are settings for them")
    return url.rstrip("/")


WebUrl = Annotated[str, AfterValidator(_web_url)]


class ReachOptions(BaseModel):
    """How a backend is reached. `secrets`: what must never be told; `headers`: the credentials of every request."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: WebUrl
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 15
    """How long one request may take."""
    ca_file: str = ""
    """The certificate authority to trust instead of the usual ones."""
    verify: bool = True
    """Whether its certificate is checked; only ever off for a try."""

    @field_validator("ca_file")
    @classmethod
    def _can_be_read(cls, ca_file: str) -> str:
        if ca_file:
            try:
                ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise ValueError(f"{ca_file!r} cannot be used: {error.strerror or error}") from error
        return ca_file

    @property
    def secrets(self) -> tuple[str, ...]:
        return ()

    def headers(self) -> Mapping[str, str]:
        return {}


class WebOptions(ReachOptions):
    """What every connector can be told whose backend takes a token, or a user and a password."""

    token: SecretStr = SecretStr("")
    username: str = ""
    password: SecretStr = SecretStr("")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Also in the form in which they travel."""
        given = [s.get_secret_value() for s in (self.token, self.password) if s.get_secret_value()]
        return (*given, self.pair) if self.username else tuple(given)

    @property
    def pair(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password.get_secret_value()}".encode()).decode()

    def headers(self) -> Mapping[str, str]:
        token = self.token.get_secret_value()
        if token:
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": f"Basic {self.pair}"} if self.username else {}


class Named:
    """A backend by the name that the settings give it, and what must not be told of it."""

    def __init__(self, name: str, secrets: Sequence[str]) -> None:
        self.name, self._secrets = name, [*secrets]

    def keep_secret(self, value: str) -> None:
        """A credential that was got from the backend: never to be told either."""
        self._secrets.append(value)

    def hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def problem(self, words: str, *, permanent: bool = True) -> ConnectorError:
        return ConnectorError(self.hide(words), permanent=permanent, connector=self.name)


class Web(Named):
    """Requests to one backend. `sign` gives the credentials that a request has in its headers; `auth` signs the whole
    request; `socket` is the path of a Unix socket that it listens on."""

    def __init__(
        self,
        name: str,
        options: ReachOptions,
        sign: Callable[[], Mapping[str, str]] | None = None,
        socket: str = "",
        auth: httpx.Auth | None = None,
    ) -> None:
        super().__init__(name, options.secrets)
        self._options, self._sign, self._socket, self._auth = options, sign or options.headers, socket, auth

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, query=query)

    @property
    def url(self) -> str:
        return self._options.url

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        return self.send("POST", path, body=body, query=query)

    def object(self, path: str, body: Any = None, method: str = "", **query: Any) -> Mapping[str, Any]:
        """The answer where it has to be an object; a body makes it a POST."""
        found = self.send(method or ("GET" if body is None else "POST"), path, body=body, query=query)
        if not isinstance(found, dict):
            raise self.odd("not an object")
        return found

    def listed(self, path: str, **query: Any) -> list[Mapping[str, Any]]:
        """The answer where it has to be a list of objects."""
        found = self.send("GET", path, query=query)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.odd("not a list")
        return found

    def text_if_any(self, path: str, accept: str = "application/json", **query: Any) -> str:
        """The text of an answer that one can do without: '' when the backend will not tell it."""
        try:
            headers = {"Accept": accept}
            return self.hide(self.answer("GET", path, query=query, headers=headers).content.decode(errors="replace"))
        except Problem as problem:
            if problem.permanent:
                return ""
            raise

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of the answer (None when it is empty). Raises `Problem`."""
        return self._json(self.answer(method, path, body=body, query=query, headers=headers))

    def answer(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        signed: bool = True,
    ) -> httpx.Response:
        """The whole answer, when it is a success or a redirect. Raises `Problem`."""
        sent = {"Accept": "application/json", **(self._sign() if signed else {}), **(headers or {})}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        asked = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        url = self._options.url + path
        with (
            self._worded(),
            self._client() as client,
            client.stream(
                method, url, content=content, params=asked or None, headers=sent, auth=self._auth if signed else None
            ) as got,
        ):
            text = self._read(got)
        if got.status_code >= 400:
            raise self._refused(got, text)
        return httpx.Response(got.status_code, headers=_plain_headers(got), content=text)

    def odd(self, what: str) -> ConnectorError:
        """An answer that is JSON but not as its documentation says."""
        return self.problem(f"the answer is not as expected: {what}", permanent=False)

    def _client(self) -> httpx.Client:
        """A connection for each request: one that was kept could have died meanwhile, which looks like a fault."""
        context = _certificates(self._options.verify, self._options.ca_file)
        way = httpx.HTTPTransport(uds=self._socket) if self._socket else None
        return httpx.Client(timeout=self._options.timeout_s, verify=context, transport=way, follow_redirects=False)

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            words = f"no answer within {self._options.timeout_s:g} s"
            raise self.problem(words, permanent=False) from error
        except httpx.TransportError as error:
            raise self.problem(f"cannot be reached ({_short(str(error))})", permanent=False) from error
        except httpx.DecodingError as error:
            raise self.problem("the answer cannot be decoded", permanent=False) from error

    def _read(self, response: httpx.Response) -> bytes:
        content = b""
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > ANSWER_MB_MAX * 1024 * 1024:
                raise self.problem(f"the answer is larger than {ANSWER_MB_MAX} MB")
        return content

    def _refused(self, response: httpx.Response, text: bytes) -> "Problem":
        status, said = response.status_code, self.hide(_said(text))
        is_too_often = status == 403 and _is_rate_limit(response, said)
        meaning = _MEANING.get(429 if is_too_often else status, "has a problem" if status >= 500 else _MEANING[400])
        words = f"{meaning} ({status}{': ' + said if said else ''})"
        return Problem(words, status, said, permanent=status not in _PASSING and not is_too_often, connector=self.name)

    def _json(self, response: httpx.Response) -> Any:
        if not response.content.strip():
            return None
        try:
            return response.json()
        except ValueError as error:
            raise self.problem("the answer is no JSON", permanent=False) from error


class Problem(ConnectorError):
    """The backend answered, and refused. `said`: its own words, without secrets."""

    def __init__(self, words: str, status: int, said: str, *, permanent: bool, connector: str) -> None:
        self.status, self.said = status, said
        super().__init__(words, permanent=permanent, connector=connector)


@cache
def _certificates(verify: bool, ca_file: str) -> ssl.SSLContext:
    """Reading the authorities takes longer than most requests."""
    return ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context(verify=verify)


def _is_rate_limit(response: httpx.Response, said: str) -> bool:
    """GitHub answers 403, not only 429, to one who asks too often."""
    headers = response.headers
    return headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers or "rate limit" in said.lower()


def _said(content: bytes) -> str:
    """What the backend says is wrong: the usual fields of JSON, else nothing of a page."""
    try:
        found = json.loads(content)
    except ValueError:
        text = content.decode(errors="replace")
        return "" if "<" in text else _short(text)
    if isinstance(found, dict):
        for name in ("detail", "message", "Message", "errorMessages", "error_description", "error", "title", "errors"):
            if found.get(name):
                return _short(": ".join([_plain(found[name]), *(_details(found) if name == "message" else ())]))
    return _short(json.dumps(found))


def _details(found: Mapping[str, Any]) -> list[str]:
    """GitHub says "Validation Failed", and what that was beside it."""
    errors = found.get("errors")
    told = [one.get("message") for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return [one for one in told if isinstance(one, str)]


def _plain(said: Any) -> str:
    if isinstance(said, list) and all(isinstance(one, str) for one in said):
        return "; ".join(said)
    return said if isinstance(said, str) else json.dumps(said)


def _short(text: str) -> str:
    return " ".join(text.split())[:SAID_MAX]


def _plain_headers(response: httpx.Response) -> dict[str, str]:
    """Without those that speak of how the body travelled."""
    travelled = ("content-encoding", "content-length", "transfer-encoding")
    return {name: value for name, value in response.headers.items() if name not in travelled}
