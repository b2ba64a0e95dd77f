"""Citations of a story: CSL-JSON, BibTeX, RIS and text.

All forms name the outlet, the authors in their own script, the date with its precision, the URL, the time of capture,
the digest of the words and the archive's id. Dates are the outlet's own, not converted to UTC.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args

from dateline.article import Article
from dateline.normal_forms import nfc

Format = Literal["csl-json", "bibtex", "ris", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA: dict[Format, str] = {
    "csl-json": "application/vnd.citationstyles.csl+json",
    "bibtex": "application/x-bibtex; charset=utf-8",
    "ris": "application/x-research-info-systems; charset=utf-8",
    "text": "text/plain; charset=utf-8",
}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def cite(article: Article, format: Format, *, outlet: str | None = None) -> str:
    """Return the citation of an article; ``outlet`` is the name of its source, by default the source's id."""
    write: dict[Format, Callable[[dict[str, Any]], str]] = {
        "csl-json": lambda item: json.dumps([item], ensure_ascii=False, indent=1) + "\n",
        "bibtex": _bibtex,
        "ris": _ris,
        "text": _text,
    }
    return write[format](csl(article, outlet=outlet))


def csl(article: Article, *, outlet: str | None = None) -> dict[str, Any]:
    """Return the CSL-JSON item of an article, without the list around it."""
    captured = article.captured_at or ""
    item = {
        "id": article.id,
        "type": "article-newspaper",
        "title": article.title,
        "author": [{"literal": _plain(author)} for author in article.authors],
        "container-title": outlet or article.source,
        "issued": _date(article.published_at),
        "accessed": _date(captured),
        "URL": article.url,
        "language": article.language,
        "archive": "Dateline",
        "archive_location": article.id,
        "note": _note(article),
    }
    plain = {name: _plain(value) if isinstance(value, str) else value for name, value in item.items()}
    return {name: value for name, value in plain.items() if value}


def _note(article: Article) -> str:
    told = [
        f"captured {article.captured_at}" if article.captured_at else "",
        f"revision {article.revision}" if article.revision else "",
        f"published {article.published_at}" if article.published_at else "undated",
        f"sha256:{article.digest}",
    ]
    return "; ".join(filter(None, told))


def _date(stated: str | None) -> dict[str, Any] | None:
    """CSL's date of an ISO 8601 instant or day."""
    return {"date-parts": [[int(part) for part in stated[:10].split("-")]]} if stated else None


def _day(item: dict[str, Any], name: str, separator: str = "-") -> str:
    parts = item[name]["date-parts"][0] if name in item else []
    return separator.join(f"{part:02}" for part in parts)


def _bibtex(item: dict[str, Any]) -> str:
    authors = " and ".join(f"{{{_escaped(author['literal'])}}}" for author in item.get("author", ()))
    fields = {
        "author": authors,
        "title": f"{{{_escaped(item['title'])}}}",
        "journal": _escaped(item.get("container-title", "")),
        "date": _day(item, "issued"),
        "year": _day(item, "issued")[:4],
        "url": item["URL"].replace("{", "%7B").replace("}", "%7D"),
        "urldate": _day(item, "accessed"),
        "langid": item.get("language", ""),
        "note": _escaped(item["note"]),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@article{{dateline-{item['id']},\n{lines}}}\n"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _ris(item: dict[str, Any]) -> str:
    return "".join(f"{tag}  - {value}\r\n" for tag, value in _ris_fields(item) if value) + "ER  - \r\n"


def _ris_fields(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "TY", "NEWS"
    for author in item.get("author", ()):
        yield "AU", author["literal"]
    yield "TI", item["title"]
    yield "T2", item.get("container-title", "")
    yield "PY", _day(item, "issued")[:4]
    yield "DA", _day(item, "issued", "/")
    yield "Y2", _day(item, "accessed", "/")
    yield "UR", item["URL"]
    yield "LA", item.get("language", "")
    yield "AN", item["id"]
    yield "DB", item["archive"]
    yield "N1", item["note"]


def _text(item: dict[str, Any]) -> str:
    authors = ", ".join(author["literal"] for author in item.get("author", ()))
    said = [authors, f"“{item['title']}”", item.get("container-title"), _day(item, "issued") or "undated", item["URL"]]
    return f"{'. '.join(filter(None, said))}. Dateline {item['id']} ({item['note']}).\n"


def _plain(text: str) -> str:
    """Text on one line, composed, without controls that could end a field or turn a line around."""
    return " ".join(_UNWANTED.sub(" ", nfc(text)).split())
