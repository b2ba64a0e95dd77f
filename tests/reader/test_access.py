"""Access: tokens, signed links and limits; what was altered, expired or forged is refused."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from dateline.reader.callers.access import Access, AccessError, Grant
from dateline.reader.callers.guard import Guard
from dateline.reader.callers.throttle import Throttle
from dateline.reader.callers.tokens import TokenError, Tokens
from tests.reader.library import event

NOW, KEY = 1_700_000_000, b"k" * 32
ISSUER, AUDIENCE, JWKS = "https://issuer.example/", "archive", "https://issuer.example/jwks"
RSA, EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "huda", "exp": 4_000_000_000}


def published() -> bytes:
    keys = [
        {**json.loads(RSAAlgorithm.to_jwk(RSA.public_key())), "kid": "r", "alg": "RS256", "use": "sig"},
        {**json.loads(ECAlgorithm.to_jwk(EC.public_key())), "kid": "e", "alg": "ES256", "use": "sig"},
        {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode(), "kid": "h", "alg": "HS256"},
    ]
    return json.dumps({"keys": keys}).encode()


class Issuer:
    """Serves keys, and counts how often they are read."""

    def __init__(self, answer: Callable[[], bytes] = published) -> None:
        self.now, self.reads, self._answer = float(NOW), 0, answer

    def fetch(self, url: str) -> bytes:
        assert url == JWKS
        self.reads += 1
        return self._answer()

    def tokens(self) -> Tokens:
        clock = lambda: self.now  # noqa: E731
        return Tokens(issuer=ISSUER, audience=AUDIENCE, jwks=JWKS, clock=clock, fetch=self.fetch)


def token(kid: str = "r", key: Any = RSA, algorithm: str = "RS256", **claims: Any) -> str:
    wanted = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(wanted, key, algorithm=algorithm, headers={"kid": kid})


def access(**ways: Any) -> Access:
    return Access(ways.get("tokens"), ways.get("key"), lambda: float(ways.get("now", NOW)))


def refused(checked: Access, asked: dict[str, Any]) -> int:
    with pytest.raises(AccessError) as error:
        checked.check(asked)
    return error.value.status


def bearing(value: str) -> dict[str, Any]:
    return event("/stories", "", {"authorization": f"Bearer {value}"})


@pytest.mark.parametrize(
    "asked", [token(), token("e", EC, "ES256"), token(aud=["other", AUDIENCE])], ids=["RSA", "EC", "two audiences"]
)
def test_valid_tokens_are_accepted(asked: str) -> None:
    """A token of the issuer's keys opens the room; its keys are read once an hour."""
    issuer = Issuer()
    checked = access(tokens=issuer.tokens())
    assert checked.check(bearing(asked)).name == "token huda"
    issuer.now += 3000
    checked.check(bearing(asked))
    assert issuer.reads == 1
    issuer.now += 1000
    checked.check(bearing(asked))
    assert issuer.reads == 2


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "garbage",
        token(aud="other"),
        token(iss="https://other.example/"),
        token(exp=1_000_000_000),
        token(nbf=3_999_999_999),
        token(sub=None),
        token(exp=None),
        token(key=rsa.generate_private_key(65537, 2048)),
        token("e"),
        token("h", b"x" * 32, "HS256"),
        token("unknown"),
        jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "r"}),
        token()[:-4] + "AAAA",
    ],
    ids=map(str, range(14)),  # tokens differ from run to run
)
def test_forged_tokens_are_refused(asked: str) -> None:
    """Another issuer, audience, key or algorithm, none at all, or an expired one: 401."""
    assert refused(access(tokens=Issuer().tokens()), bearing(asked)) == 401


def test_unknown_keys_are_read_rarely() -> None:
    """Tokens of unknown keys do not have the issuer's keys read for each of them; a new key is found a minute later."""
    issuer = Issuer()
    tokens = issuer.tokens()
    for _ in range(20):
        with pytest.raises(TokenError):
            tokens.subject(token("unknown"))
    assert issuer.reads == 1
    issuer.now += 61
    assert tokens.subject(token()) == "huda"


