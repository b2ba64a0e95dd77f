"""Options of several commands."""

from datetime import datetime
from typing import Annotated

import typer


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day of a calendar
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day; write yyyy-mm-dd, such as 2026-11-30") from error


def check_days(since: datetime | None, until: datetime | None) -> None:
    """Raise typer.BadParameter for a last day before the first."""
    if since and until and until < since:
        raise typer.BadParameter(f"{until:%Y-%m-%d} is before --since {since:%Y-%m-%d}", param_hint="--until")


Source = Annotated[str | None, typer.Option(help="Stories of one source.")]
Country = Annotated[str | None, typer.Option(help="Stories of a country's outlets (ISO 3166, such as ly).")]
About = Annotated[str | None, typer.Option(help="Stories about a country (ISO 3166, such as ly).")]
Place = Annotated[str | None, typer.Option(metavar="NAME|ID", help="Stories about a place, by name or GeoNames id.")]
Language = Annotated[str | None, typer.Option(help="Stories in one language (BCP 47, such as ar).")]
Day = Annotated[datetime | None, typer.Option(parser=_day, metavar="DAY", help="yyyy-mm-dd, included.")]
FirstDay = Annotated[
    datetime | None, typer.Option("--since", parser=_day, metavar="DAY", help="Collect history, from this day on.")
]
LastDay = Annotated[
    datetime | None, typer.Option("--until", parser=_day, metavar="DAY", help="Collect history, up to this day.")
]
Words = Annotated[str | None, typer.Option(help="Stories with this phrase in title or text, in any case.")]
Limit = Annotated[
    int | None, typer.Option(min=1, max=1_000_000_000, help="At most this many stories; 50 on a terminal.")
]
