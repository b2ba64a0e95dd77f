"""Access to the deployed reading room, by tokens and signed links, if its function URL is open to more than IAM.

By default Lambda checks IAM signatures before the function runs, and nothing here is in use. With ``ReadIssuer`` a
request has a JSON Web Token (RFC 7519) as bearer (RFC 6750); with ``ReadLinks`` a link signed for a time, which sets a
cookie for its path and what is below. A request with neither gets 401, an altered or expired link 403.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dateline.reader.callers.tokens import TokenError, Tokens

PARAMETER, COOKIE = "access", "dateline"
_FREE = frozenset({"/style.css"})  # no secret, and links' pages need it
_LOOSE = frozenset({PARAMETER, "cursor", "lang"})  # of a query: they show no other stories


class AccessError(Exception):
    """A refused request: status, the reason, and the scheme to authenticate with if one helps."""

    def __init__(self, status: HTTPStatus, reason: str, challenge: str = "") -> None:
        super().__init__(reason)
        self.status, self.challenge = status, challenge


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a name for limits, and a cookie to set if the request came by a link."""

    name: str
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a link opens, until an instant (seconds since 1970).

    ``target`` is a path with everything below it, or a path with a query, which is then the only one.
    """

    target: str
    expires: int

    def signed(self, key: bytes) -> str:
        """Return the grant as text with its signature (HMAC-SHA256)."""
        body = base64.urlsafe_b64encode(json.dumps([self.target, self.expires]).encode()).decode().rstrip("=")
        return f"{body}.{_signature(body, key)}"

    @classmethod
    def read(cls, text: str, key: bytes, now: float) -> "Grant":
        """Read a signed grant. Raises AccessError if it was altered or has expired."""
        body, _, signature = text.partition(".")
        if not hmac.compare_digest(_signature(body, key).encode(), signature.encode("utf-8", "replace")):
            raise AccessError(HTTPStatus.FORBIDDEN, "the link was altered, or its key was replaced; ask for another")
        target, expires = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if expires <= now:
            raise AccessError(HTTPStatus.FORBIDDEN, "the link has expired; ask for another")
        return cls(target, expires)

    def opens(self, path: str, query: str) -> bool:
        """Return whether a request's path and query are within the target."""
        target = urlsplit(self.target)
        if target.query:
            return path == target.path and _told(query) == _told(target.query)
        return path == target.path or path.startswith(f"{target.path.rstrip('/')}/")

    def cookie(self, text: str) -> str:
        """Return the cookie for a path's pages; none for a query, whose pages lead elsewhere."""
        target = urlsplit(self.target)
        if target.query:
            return ""
        return f"{COOKIE}={text}; Path={target.path or '/'}; HttpOnly; Secure; SameSite=Lax"


class Access:
    """Checks requests. ``tokens`` are accepted as bearers, links by ``key``; each may be None."""

    def __init__(self, tokens: Tokens | None, key: Callable[[], bytes] | None, clock: Callable[[], float]) -> None:
        self._tokens, self._key, self._clock = tokens, key, clock

    def check(self, event: Mapping[str, Any]) -> Caller:
        """Return the caller's name, for the event of a function URL (payload 2.0). Raises AccessError."""
        path, query = event["rawPath"], event.get("rawQueryString") or ""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if self._tokens and scheme.lower() == "bearer":
            return self._of_token(token.strip())
        linked = dict(parse_qsl(query)).get(PARAMETER)
        if self._key and (text := linked or _cookie(event)):
            return self._of_link(text, path, query, is_new=linked is not None)
        if path in _FREE:
            return Caller(event["requestContext"]["http"]["sourceIp"])
        raise AccessError(HTTPStatus.UNAUTHORIZED, self._wanted(), "Bearer" if self._tokens else "")

    def _of_token(self, token: str) -> Caller:
        if self._tokens is None:
            raise AccessError(HTTPStatus.UNAUTHORIZED, self._wanted())
        try:
            return Caller(f"token {self._tokens.subject(token)}")
        except TokenError as error:
            raise AccessError(HTTPStatus.UNAUTHORIZED, str(error), 'Bearer error="invalid_token"') from error

    def _of_link(self, text: str, path: str, query: str, *, is_new: bool) -> Caller:
        grant = Grant.read(text, self._key() if self._key else b"", self._clock())
        if not grant.opens(path, query) and path not in _FREE:
            raise AccessError(HTTPStatus.FORBIDDEN, f"the link opens {grant.target} alone")
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Caller(f"link {name}", grant.cookie(text) if is_new else "")

    def _wanted(self) -> str:
        ways = ["a bearer token"] * bool(self._tokens) + ["a signed link"] * bool(self._key)
        return f"the archive is not public; it is read with {' or '.join(ways)}"


def _cookie(event: Mapping[str, Any]) -> str:
    """The link in a cookie. Lambda has cookies apart from the headers, its emulators among them."""
    lines = event.get("cookies") or [event.get("headers", {}).get("cookie", "")]
    pairs = (cookie.partition("=") for line in lines for cookie in line.split(";"))
    return next((value.strip() for name, _, value in pairs if name.strip() == COOKIE), "")


def _told(query: str) -> list[tuple[str, str]]:
    return sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in _LOOSE)


def _signature(body: str, key: bytes) -> str:
    return hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
