"""Lines with dates of publication and of change, in either order: ``Published ... | Updated ...``."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from dateline.extraction.fields.dates.date_parsing import Moment, Written, read_all, read_clock
from dateline.extraction.fields.dates.month_names import fold

LONGEST = 160  # characters: longer texts with a date are prose
_LATEST = 40  # characters of a dateline before its date
_NEAREST = 60  # characters before a date to search for its label
# For folded text. In the languages of the archive's outlets and of their neighbours.
_CHANGED = re.compile(
    r"updat|modif|edited|revised|changed|amended|mis(?:e|es)?\s+a\s+jour|\bmaj\b|actualis|corrige|guncel|degistir|duzenle"
    r"|تحديث|تعديل|محدث|حدثت?\b|عدلت?\b|معدل|به\s?روز|بروز|ويرايش|اصلاح|aktualis|geandert|bearbeitet|actualiz|aggiorn|atualiz"
    r"|bijgewerkt|gewijzigd|oppdatert|uppdaterad|opdateret|обновлен|изменен|עודכן|עדכון"
)
_PUBLISHED = re.compile(
    r"publish|publi(?:e|c|\b)|posted|post\b|issued|created|added|first\s+seen|mis(?:e|es)?\s+en\s+ligne|paru|diffuse|cree\b"
    r"|ajoute|redige|yayin|yayim|giris|eklen|olusturul|نشر|انشا|اضيف|ادراج|صدر|انتشار|منتشر|درج|ارسال|veroffentlicht|erschienen"
    r"|erstellt|publica|pubblica|gepubliceerd|publisert|publicerad|опубликован|פורסם"
)
_ENDS = re.compile(r"\s*(?:[(\[/][^)\]/]{1,25}[)\]/]\s*)?[-–—:/.]+\s")  # of a dateline
_NUMBERS_FIRST = re.compile(r"\d{1,2}([./])\d{1,2}\1\d{4}\s")  # no sentence begins with a date in numbers
# "Date: 16 April 2019": a label, though of neither kind.
_LABEL = re.compile(
    rf"\W*(?:(?:on\s+|the\s+)?date\b|datum\b|fecha\b|data\b|tarih|تاريخ|بتاريخ|التاريخ|{_PUBLISHED.pattern}|le\s*:)"
)
# Dates of readers, of events and of people.
_OTHER = re.compile(
    r"\b(?:joined|member|registered|printed|accessed|retrieved|born|event|deadline|due|expires?|valid|until|kick-?off)\b"
    r"|\b(?:imprime|consulte|nee?\s+le|inscrite?|membre|date\s+limite|jusqu|expire|coup\s+d.envoi)|\b(?:dogum|uyelik|uye\b|son\s+(?:tarih|basvuru))"
    r"|\b(?:geboren|mitglied|gedruckt|abgerufen|gultig|nacid[oa]|miembro|caduca|hasta)\b"
    r"|ميلاد|مواليد|مولود|موعد|انضم|عضو|صلاحيه|ينتهي|تاريخ\s+الفعاليه|تولد|عضويت|مهلت"
)
Kind = Literal["published", "changed", "other", ""]


class Line(NamedTuple):
    """A date in a line, with its kind."""

    moment: Moment
    kind: Kind


def read(text: str, *, month_first: bool = False) -> list[Line]:
    """Yield the dates in a line of text, each with its kind by the words before it, or after it.

    A time alone after a word for a change belongs to the last day in the line.
    """
    folded = fold(text)
    written = read_all(folded, month_first=month_first)
    if not written:
        return []
    edges = [0, *(each.end for each in written)]
    starts = [*(each.start for each in written), len(folded)]
    between = [folded[edge:start] for edge, start in zip(edges, starts, strict=True)]
    behind = not _says(between[0]) and bool(_says(between[-1])) and not read_clock(between[-1])
    kinds = [_kind(each, first=behind) for each in (between[1:] if behind else between[:-1])]
    lines = [Line(each.moment, kind) for each, kind in zip(written, kinds, strict=True)]
    return lines + _later(between[-1], written[-1])


def kind_before(text: str) -> Kind:
    """The kind of a date by the text in front of it, behind other dates in it."""
    folded = fold(text[-2 * LONGEST :])
    written = read_all(folded)
    return _kind(folded[written[-1].end if written else 0 :][-_NEAREST:], first=False)


def leading(text: str, *, month_first: bool = False) -> Moment | None:
    """Return the date in a dateline, before a dash, a colon or a bracket: ``TUNIS, 16 April 2019 (AFP) -``."""
    folded = fold(text)
    written = read_all(folded, month_first=month_first)[:1]
    ends = any(
        _ENDS.match(folded[each.end :]) or _is_bracketed(folded, each) or _NUMBERS_FIRST.match(folded)
        for each in written
    )
    return written[0].moment if ends and written[0].start < _LATEST else None


def _is_bracketed(folded: str, date: Written) -> bool:
    """Return whether a date is in brackets of its own: ``LYON (4 March 2021)``."""
    return folded[: date.start].rstrip().endswith(("(", "[")) and folded[date.end :].lstrip().startswith((")", "]"))


@lru_cache(1 << 13)  # menus and headings are the same on an outlet's pages
def is_labelled(text: str) -> bool:
    """Return whether a text begins with a label of a publication date."""
    return len(text) < LONGEST and _LABEL.match(fold(text)) is not None


def is_all(text: str) -> bool:
    """Whether a line is made of dates with labels, and of little else."""
    folded = fold(text)
    written = read_all(folded)
    rest = len(folded) - sum(each.end - each.start for each in written)
    return len(written) > 1 and _says(folded) and rest < _NEAREST * len(written)


def _says(text: str) -> bool:
    return bool(_CHANGED.search(text) or _PUBLISHED.search(text))


def _kind(text: str, *, first: bool) -> Kind:
    """Return the kind by the last word before a date, or the first word after it."""
    changed = [match.start() for match in _CHANGED.finditer(text)]
    published = [match.start() for match in _PUBLISHED.finditer(text)]
    if not changed or not published:
        return "changed" if changed else "published" if published else "other" if _OTHER.search(text) else ""
    is_changed = changed[0] < published[0] if first else changed[-1] > published[-1]
    return "changed" if is_changed else "published"


def _later(text: str, last: Written) -> list[Line]:
    match = _CHANGED.search(text)
    told = read_clock(text[match.start() :]) if match else None
    if told is None or told.doubtful:
        return []
    at = datetime.combine(last.moment.at, told.at, told.zone or last.moment.at.tzinfo)
    return [Line(Moment(at, "second" if told.to_second else "minute"), "changed")]
