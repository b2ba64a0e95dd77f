"""Notice that the local cloud runs other code than the checkout."""

from collections.abc import Iterable

from dateline.cli import commands
from dateline.cli.names import samples
from dateline.cli.stack import STATE
from dateline.cli.terminal.output import CommandError, note


def check_current(sources: Iterable[str] = ()) -> None:
    """Say if the local cloud's functions are older than the checkout, and what to run.

    Raises CommandError for a source that the deployed crawl function does not have: its crawl would end nowhere.
    """
    is_current = commands.part("status.current")
    if is_current is None or is_current(STATE):
        return
    deployed = {path.stem for path in (STATE / "build" / "CrawlFunction").rglob("sources/*/*.toml")}
    deployed |= {path.stem for path in samples().rglob("*.toml")}
    if missing := [source for source in sources if source not in deployed]:
        raise CommandError(f"the deployed functions do not know {missing[0]} yet; run dateline up, then this again")
    note("the deployed functions are older than the checkout; dateline up deploys what changed")
