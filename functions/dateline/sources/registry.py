"""The registry: one TOML file per outlet and language edition, validated strictly (docs/sources.md).

A source is ``spiders/sources/<cc>/<source>.toml``: the file's name is its id, the folder its country. Its keys are the
fields of ``Source``; errors name the file, the key and the fix. Unknown keys are errors, because a misspelt
``timezone`` would shift an outlet's dates for years.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from dateline.instants import is_believable
from dateline.messages import Expect
from dateline.page import KEEP_BODY, Page
from dateline.sources import codes, revisit_plan, rules
from dateline.sources.rules import RuleSet

_ID = re.compile(r"[a-z0-9-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")  # the shape of BCP 47, not its registry
_CHECKED = re.compile(r"^checked\s*=.*(?:\n|\Z)", re.MULTILINE)
_TIMEZONE = re.compile(r"^timezone\s*=.*(?:\n|\Z)", re.MULTILINE)
_FROM_PATH = ("id", "path")  # fields from the file's name instead of its text


def _shipped() -> Path:
    """Return the folder of the shipped source files: in a bundle or wheel beside the library, else in the checkout."""
    here = Path(__file__).parents[2]
    return next(folder for parent in (here, here.parent) if (folder := parent / "spiders" / "sources").is_dir())


SHIPPED = _shipped()


class SourceError(ValueError):
    """An invalid source file; the message names the file, the key if any, and the fix."""

    def __init__(self, path: Path, mend: str, key: str | None = None) -> None:
        super().__init__(f"{path}: {key}: {mend}" if key else f"{path}: {mend}")
        self.path, self.key, self.mend = path, key, mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An outlet, or one language edition of it.

    ``country`` is ISO 3166 alpha-2 in lower case, ``languages`` are BCP 47, ``timezone`` is IANA. A URL is an article
    if one of ``article`` is found in it (or there are none) and none of ``skip``. ``every`` is in minutes, of an outlet
    with news, ``delay`` in seconds between two requests to one host. ``validators = "ignore"`` is for outlets with
    wrong ETags or Last-Modified dates: no conditional requests. ``revisit`` is the revisit plan in pairs of minutes:
    below that age, at that interval (``[[1440, 60]]``: hourly during the first day, then never); default
    ``dateline.sources.revisit_plan.DEFAULT``, ``[]`` for never. ``opt_outs = "record"`` is for outlets with an
    agreement to be archived in spite of opt-outs in their pages (``spiders.middlewares.optouts``). ``render = true`` is
    for pages without text before their scripts run: a browser renders them. ``bodies = "all"`` keeps the body of each
    revisit; otherwise packing drops those with the words of the revision before (``capture.reduction``). ``extract``
    are extraction rules (``dateline.sources.rules``). ``checked`` is the day of the last successful live check
    (``dateline sources check --record``). Other people's observations go into comments, with date and place.
    """

    id: str
    path: Path
    name: str
    home: str
    country: str
    languages: tuple[str, ...]
    timezone: str
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()
    article: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    every: int = 60
    delay: float = 5.0
    expect: Expect | None = None
    validators: Literal["trust", "ignore"] = "trust"
    opt_outs: Literal["obey", "record"] = "obey"
    revisit: revisit_plan.Plan = revisit_plan.DEFAULT
    render: bool = False
    bodies: Literal["revisions", "all"] = "revisions"
    access: Literal["open", "refused"] = "open"
    checked: date | None = None
    extract: tuple[RuleSet, ...] = field(default=(), hash=False)

    @classmethod
    def of_host(cls, host: str, id: str) -> Self:
        """Return a source for an unregistered host, without country, languages and time zone."""
        return cls(id=id, path=Path(), name=host, home=f"https://{host}/", country="", languages=(), timezone="")

    @property
    def seeds(self) -> tuple[str, ...]:
        """Its feeds, sitemaps and listings."""
        return (*self.feeds, *self.sitemaps, *self.listings)

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts for the metadata of its captures (see ``capture``); None for unknown ones."""
        return {
            "source": self.id,
            "country": self.country or None,
            "languages": list(self.languages),
            "timezone": self.timezone or None,
            **({KEEP_BODY: True} if self.bodies == "all" else {}),
        }

    def complete(self, page: Page) -> Page:
        """Return the page with this source's facts in place of missing ones."""
        return replace(
            page,
            source=page.source or self.id,
            country=page.country or self.country or None,
            languages=page.languages or self.languages,
            timezone=page.timezone or self.timezone or None,
        )

    @property
    def host(self) -> str:
        """The ``host`` or ``host:port`` of the home page: no two crawls of one host run at once."""
        return urlsplit(self.home).netloc.lower()

    @property
    def crawlable(self) -> bool:
        """Whether there is a way in, and the outlet allows it."""
        return self.access == "open" and bool(self.seeds)

    def wants(self, url: str) -> bool:
        """Return whether the URL may be an article's, by the patterns."""
        included = not self.article or any(re.search(pattern, url) for pattern in self.article)
        return included and not any(re.search(pattern, url) for pattern in self.skip)


