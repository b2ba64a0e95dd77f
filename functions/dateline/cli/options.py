"""Options of several commands."""

from datetime import datetime
from typing import Annotated

import typer

Source = Annotated[str | None, typer.Option(help="Stories of one source.")]
Country = Annotated[str | None, typer.Option(help="Stories of a country's outlets (ISO 3166, such as ly).")]
About = Annotated[str | None, typer.Option(help="Stories about a country (ISO 3166, such as ly).")]
Place = Annotated[str | None, typer.Option(metavar="NAME|ID", help="Stories about a place, by name or GeoNames id.")]
Language = Annotated[str | None, typer.Option(help="Stories in one language (BCP 47, such as ar).")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="yyyy-mm-dd, included.")]
Words = Annotated[str | None, typer.Option(help="Stories with this phrase in title or text, in any case.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most this many stories; 50 on a terminal.")]
