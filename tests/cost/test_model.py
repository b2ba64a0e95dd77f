"""Bills: the table of prices times counted use."""

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from dateline.cli.main import app
from dateline.cost import measured, model, prices, rounds
from dateline.cost.model import Driver, Line, Workload
from dateline.cost.prices import Price
from dateline.maintenance import packing
from dateline.state import records


def test_each_price_is_stated() -> None:
    assert set(prices.DOLLARS) == set(Price)
    assert all(dollars > 0 for dollars in prices.DOLLARS.values())
    assert set(prices.INFREQUENT_ACCESS) < set(Price)
    assert {price for together in prices.FREE for price in together} < set(Price)


def test_more_looks_cost_more() -> None:
    """A look costs what ``look`` says, less where its crawl makes a file anyway, and nothing else but storage."""
    few, many = (sum(model.per_million(Workload(looks=looks)).values()) for looks in (5, 10))
    work = Workload()
    look = sum(model.dollars(model.look(work), work, model.MILLION).values())
    assert 0.5 * 5 * look < many - few < 2.5 * 5 * look


def test_more_hosts_make_waiting_cheaper() -> None:
    """The crawl's seconds fall with the hosts of an invocation, and nothing else does."""
    one, hundred = (model.per_million(Workload(hosts=hosts, looks=8)) for hosts in (1, 100))
    assert hundred[Driver.CRAWL] < one[Driver.CRAWL] / 50
    assert {**one, Driver.CRAWL: 0, Driver.QUEUES: 0} == {**hundred, Driver.CRAWL: 0, Driver.QUEUES: 0}


def test_page_costs_its_delay() -> None:
    """A page alone costs its delay."""
    assert rounds.page_gb_seconds(hosts=1, delay=5, memory=1) == 5
    assert rounds.page_gb_seconds(hosts=100, delay=5, memory=0.5) == 0.025


def test_infrequent_access_trades_units() -> None:
    """Infrequent access trades units for storage."""
    standard, rare = (model.per_million(Workload(looks=8, infrequent_access=rare)) for rare in (False, True))
    assert rare[Driver.TABLE_STORAGE] == pytest.approx(standard[Driver.TABLE_STORAGE] * 0.4)
    assert rare[Driver.TABLE_WRITES] == pytest.approx(standard[Driver.TABLE_WRITES] * 1.25)


def test_backup_costs_table_again() -> None:
    """A backup costs the table again."""
    without, kept = (model.per_million(Workload(looks=8, backup=backup)) for backup in (False, True))
    assert without[Driver.TABLE_STORAGE] < kept[Driver.TABLE_STORAGE] < 1.81 * without[Driver.TABLE_STORAGE]


def test_empty_month_fixed_costs() -> None:
    """A month without stories has fixed costs alone."""
    idle = Workload(outlets=0, stories_a_day=0)
    assert set(model.dollars(model.month(idle), idle)) == {Driver.FIXED}


def test_allowances_are_taken_once() -> None:
    """Two queues share a million requests."""
    lines = [Line(Driver.FIXED, price, 800_000) for price in (Price.SQS_FIFO_REQUEST, Price.SQS_REQUEST)]
    assert model.allowance(lines) == pytest.approx(0.8 * 0.50 + 0.2 * 0.40)


def test_days_counts_are_billed() -> None:
    """A days counts are billed by the same lines."""
    one, ten = (model.of_counts(stories=n, looks=3 * n, crawls=n) for n in (1, 10))
    assert ten == pytest.approx({driver: 10 * dollars for driver, dollars in one.items()})


def test_alarms_are_the_templates(template: dict[str, Any]) -> None:
    found = [each for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(found) == measured.ALARMS


@pytest.mark.parametrize(("function", "gigabytes"), [("Crawl", rounds.MEMORY), ("Extract", measured.EXTRACT_MEMORY)])
def test_memory_is_the_templates(template: dict[str, Any], function: str, gigabytes: float) -> None:
    size = template["Resources"][f"{function}Function"]["Properties"]["MemorySize"]
    if isinstance(size, dict):  # a parameter
        size = template["Parameters"][size["Ref"]]["Default"]
    assert size / 1024 == gigabytes


def test_the_command_says_the_same() -> None:
    """The last JSON line has the dollars of a million stories; the lines before have them by driver."""
    answer = CliRunner().invoke(app, ["cost", "--outlets", "50", "--stories-a-day", "30", "--json"])
    *drivers, totals = map(json.loads, answer.stdout.splitlines())
    for name in ("per_million_first_year", "month"):
        assert totals[name] == pytest.approx(sum(each[name] for each in drivers), abs=0.1)
    million = model.per_million(Workload(outlets=50, stories_a_day=30))
    assert totals["per_million_first_year"] == round(sum(million.values()), 2)


def test_longer_intervals_cost_less() -> None:
    """Fewer crawls make fewer files, but never fewer than their time needs: an outlet with many pages saves nothing."""
    few, many = (
        [sum(model.per_million(Workload(stories_a_day=stories, every=every)).values()) for every in (30, 60, 120)]
        for stories in (20, 3_000)
    )
    assert few == sorted(few, reverse=True)
    assert few[0] > 1.2 * few[2]
    assert many[0] == pytest.approx(many[2], rel=0.01)


@pytest.mark.parametrize("every", [180, 1440, 10_080])
def test_rare_crawls_leave_looks(every: int) -> None:
    """Above two hours, looks at stories are made in crawls of their own, as often as every hour."""
    assert Workload(every=every).files == pytest.approx(Workload().files)


@pytest.mark.parametrize("every", [30, 120])
def test_command_takes_interval(every: int) -> None:
    *_, last = CliRunner().invoke(app, ["cost", "--every", f"{every}", "--json"]).stdout.splitlines()
    million = sum(model.per_million(Workload(every=every)).values())
    assert (json.loads(last)["every"], json.loads(last)["per_million_first_year"]) == (every, round(million, 2))


def test_text_lists_each_driver() -> None:
    """Text has a line for each driver."""
    lines = CliRunner().invoke(app, ["cost"]).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["driver", *Driver, "all"]


def test_looks_until_rewritten() -> None:
    """A page that is made anew for each request stops writing its state."""
    assert measured.REWRITES == records.REWRITES


def test_days_until_packing() -> None:
    """Rewritten pages keep their bodies as long as the packing waits."""
    assert timedelta(days=measured.PACKED_AFTER) == packing.AFTER