def registered(further: str = "") -> dict[str, Source]:
    """The shipped sources and those of further folders, separated by ``os.pathsep`` (``Settings.sources``)."""
    return load(SHIPPED, *(Path(folder) for folder in further.split(os.pathsep) if folder))


def load(*folders: Path) -> dict[str, Source]:
    """Return all sources below the folders, sorted by id. Raises SourceError for the first invalid file."""
    sources: dict[str, Source] = {}
    for folder in folders:
        if not folder.is_dir():
            raise SourceError(folder, "no such folder of sources")
        for path in sorted(folder.rglob("*.toml")):
            source = read(path)
            if source.id in sources:
                raise SourceError(path, f"{sources[source.id].path} has the same id {source.id!r}; rename one of them")
            sources[source.id] = source
    return dict(sorted(sources.items()))


def read(path: Path) -> Source:
    """Return one source. Raises SourceError with the fix."""
    if not _ID.fullmatch(path.stem):
        raise SourceError(path, "name the file with the letters a-z, digits and '-', such as libya-herald.toml")
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(path, f"is not TOML: {error}") from error
    _check_keys(path, table)
    values = {key: _checked(path, key, value) for key, value in table.items()}
    if values["country"] != path.parent.name:
        raise SourceError(path, f"move the file to the folder {values['country']}/, or correct the country", "country")
    return Source(id=path.stem, path=path, **values)


def record_check(path: Path, day: date) -> None:
    """Write ``checked`` into a source file, in its place or below ``timezone``; the rest of the file stays."""
    line = f"checked = {day.isoformat()}\n"
    text = path.read_text("utf-8")
    head, table, tables = _top_level(text)
    if _CHECKED.search(head):
        head = _CHECKED.sub(line, head, count=1)
    else:
        head = _TIMEZONE.sub(lambda found: found[0].rstrip("\n") + "\n" + line, head, count=1)
    path.write_text(head + table + tables, "utf-8")
    if read(path).checked != day:
        path.write_text(text, "utf-8")
        raise SourceError(path, f"could not be inserted; add {line.strip()}", "checked")


def _top_level(text: str) -> tuple[str, str, str]:
    """Split a file: the source's own keys, the header of the first table, and the rest."""
    found = re.search(r"^\s*\[.*\]\s*(#.*)?$", text, re.MULTILINE)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _check_keys(path: Path, table: Mapping[str, Any]) -> None:
    known = {f.name: f for f in fields(Source) if f.name not in _FROM_PATH}
    for key in table:
        if key not in known:
            raise SourceError(path, _unknown(key, known), key)
    for name, f in known.items():
        if name not in table and f.default is MISSING and f.default_factory is MISSING:
            raise SourceError(path, "is missing; every source needs it", name)


def _checked(path: Path, key: str, value: Any) -> Any:
    try:
        return _CHECKS[key](value)
    except ValueError as error:
        raise SourceError(path, str(error), key) from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text; write it in quotes")
    return value


