"""Timestamp authorities: answers that verify, and wrong ones of every kind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dateline.proofs.authorities import Authority, StampError, addresses
from tests.support.proofs.authority import TimestampAuthority, serving


def flip(answer: bytes) -> bytes:
    return answer[:-20] + bytes([answer[-20] ^ 1]) + answer[-19:]


@pytest.mark.parametrize(
    "change", [lambda _: None, lambda _: b"", lambda _: b"<html>", lambda answer: answer[:-40], flip]
)
def test_wrong_answer_is_refused(authority: TimestampAuthority, change: Callable[[bytes], bytes | None]) -> None:
    """No answer, another kind of answer, a cut one and a changed one are errors, and nothing is kept."""
    authority.change = change
    try:
        with pytest.raises(StampError, match=r"^sample: "):
            Authority("sample", authority.url, authority.certificates).stamp(b"root")
    finally:
        authority.change = lambda answer: answer


def test_answer_to_another_request(authority: TimestampAuthority) -> None:
    """The same digest with another nonce, and another digest."""
    asked = Authority("sample", authority.url, authority.certificates)
    for data in (b"root", b"another root"):
        earlier = asked.stamp(data)
        authority.change = lambda _, earlier=earlier: earlier  # type: ignore[misc]
        try:
            with pytest.raises(StampError):
                asked.stamp(b"root")
        finally:
            authority.change = lambda answer: answer


def test_answer_without_certificates(authority: TimestampAuthority) -> None:
    """An answer whose certificates a strict reader refuses is asked for again without them, and verifies."""
    answers = list[bytes]()
    authority.change = lambda answer: answers.append(answer) or answer  # type: ignore[func-returns-value]
    try:
        kept = Authority("sample", authority.url, authority.certificates).stamp(b"root")
    finally:
        authority.change = lambda answer: answer
    assert kept == answers[-1]
    assert len(answers) <= 2


@pytest.mark.parametrize("trust", ["stranger", "none"])
def test_untrusted_answer_is_refused(authority: TimestampAuthority, stranger: TimestampAuthority, trust: str) -> None:
    certificates = stranger.certificates if trust == "stranger" else b"no PEM"
    with pytest.raises(StampError, match=r"^sample: "):
        Authority("sample", authority.url, certificates).stamp(b"root")


def test_expired_certificate_is_refused(tmp_path: Path) -> None:
    authority = TimestampAuthority(tmp_path, days=("20190101000000Z", "20200101000000Z"))
    with serving(authority) as expired, pytest.raises(StampError, match=r"^sample: "):
        Authority("sample", expired.url, expired.certificates).stamp(b"root")


def test_nobody_listens() -> None:
    with pytest.raises(StampError, match="no answer from"):
        Authority("sample", "http://127.0.0.1:9/", b"").stamp(b"root")


@pytest.mark.parametrize("setting", ["https://tsa.example/", "a b=https://tsa.example/", "one=ftp://tsa.example"])
def test_address_that_is_none(setting: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=ADDRESS"):
        addresses(setting)


def test_addresses() -> None:
    assert addresses("one=https://a.example/, two=http://b.example/?x=1,") == {
        "one": "https://a.example/",
        "two": "http://b.example/?x=1",
    }
