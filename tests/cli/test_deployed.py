"""A local cloud with other functions than the checkout: the commands say so at once, and what to run."""

from pathlib import Path

import pytest

from dateline.cli import stack
from dateline.cli.collecting import deployed
from dateline.cli.collecting.deployed import check_current
from dateline.cli.terminal.output import CommandError
from infra.local import stack as local_stack
from infra.local.record import Record
from tests.cli.conftest import Command
from tests.support.samples import Newsroom


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a local cloud, deployed from an older checkout with one source."""
    for module in (deployed, stack):
        monkeypatch.setattr(module, "STATE", tmp_path)
    known = tmp_path / "build" / "CrawlFunction" / "spiders" / "sources" / "ly" / "libya-herald.toml"
    known.parent.mkdir(parents=True)
    known.touch()
    Record(port=1, built="older", outputs={"IndexTable": "index"}).write(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_older_functions_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    check_current(["libya-herald"])
    assert capsys.readouterr().err.splitlines() == [
        "the deployed functions are older than the checkout; dateline up deploys what changed"
    ]


@pytest.mark.usefixtures("folder")
def test_new_source_is_refused() -> None:
    """A source without a deployed spider would be waited for in vain, so the command ends at once."""
    with pytest.raises(CommandError, match="do not know lana yet; run dateline up"):
        check_current(["libya-herald", "lana"])


def test_current_functions_are_silent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Record(port=1, built=local_stack.fingerprint(), outputs={"IndexTable": "index"}).write(folder)
    check_current(["lana"])
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("folder", "newsroom")
def test_crawl_ends_for_new_source(dateline: Command) -> None:
    done = dateline("crawl", "lana")
    assert isinstance(done.exception, CommandError)
    assert "run dateline up" in str(done.exception)


@pytest.mark.usefixtures("folder")
def test_reextracting_all_asks_first(dateline: Command, newsroom: Newsroom) -> None:
    """Without a source it is the whole archive, which somebody is to agree to."""
    newsroom.capture(("a", "A story|Words."))
    done = dateline("reextract")
    assert done.exit_code == 1
    assert "all captures again, of 1 source?" in done.stderr
    assert "asked for" not in done.stderr
    for arguments in (["--yes"], ["sample-gazette"], ["--run", "20261129T120000Z-run"]):
        assert "all captures" not in dateline("reextract", *arguments).stderr


@pytest.mark.usefixtures("folder", "newsroom")
def test_reextract_notes_older_functions(dateline: Command) -> None:
    assert "older than the checkout" in dateline("reextract").stderr
