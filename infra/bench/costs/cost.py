"""Dollars of a million stories in their first year, by driver (``dateline.cost``)."""

from typing import Any

from dateline.cost import measured, model, prices
from infra.bench.result import Result, Row, Target

_MOST = 50  # dollars of a million stories in their first year
_WORKLOADS = {"50 outlets x 30": (50, 30), "500 outlets x 100": (500, 100)}


def run(**_: Any) -> Result:
    """Bill the two workloads; nothing is crawled, tests count the calls (tests/cost)."""
    method = f"{measured.LOOKS:g} looks at a story; list prices of {prices.REGION}, read on {prices.READ_ON}"
    result = Result(bench="cost", method=method)
    works = {name: model.Workload(outlets=n, stories_a_day=a_day) for name, (n, a_day) in _WORKLOADS.items()}
    bills = {name: model.per_million(work) for name, work in works.items()}
    for driver in model.Driver:
        result.rows.append(Row(driver, {name: round(bill.get(driver, 0.0), 2) for name, bill in bills.items()}))
    sums = {name: round(sum(bill.values()), 2) for name, bill in bills.items()}
    result.rows.append(Row("all", sums))
    ratio = sums["500 outlets x 100"] / _MOST
    result.targets.append(Target(what=f"{_MOST} dollars per million stories", ratio=ratio, at_most=1))
    return result
