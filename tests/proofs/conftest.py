"""Timestamp authorities on loopback, and a proof to forge."""

from collections.abc import Iterator
from typing import Any

import pytest

from dateline.proofs.signing import FileSigner
from tests.conftest import emulated
from tests.support.authority import TimestampAuthority, serving
from tests.support.evidence import Evidence, Files


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    with serving(TimestampAuthority(tmp_path_factory.mktemp("authority"))) as found:
        yield found


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    """An authority that nobody trusts."""
    with serving(TimestampAuthority(tmp_path_factory.mktemp("stranger"))) as found:
        yield found


@pytest.fixture(scope="session")
def sound(authority: TimestampAuthority, tmp_path_factory: pytest.TempPathFactory, template: dict[str, Any]) -> Files:
    """A proof to forge."""
    with emulated(template) as aws:
        found = Evidence(aws, authority, FileSigner(tmp_path_factory.mktemp("key") / "key.pem"))
        found.stamp()
        return found.proof()
