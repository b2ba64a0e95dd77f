"""``dateline crawl``: ask the deployed stack to crawl now, and follow it to the archive."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dateline.cli import commands
from dateline.cli.collecting.deployed import check_current
from dateline.cli.collecting.progress import follow, words
from dateline.cli.collecting.sources import registered
from dateline.cli.names import check_sources
from dateline.cli.options import FirstDay, LastDay, check_days
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, write
from dateline.keys import crawl_names

if TYPE_CHECKING:
    from dateline.cli.collecting.tracking import FollowedCrawl
    from dateline.messages import CrawlMessage, RoundMessage
    from dateline.sources.registry import Source

_SAMPLES = "sample-"  # the sample newsroom's outlets
# Reasons that are an outlet's own rule, obeyed, and no failure (``spiders.failures``).
# Reasons for leaving a page alone, which are no failures, as users read them.
POLICIES = {"robots": "skipped by robots.txt", "opt-out": "skipped by a page's noarchive"}

Sources = Annotated[
    list[str] | None, typer.Argument(help="Source ids; without any, the sample newsroom's.", show_default=False)
]


def crawl(
    sources: Sources = None,
    here: Annotated[bool, typer.Option("--here", help="Run the spiders in this process, not in the stack.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Largest number of pages per source.")] = None,
    since: FirstDay = None,
    until: LastDay = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds without any progress before it gives up.")] = 300,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Crawl sources now and follow them to the archive. Safe to interrupt: the crawl goes on in the stack."""
    from dateline.aws.queues import send_rounds
    from dateline.cli.collecting.tracking import FollowedCrawl
    from dateline.messages import CrawlMessage

    check_days(since, until)
    wanted = _wanted(sources or [], history=bool(since or until))
    deployed = Stack.find(stack)
    if not stack:
        check_current(() if here else wanted)
    name = crawl_names.new_name("cli")
    first, last = (f"{day:%Y-%m-%d}" if day else None for day in (since, until))
    messages = [CrawlMessage(source=id, crawl=name, limit=limit, since=first, until=last) for id in wanted]
    if here:
        run_here = _run_here()
        for message in messages:
            run_here(deployed, message, wanted[message.source])
    elif send_rounds(deployed.sqs, _rounds(messages, deployed), queue=deployed.outputs["CrawlQueue"]):
        raise CommandError("the crawl queue did not take the messages; run the command again")
    note(f"asked for {', '.join(wanted)} as {name}")
    followed = [FollowedCrawl(source=message.source, crawl=message.crawl) for message in messages]
    try:
        follow(deployed, followed, patience)
    except KeyboardInterrupt:
        note("the crawl goes on in the stack; dateline query and dateline status --coverage show its results")
        raise
    _print(followed, json)
    if any(not each.done or _unreachable(each.summary()) for each in followed):
        raise typer.Exit(1)


def _rounds(messages: "list[CrawlMessage]", stack: Stack) -> "Iterator[RoundMessage]":
    """The crawls as one round for each shard of the stack."""
    from dateline.messages import RoundMessage
    from dateline.sources.crawl_shards import Shards

    shards = Shards(int(stack.outputs["CrawlShards"])).assign(registered().values())
    for shard in sorted({shards[message.source] for message in messages}):
        yield RoundMessage.of(shard, [message for message in messages if shards[message.source] == shard])


def _wanted(ids: list[str], *, history: bool) -> "dict[str, Source]":
    """The sources asked for; CommandError names one that is not registered, or may not or cannot be crawled."""
    check_sources(ids)
    known = registered()
    ids = ids or [source for source in known if source.startswith(_SAMPLES)]
    if not ids:
        raise CommandError("no source named, and there is no sample newsroom; dateline up starts one")
    for source in ids:
        if not known[source].crawlable:
            raise CommandError(f"{source} refuses automated access or has no way in; dateline sources show {source}")
        if history and not (known[source].sitemaps or known[source].listings):
            raise CommandError(f"{source} has neither sitemaps nor listings, so no way into its history")
    return {source: known[source] for source in ids}


def _print(followed: "list[FollowedCrawl]", json: bool) -> None:
    summaries = [each.summary() for each in followed]
    for summary in summaries:
        if json:
            print_json(summary)
        else:
            write(f"{summary['source']}: {_sentence([summary])}")
        for url, error in summary["feed_errors"].items():
            note(f"{summary['source']}: cannot read {url}: {error}")
        if _unreachable(summary):
            note(f"{summary['source']}: nothing could be read; dateline sources check {summary['source']} looks closer")
        if summary["postponed"]:
            note(f"{summary['source']} asks to be left alone until {summary['postponed']}; then it goes on")
        elif not summary["done"]:
            note(f"{summary['source']}: not finished; dateline status and dateline logs say why")
    if not json and len(summaries) > 1:
        write(_sentence(summaries))


def _sentence(summaries: Iterable[Mapping[str, Any]]) -> str:
    """``captured 24 pages: 21 archived, 3 not_article; 2 skipped by robots.txt; 1 failed (timeout 1); 40 known``."""
    summaries = list(summaries)
    outcomes = sum((Counter(summary["outcomes"]) for summary in summaries), Counter[str]())
    failures = sum((Counter(summary["failures"]) for summary in summaries), Counter[str]())
    captured = sum(summary["captured"] for summary in summaries)
    what = words(outcomes) if captured else "" if failures else "nothing new"
    parts = [f"captured {count(captured, 'page')}{what and f': {what}'}"]
    parts += [f"{failures[reason]:,} {POLICIES[reason]}" for reason in POLICIES if failures[reason]]
    failures = Counter({reason: number for reason, number in failures.items() if reason not in POLICIES})
    if failures:
        parts.append(f"{failures.total():,} failed ({words(failures, number_first=False)})")
    parts += [
        f"{number:,} {name}"
        for name in ("known", "waiting", "left")
        if (number := sum(summary[name] for summary in summaries))
    ]
    return "; ".join(parts)


def _unreachable(summary: Mapping[str, Any]) -> bool:
    """Whether no feed of the source could be read."""
    return bool(summary["feed_errors"]) and not summary["discovered"]


def _run_here() -> "Callable[[Stack, CrawlMessage, Source], None]":
    """Return the function that crawls in this process, into the stack's bucket and table; its functions do the rest."""
    run = commands.part("crawl.here")
    if run is None:
        raise CommandError("--here needs the spiders; install dateline[crawl]")
    return run
