"""``python -m infra.bench [NAME ...]``: run benches and print their figures; by default all, see ``BENCHES``."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.bench import crawl, extract, functions, proofs, rounds, start
from infra.bench.answers import clusters, dataset, search
from infra.bench.costs import cost, day, edits, jobs
from infra.bench.flow import bench as flow
from infra.bench.inputs.pages import DISTINCT
from infra.bench.result import Result

BENCHES: dict[str, tuple[Callable[..., Result], int]] = {  # with the default number of pages or stories
    "crawl": (crawl.run, 1000),
    "rounds": (rounds.run, 200),  # hosts
    "extract": (extract.run, DISTINCT),
    "start": (start.run, 1),
    "functions": (functions.run, 1),
    "dataset": (dataset.run, 1_000_000),
    "clusters": (clusters.run, 20_000),
    "cost": (cost.run, 2),
    "edits": (edits.run, 10_000),
    "jobs": (jobs.run, 500),
    "flow": (flow.run, 5_000),
    "day": (day.run, 500),  # outlets
    "search": (search.run, 1_000_000),
    "proofs": (proofs.run, 100_000),  # records
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, whatever the ratios are: a bench reports."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.bench) - BENCHES.keys():
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    for name in options.bench or BENCHES:
        bench, count = BENCHES[name]
        print(f"bench: {name} ...", file=sys.stderr)
        result = bench(count=options.count or count, rounds=options.rounds, pages=options.pages)
        if options.json:
            print("\n".join(json.dumps(line) for line in result.lines()))
        else:
            show(result, Console())
    return 0


def show(result: Result, console: Console) -> None:
    """Print a table of figures, a line per target, and the missing measurements."""
    table = Table(title=result.bench, caption=result.method, title_justify="left", caption_justify="left")
    table.add_column("")
    names = list(result.rows[0].figures)
    for name in names:
        table.add_column(name.replace("_per_", "/").replace("_", " "), justify="right")
    for row in result.rows:
        table.add_row(row.subject, *(f"{row.figures[name]:g}" for name in names))
    console.print(table)
    for target in result.targets:
        verdict = "[green]met[/]" if target.met else "[bold red]MISSED[/]"
        console.print(f"{verdict}: {target.ratio:.2f} of the {target.what}; wanted {target.wanted}", highlight=False)
    for note in result.notes:
        console.print(f"[yellow]note[/]: {note}", highlight=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description="Measure Dateline beside its peers.")
    parser.add_argument("bench", nargs="*", metavar="|".join(BENCHES), help="which to run; without, all")
    parser.add_argument("--pages", type=Path, metavar="FILE.jsonl.gz", help="recorded pages instead of made-up ones")
    parser.add_argument("--count", type=_several, metavar="N", help="pages in a round, or stories; 2 or more")
    parser.add_argument("--rounds", type=_positive, default=5, metavar="N")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    return parser


def _positive(text: str, least: int = 1) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"{least} or more, not {number}")
    return number


def _several(text: str) -> int:
    """One page is what each crawl's start is measured with."""
    return _positive(text, 2)


if __name__ == "__main__":
    sys.exit(main())
