"""Timestamp authorities on loopback."""

from collections.abc import Iterator

import pytest

from tests.support.authority import TimestampAuthority, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    with serving(TimestampAuthority(tmp_path_factory.mktemp("authority"))) as found:
        yield found


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    """An authority that nobody trusts."""
    with serving(TimestampAuthority(tmp_path_factory.mktemp("stranger"))) as found:
        yield found
