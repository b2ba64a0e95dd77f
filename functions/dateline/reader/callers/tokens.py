"""JSON Web Tokens (RFC 7519) of an issuer, checked with its published keys (RFC 7517)."""

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwt import PyJWK

_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")  # signatures alone: with HMAC the published key would sign
_KEPT, _AGAIN = 3600.0, 60.0  # seconds: keys are kept, and read again for an unknown one at most so often
_LEEWAY = 30  # seconds that clocks differ
_TIMEOUT, _LARGEST = 5, 1_000_000  # seconds, bytes


class TokenError(ValueError):
    """A refused token; the message has the reason."""


def fetched(url: str) -> bytes:
    """Return the bytes at an https address. Raises OSError."""
    if not url.startswith("https://"):
        raise OSError(f"{url} is not https")
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 - https, and the operator's
        return bytes(answer.read(_LARGEST))


class Tokens:
    """Tokens of ``issuer`` for ``audience``; the keys are at ``jwks``, a URL. ``clock`` is in seconds."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks: str,
        clock: Callable[[], float],
        fetch: Callable[[str], bytes] = fetched,
    ) -> None:
        self._issuer, self._audience, self._jwks = issuer, audience, jwks
        self._clock, self._fetch = clock, fetch
        self._keys: dict[str, PyJWK] = {}
        self._read_at = float("-inf")

    def subject(self, token: str) -> str:
        """Return the subject of a valid token. Raises TokenError."""
        import jwt  # noqa: PLC0415 - only where tokens are in use

        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name] if key.algorithm_name in _ALGORITHMS else [],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenError(f"the token is not accepted: {error}") from error
        return str(claims["sub"])

    def _key(self, id: str) -> "PyJWK":
        """The issuer's key of an id."""
        age = self._clock() - self._read_at
        if age > _KEPT or (id not in self._keys and age > _AGAIN):
            self._read()
        if id not in self._keys:
            raise TokenError("its key is none of the issuer's")
        return self._keys[id]

    def _read(self) -> None:
        import jwt  # noqa: PLC0415

        self._read_at = self._clock()
        try:
            document = json.loads(self._fetch(self._jwks))
            if not isinstance(document, dict):
                raise TokenError(f"{self._jwks} has no set of keys (RFC 7517)")
            found = jwt.PyJWKSet.from_dict(document)
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise TokenError(f"the issuer's keys cannot be read: {error}") from error
        self._keys = {str(key.key_id): key for key in found.keys}
