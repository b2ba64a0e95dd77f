"""A terminal of 80 columns, and an archive, for the commands."""

import re
from collections.abc import Callable, Iterator

import boto3
import pytest
from typer.testing import CliRunner, Result

from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.cli.terminal import output
from tests.conftest import Aws
from tests.support.samples import Newsroom

Command = Callable[..., Result]

_STYLES = re.compile(r"\x1b\[[0-9;]*m")  # what rich writes for colours; a text's own escapes are none of these


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard output is a terminal of 80 columns and 24 lines."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "LINES": "24", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    output.console.cache_clear()
    yield
    output.console.cache_clear()


@pytest.fixture
def newsroom(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """An empty archive that the commands find."""
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive, "IndexTable": aws.table.name}
    stack = Stack(s3=aws.s3, sqs=boto3.client("sqs"), table=aws.table, outputs=outputs)
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    return Newsroom(aws, source="sample-gazette")


@pytest.fixture
def dateline() -> Command:
    """Run the command."""
    return lambda *arguments: CliRunner().invoke(app, arguments)


def plain(text: str) -> str:
    """Return printed text without rich's colours."""
    return _STYLES.sub("", text)
