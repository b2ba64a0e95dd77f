"""A simulated day against the limits of AWS: lag from publication to index, concurrency, throttles, dollars."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from dateline.cost import model, prices, rounds
from dateline.cost.measured import EXTRACT_MEMORY
from dateline.cost.model import Driver, Workload
from dateline.cost.prices import Price
from infra.bench.models.day import CONCURRENCY, Day, day
from infra.bench.result import Result, Row, Target

METHOD = (
    "The second of two simulated days of outlets with 100 new stories and their looks, in rounds of three shards and "
    "every hour, then at other intervals, "
    "with three extraction functions, as template.yaml has them; by docs/scale.md's assumptions. Seconds of functions "
    "are the simulation's, other prices those of dateline cost."
)
STORIES = 100  # a day and outlet
SIZES = (50, 500)  # outlets
EVERY = (30, 90, 120)  # minutes: the other intervals


def run(*, count: int, **_: Any) -> Result:
    """Simulate a day of 50 and of ``count`` outlets, and of these with other intervals."""
    result = Result(bench="day", method=METHOD)
    for outlets in sorted({SIZES[0], count}):
        found = day(outlets=outlets, stories=STORIES)
        result.rows.append(Row(f"{outlets} outlets", figures(found, outlets)))
    last = result.rows[-1].figures
    pages = last["stories"] + last["looks"]
    for every in EVERY:
        found = day(outlets=count, stories=STORIES, every=timedelta(minutes=every))
        result.rows.append(Row(f"{count} outlets, {every} minutes", figures(found, count, every)))
    result.targets = [
        Target(
            what="75 minutes from publication to index, 95 of 100 stories", ratio=last["lag_95_min"] / 75, at_most=1
        ),
        Target(what="account's functions at once", ratio=last["functions_at_once"] / CONCURRENCY, at_most=1),
        Target(
            what="day's pages still due at its end",
            ratio=last["left"] / pages,
            at_most=0.04,  # an hour's
        ),
    ]
    return result


def figures(found: Day, outlets: int, every: float = rounds.EVERY) -> dict[str, float]:
    """Return a day's figures; lags in minutes, money in dollars a day and for a million stories in their year."""
    work = Workload(outlets=outlets, stories_a_day=STORIES, every=every)
    return {
        "stories": len(found.lags),
        "looks": found.looks,
        "rounds": found.rounds,
        "files": found.files,
        "left": found.left,
        "lag_50_min": round(found.lag(0.5), 1),
        "lag_95_min": round(found.lag(0.95), 1),
        "lag_most_min": round(found.lag(1), 1),
        "functions_at_once": found.at_once,
        "throttled": found.throttled,
        "write_units_per_s": round(found.most_units),
        "full_seconds": found.full_seconds,
        "fifo_calls_per_s": found.most_fifo_calls,
        "dollars_per_day": round(_dollars(found, work), 2),
        "dollars_per_million": round(sum(model.per_million(work).values()), 2),
        "the_same_in_standard_ia": round(sum(model.per_million(replace(work, infrequent_access=True)).values()), 2),
    }


def _dollars(found: Day, work: Workload) -> float:
    """A day's bill: functions by their simulated seconds, the rest by the counted use of a month."""
    rest = model.dollars(model.month(work), work)
    others = sum(dollars for driver, dollars in rest.items() if driver not in (Driver.CRAWL, Driver.EXTRACTION))
    gb_seconds = found.crawl_seconds * rounds.MEMORY + found.extract_seconds * EXTRACT_MEMORY
    return others / model.DAYS + gb_seconds * prices.DOLLARS[Price.LAMBDA_COMPUTE]
