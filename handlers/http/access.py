"""Who may send over HTTP?

With `[http.tokens]` set, only a request that carries one of them, in whichever way its program can: as a bearer token,
as the password of basic authentication, as Elasticsearch's API key, in `X-Tocsin-Token`, or at the end of a hook's
path. Without any, only a program on this machine: the peer is loopback, nothing says that a proxy stands between, and
it is no page in somebody's browser.
"""

import base64
import binascii
import hmac
from ipaddress import IPv6Address, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.settings import HttpSettings

PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
LOCAL_SENDER = "this machine"
PATH_TOKEN = "token"
"""The path parameter of a hook whose sender can set no header."""


def admit(request: Request, settings: HttpSettings) -> str:
    """The sender's name. Raises `HTTPException` 401 (no or wrong token) or 403 (no tokens set, and not local)."""
    if settings.tokens:
        return _by_token(request, settings)
    if not _is_local(request):
        raise HTTPException(
            403,
            "no token is set up, so only programs on this machine may send; set one under [http.tokens] in tocsin.toml "
            "and send it as 'Authorization: Bearer …'",
        )
    if "origin" in request.headers:
        raise HTTPException(403, "a page in a browser may not send; set a token under [http.tokens] and use it")
    return LOCAL_SENDER


def _by_token(request: Request, settings: HttpSettings) -> str:
    given = _shown(request)
    if not given:
        raise _unauthorized("a token is needed: send 'Authorization: Bearer …' with one of those in [http.tokens]")
    shown = given.encode("utf-8", "surrogateescape")
    found = ""
    for name, token in settings.tokens.items():  # every one is compared, so that the time tells nothing
        if hmac.compare_digest(shown, token.get_secret_value().encode()) and token.get_secret_value():
            found = name
    if not found:
        raise _unauthorized("this token is not one of those in [http.tokens]")
    return found


def _shown(request: Request) -> str:
    """The token that the request carries, or ''."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() in ("bearer", "token"):
        return value
    if scheme.lower() in ("basic", "apikey"):
        return _after_colon(value)
    return request.headers.get("x-tocsin-token", "") or str(request.path_params.get(PATH_TOKEN, ""))


def _after_colon(encoded: str) -> str:
    """The password of `user:password` in base64, the key of `id:key`."""
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]


def _unauthorized(message: str) -> HTTPException:
    return HTTPException(401, message, headers={"WWW-Authenticate": 'Bearer realm="tocsin"'})


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        address = ip_address(request.client.host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
