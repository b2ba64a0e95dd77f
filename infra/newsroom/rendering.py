"""The newsroom's templates, and how they write dates and links."""

import functools
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import babel.dates
import jinja2

from infra.newsroom.outlet import Outlet
from infra.newsroom.stories import linked


def render(template: str, **context: Any) -> str:
    """Fill in a template of ``templates/``. Raises jinja2.UndefinedError for a name missing from the context."""
    return _environment().get_template(template).render(context)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"printed": _printed, "rfc822": _rfc822, "linked": linked, "quoted": quote}
    return environment


def _printed(instant: datetime, outlet: Outlet, pattern: str = "") -> str:
    """A date as the outlet's pages print it, in its own timezone and words."""
    zone = ZoneInfo(outlet.timezone)
    return babel.dates.format_datetime(instant, pattern or outlet.date_pattern, tzinfo=zone, locale=outlet.locale)


def _rfc822(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC))
