"""``dateline verify``: check the archive for damage, loss and contradictions."""

import json as jsonlib
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from dateline.cli.maintaining.in_stack import InStack, RunName, carry_out, wanted
from dateline.cli.names import check_sources
from dateline.cli.options import Day
from dateline.cli.stack import STATE, Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, progress, write
from dateline.keys import crawl_names, object_keys

if TYPE_CHECKING:
    from dateline.verify import Costs, Finding, Progress, Scope, Spool

_ASK_OVER = 10_000  # objects: minutes, and in cold storage dollars


def verify(
    source: Annotated[list[str] | None, typer.Option(help="Captures of this source alone; repeatable.")] = None,
    since: Day = None,
    search: Annotated[bool, typer.Option("--search", help="Check the search index alone against the index.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help=f"Don't ask, though it is over {_ASK_OVER:,} objects.")] = False,
    in_stack: InStack = None,
    run: RunName = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Read all captures, articles, pointers and index items; print damaged, missing and orphaned objects with remedies.

    DAY is a day of capture (UTC). Writes only a report, reports/verify/. Safe to interrupt: continue with --resume.
    Exit status 1 for findings.
    """
    from dateline.verify import Scope, Spool, costs

    deployed = Stack.find(stack)
    check_sources(source or (), deployed.query().sources)
    if search:
        _verify_search(deployed, json)
        return
    path = STATE / "verify" / f"{stack or 'local'}.sqlite"
    if resume and not path.exists():
        raise CommandError("there is no interrupted run; start one without --resume")
    if not resume:
        _remove(path)
    with closing(Spool(path)) as spool:
        scope = _kept(spool) if resume else Scope(tuple(source or ()), since.date() if since else None)
        spool.note("scope", jsonlib.dumps([scope.sources, scope.since], default=str))
        names = {"captures": deployed.capture_bucket, "archive": deployed.archive_bucket}
        _agree(costs(deployed.s3, deployed.table, **names, scope=scope), asked=not (yes or _is_local(deployed)))
        _warn_of_work(deployed)
        if wanted(in_stack, stack, run) and not scope.since:
            _look_in_stack(deployed, spool, scope, run)
        summary = _run(deployed, spool, scope, json)
        _put_report(deployed, spool, summary)
    _remove(path)
    if json:
        print_json(summary)
    else:
        found = f"{summary['found']} wrong" if summary["found"] else "nothing wrong"
        write(f"{count(summary['objects'], 'object')}, {count(summary['items'], 'index item')}: {found}")
    if summary["found"]:
        raise typer.Exit(1)


def _look_in_stack(deployed: Stack, spool: "Spool", scope: "Scope", run: str | None) -> None:
    """Have the stack's functions look at the objects, and take what they saw into the spool."""
    from dateline.maintenance.jobs import shards

    name = run or crawl_names.new_name("verify")
    found = carry_out(deployed, "verify", name, shards(deployed.deployment, "verify", scope.sources))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shard.sqlite")
        for shard in sorted(found):
            _remove(path)
            deployed.s3.download_file(deployed.archive_bucket, object_keys.shard_spool(name, *shard), str(path))
            spool.absorb(path)
    spool.note("seen", "yes")


def _verify_search(deployed: Stack, json: bool) -> None:
    """Print each story that the search index lacks, or has otherwise than the index."""
    from dateline.search.index.rebuild import SearchRebuild

    found = 0
    for difference in SearchRebuild.of(deployed.s3, deployed.table, deployed.archive_bucket).check():
        found += 1
        if json:
            print_json(asdict(difference))
        else:
            write(f"search-{difference.kind}: {difference.id} in {difference.month}")
    if found:
        note(f"{count(found, 'story differs', 'stories differ')}; dateline rebuild --search indexes them again")
        raise typer.Exit(1)


def _run(stack: Stack, spool: "Spool", scope: "Scope", json: bool) -> dict[str, Any]:
    """Look, and print each finding as it comes; what it came to."""
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    from dateline.verify import Verification

    name = spool.noted("run") or crawl_names.crawl_name(datetime.now(UTC), "verify")
    spool.note("run", name)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Bars(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("listing", total=None)

        def show(now: "Progress") -> None:
            told = f"{count(now.objects, 'object')}, {count(now.items, 'index item')}, {now.found:,} wrong"
            bars.update(task, description=told)

        verification = Verification(
            stack.deployment,
            spool,
            scope=scope,
            progress=show,
        )
        for finding in verification.compared() if spool.noted("seen") else verification.findings():
            _print(finding, json)
    scoped = {"sources": list(scope.sources), "since": scope.since and scope.since.isoformat()}
    return {"run": name, **scoped, **asdict(verification.progress)}


def _print(finding: "Finding", json: bool) -> None:
    if json:
        print_json(asdict(finding) | {"mend": finding.mend})
        return
    at = "" if finding.offset is None else f" at {finding.offset}"
    write(f"{finding.kind.value}: {finding.key}{at}: {finding.detail}")
    write(f"    {finding.mend}")


def _put_report(stack: Stack, spool: "Spool", summary: dict[str, Any]) -> None:
    with tempfile.SpooledTemporaryFile(1 << 20) as file:
        file.write(jsonlib.dumps(summary).encode() + b"\n")
        for finding in spool.findings():
            line = jsonlib.dumps(asdict(finding) | {"mend": finding.mend}, ensure_ascii=False)
            file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        file.seek(0)
        stack.s3.upload_fileobj(file, stack.archive_bucket, object_keys.verification(summary["run"]))


def _agree(costs: "Costs", *, asked: bool) -> None:
    """Say what the run costs, and have it agreed to if it is a large one."""
    cold = f", {_bytes(costs.cold_bytes)} of it from cold storage" if costs.cold_bytes else ""
    note(
        f"to read: {count(costs.objects, 'object')}, {_bytes(costs.bytes)}{cold},"
        f" and {count(costs.items, 'index item')}, {_bytes(costs.table_bytes)}:"
        f" ${costs.dollars:.2f} at list prices (us-east-1),"
        f" and ${costs.dollars_out:.2f} more from outside the region"
    )
    if costs.objects > _ASK_OVER and asked:
        if not sys.stdin.isatty():
            raise CommandError(f"over {_ASK_OVER:,} objects; --yes agrees to it")
        typer.confirm("go on?", abort=True, err=True)


def _is_local(stack: Stack) -> bool:
    return urlsplit(stack.s3.meta.endpoint_url).hostname in {"127.0.0.1", "::1", "localhost"}


def _warn_of_work(stack: Stack) -> None:
    """What is on its way to the archive is missing from it."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queue = stack.outputs["ExtractQueue"]
    counts = stack.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    if waiting := sum(map(int, counts.values())):
        verb = "is" if waiting == 1 else "are"
        note(f"{count(waiting, 'capture')} {verb} on the way through ExtractQueue, and may be found to be missing")


def _kept(spool: "Spool") -> "Scope":
    """The scope of the run that was interrupted."""
    from dateline.verify import Scope

    sources, since = jsonlib.loads(spool.noted("scope"))
    return Scope(tuple(sources), date.fromisoformat(since) if since else None)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