def _url(value: Any) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or re.search(r"\s", value):
        raise ValueError(f"{value!r} is not an http or https URL; write it in full, such as https://example.org/feed/")
    return str(value)


def _pattern(value: Any) -> str:
    try:
        re.compile(_text(value))
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}; quote patterns with ''") from error
    return str(value)


def _language(value: Any) -> str:
    if not _LANGUAGE.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is not a BCP 47 language; write it as 'ar' or 'fr-TN'")
    return str(value)


def _country(value: Any) -> str:
    if _text(value) not in codes.countries():
        raise ValueError(f"{value!r} is not an ISO 3166 code in lower case{_nearest(value.lower(), codes.countries())}")
    return str(value)


def _timezone(value: Any) -> str:
    try:
        return ZoneInfo(_text(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError for a folder of zones, such as Africa
        mend = f"{value!r} is not an IANA time zone{_nearest(str(value), available_timezones())}"
        raise ValueError(mend) from error


def _each(check: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    def checked(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is not a list; write it in brackets")
        return tuple(check(item) for item in value)

    return checked


def _languages(value: Any) -> tuple[str, ...]:
    languages = _each(_language)(value)
    if not languages:
        raise ValueError("is empty; name the outlet's languages")
    return languages


def _minutes(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 7 * 24 * 60:
        raise ValueError(f"{value!r} is not a whole number of minutes, from 1 to a week")
    return value


def _seconds(value: Any) -> float:
    # More than 30 seconds between two pages and a crawl could not stop in time for its deadline.
    if type(value) not in (int, float) or not 0 <= value <= 30:
        raise ValueError(f"{value!r} is not a number of seconds, from 0 to 30")
    return float(value)


def _expect(value: Any) -> Expect:
    bounds = _table(value)
    for key in bounds:
        if key not in ("min", "max"):
            raise ValueError(_unknown(key, ("min", "max")))
    low, high = bounds.get("min"), bounds.get("max")
    if type(low) is not int or type(high) is not int or not 0 <= low <= high:
        raise ValueError(f"{value!r} is not a range; write it as {{ min = 2, max = 60 }}")
    return Expect(low, high)


def _one_of(one: str, other: str) -> Callable[[Any], str]:
    def checked(value: Any) -> str:
        if value not in (one, other):
            raise ValueError(f"{value!r} is neither {one!r} nor {other!r}")
        return str(value)

    return checked


def _render(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false; write it without quotes")
    return value


def _day(value: Any) -> date:
    if type(value) is not date:  # a datetime is a date too
        raise ValueError(f"{value!r} is not a day; write it without quotes, as 2026-09-28")
    if not is_believable(datetime.combine(value, time(), UTC)):
        raise ValueError(f"{value} is not a possible day of a check; write the day of the last one")
    return value


def _revisit(value: Any) -> revisit_plan.Plan:
    mend = f"{value!r} is not a list of pairs of minutes, of rising age; write it as [[180, 15], [1440, 60]]"
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise ValueError(mend)
    if any(type(minutes) is not int or minutes < 1 for pair in value for minutes in pair):
        raise ValueError(mend)
    ages = [age for age, _ in value]
    if ages != sorted(set(ages)):
        raise ValueError(mend)
    return tuple((age, every) for age, every in value)


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table")
    return value


def _unknown(key: str, known: Iterable[str]) -> str:
    return f"{key!r} is not a key of source files{_nearest(key, known)}"


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` for a similar known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": _text,
    "home": _url,
    "country": _country,
    "languages": _languages,
    "timezone": _timezone,
    "feeds": _each(_url),
    "sitemaps": _each(_url),
    "listings": _each(_url),
    "article": _each(_pattern),
    "skip": _each(_pattern),
    "every": _minutes,
    "delay": _seconds,
    "expect": _expect,
    "validators": _one_of("trust", "ignore"),
    "opt_outs": _one_of("obey", "record"),
    "revisit": _revisit,
    "render": _render,
    "bodies": _one_of("revisions", "all"),
    "access": _one_of("open", "refused"),
    "checked": _day,
    "extract": rules.read,
}