@pytest.mark.parametrize("answer", [lambda: b"{", lambda: b'{"keys": []}', lambda: b"[]"])
def test_broken_issuer_is_refused(answer: Callable[[], bytes]) -> None:
    """An issuer whose keys cannot be read opens nothing."""
    assert refused(access(tokens=Issuer(answer).tokens()), bearing(token())) == 401


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/", "/search", "q=haftar"),
        ("/stories/abc", "/stories/abc", "revision=2"),
        ("/stories/abc", "/stories/abc/diff", ""),
        ("/stories/abc", "/style.css", ""),
        ("/search?q=haftar&format=atom", "/search", "format=atom&q=haftar&cursor=x&lang=ar"),
    ],
)
def test_links_open_their_target(target: str, path: str, query: str) -> None:
    """A link opens its path and what is below, or its query alone, by itself and by its cookie."""
    signed, checked = Grant(target, NOW + 60).signed(KEY), access(key=lambda: KEY)
    caller = checked.check(event(path, f"{query}&access={signed}"))
    if caller.cookie:
        pair = caller.cookie.partition(";")[0]
        assert {"HttpOnly", "Secure"} <= {each.strip() for each in caller.cookie.split(";")}
        again = checked.check(event(path, query) | {"cookies": ["other=1", pair]})
        assert (again.name, again.cookie) == (caller.name, "")
    assert bool(caller.cookie) == ("?" not in target)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/stories/abc", "/stories/abcd", ""),
        ("/stories/abc", "/stories", ""),
        ("/stories/abc", "/", ""),
        ("/search?q=haftar", "/search", "q=sarraj"),
        ("/search?q=haftar", "/search", "q=haftar&q=sarraj"),
        ("/search?q=haftar", "/search", ""),
        ("/search?q=haftar", "/search/x", "q=haftar"),
    ],
)
def test_links_open_nothing_else(target: str, path: str, query: str) -> None:
    """What a link does not name is refused: 403."""
    signed = Grant(target, NOW + 60).signed(KEY)
    assert refused(access(key=lambda: KEY), event(path, f"{query}&access={signed}")) == 403


def test_altered_links_are_refused() -> None:
    """Each letter of a link counts; so do its time and its key."""
    signed, checked = Grant("/", NOW + 60).signed(KEY), access(key=lambda: KEY)
    assert checked.check(event("/", f"access={signed}"))
    for at, letter in enumerate(signed):
        altered = signed[:at] + ("A" if letter != "A" else "B") + signed[at + 1 :]
        assert refused(checked, event("/", f"access={altered}")) == 403, at
    assert refused(checked, event("/", f"access={Grant('/', NOW).signed(KEY)}")) == 403
    assert refused(checked, event("/", f"access={Grant('/', NOW + 60).signed(b'other')}")) == 403
    assert refused(checked, event("/", "access=a.b.c")) == 403
    assert refused(checked, event("/") | {"cookies": ["dateline=%C3%A4"]}) == 403


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer"}])
def test_strangers_are_refused(headers: dict[str, str]) -> None:
    """Without a token or a link there is nothing but the style sheet: 401 with the way in."""
    guard = Guard(access(tokens=Issuer().tokens(), key=lambda: KEY), Throttle(10, 10, lambda: 0.0))
    refusal, _ = guard.admit(event("/stories", "", headers))
    assert refusal
    assert refusal["statusCode"] == 401
    assert refusal["headers"]["WWW-Authenticate"].startswith("Bearer")
    assert refusal["headers"]["Content-Type"] == "application/problem+json"
    assert guard.admit(event("/style.css")) == (None, "")


def test_callers_are_limited_apart() -> None:
    """A caller that asks too often waits, and another does not; the bucket fills with time."""
    now = 0.0
    throttle = Throttle(2, 3, lambda: now)
    assert [throttle.wait("one") for _ in range(4)] == [0, 0, 0, 0.5]
    assert throttle.wait("other") == 0
    now = 0.5
    assert [throttle.wait("one"), throttle.wait("one")] == [0, 0.5]
    now = 100
    assert [throttle.wait("one") for _ in range(4)] == [0, 0, 0, 0.5]


def test_limits_follow_the_signer() -> None:
    """Behind IAM a caller is the principal whose signature Lambda checked: 429 with Retry-After."""
    guard = Guard(None, Throttle(0.5, 1, lambda: 0.0))
    one, other = (event("/") for _ in range(2))
    one["requestContext"]["authorizer"] = {"iam": {"userArn": "arn:aws:iam::1:user/one"}}
    assert guard.admit(one) == guard.admit(other) == (None, "")
    refusal, _ = guard.admit(one)
    assert refusal
    assert (refusal["statusCode"], refusal["headers"]["Retry-After"]) == (429, "2")
