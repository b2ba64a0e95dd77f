"""Timestamp authorities on loopback, and a proof to forge."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from dateline.cli.main import app
from dateline.cli.terminal.output import CommandError
from dateline.proofs import verify
from dateline.proofs.signing import FileSigner
from tests.conftest import emulated
from tests.support.proofs.authority import TimestampAuthority, serving
from tests.support.proofs.evidence import Check, Evidence, Files


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


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Checks a proof by the bundled script and by the command: exit status and last line, the same of both."""

    def both(*arguments: str) -> tuple[int, str]:
        status = verify.main(arguments)
        said = capsys.readouterr().out.splitlines()[-1]
        done = CliRunner().invoke(app, ["check-proof", *arguments])
        if status:
            assert isinstance(done.exception, CommandError)
            assert str(done.exception).endswith(f" {said}")
        else:
            assert (done.exit_code, done.output.splitlines()[-1]) == (0, said)
        return status, said

    return both
