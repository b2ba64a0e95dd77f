"""``dateline cost``: what the archive costs, by counted calls and dated prices."""

from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import Json, note, print_json
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.cost.model import Workload


def cost(
    outlets: Annotated[int, typer.Option(min=1, help="Number of outlets.")] = 500,
    stories_a_day: Annotated[float, typer.Option(min=0.1, help="New stories of each outlet in a day.")] = 100,
    every: Annotated[int, typer.Option(min=1, help="Minutes between two crawls of an outlet.")] = 60,
    hosts: Annotated[
        float | None,
        typer.Option(min=1, help="Hosts that one crawl invocation crawls side by side.", show_default="by outlets"),
    ] = None,
    infrequent_access: Annotated[
        bool, typer.Option("--infrequent-access", help="With the table in DynamoDB's class Standard-IA.")
    ] = False,
    backup: Annotated[bool, typer.Option("--backup", help="With point-in-time recovery of the table.")] = False,
    events: Annotated[bool, typer.Option("--events", help="With a rule on the event bus.")] = False,
    json: Json = False,
) -> None:
    """Print what a million stories cost in their first year, and the bill of the twelfth month, by driver.

    List prices of us-east-1 without taxes; looks, edits and storage of the first year are included. Alarms, schedules
    and keys are of the month alone.
    """
    from dateline.cost import model, prices

    work = model.Workload(
        outlets=outlets,
        stories_a_day=stories_a_day,
        every=every,
        hosts=hosts or 0,
        infrequent_access=infrequent_access,
        backup=backup,
        subscribed=events,
    )
    million, month = model.per_million(work), model.dollars(model.month(work), work)
    idle = model.Workload(outlets=0, stories_a_day=0)
    totals = {
        "outlets": outlets,
        "stories_a_day": stories_a_day,
        "every": every,
        "prices_of": f"{prices.READ_ON}",
        "looks_per_story": work.looks,
        "month": round(sum(month.values()), 2),
        "month_after_free_allowances": _after(work),
        "idle_month": round(sum(model.dollars(model.month(idle), idle).values()), 2),
        "idle_month_after_free_allowances": _after(idle),
        "per_million_first_year": round(sum(million.values()), 2),
    }
    rows = [(driver, million.get(driver, 0.0), month.get(driver, 0.0)) for driver in model.Driver]
    if json:
        for driver, one, other in rows:
            print_json({"driver": driver, "per_million_first_year": round(one, 2), "month": round(other, 2)})
        print_json(totals)
        return
    columns = [Column("driver"), Column("$ per million stories", right=True), Column("$ a month", right=True)]
    sums = [("all", sum(million.values()), sum(month.values()))]
    print_table(columns, [(name, f"{one:.2f}", f"{other:.2f}") for name, one, other in (*rows, *sums)])
    note(f"prices of {prices.READ_ON}; the month after AWS's free allowances: ${totals['month_after_free_allowances']}")
    note(f"idle: ${totals['idle_month']} a month, ${totals['idle_month_after_free_allowances']} after free allowances")


def _after(work: "Workload") -> float:
    """Return the dollars of a month with AWS's free allowances taken off."""
    from dateline.cost import model

    lines = list(model.month(work))
    return round(sum(model.dollars(lines, work).values()) - model.allowance(lines), 2)
