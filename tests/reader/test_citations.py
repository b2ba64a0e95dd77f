"""Citations, read back by the parsers that reference managers use."""

import json
from dataclasses import replace
from typing import Any

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware

from dateline.article import Article
from dateline.reader.formats.cite import cite, csl
from tests.reader.library import Room
from tests.search.library import article

ARTICLES: dict[str, Article] = {
    "English": article("Ferry returns to Tripoli", authors=("Salma Ben Omar",)),
    "French": article("Le pont & la rade : 50 % d’usagers", language="fr", authors=("Aïcha Fils", "J. {Le} Goff")),
    "Arabic": article("عودة العبّارة إلى طرابلس", language="ar", authors=("محمد الهادي", "ليلى بن صالح")),
    "Turkish": article("Feribot İzmir’e döndü_1 #2 $3", language="tr", published_at="2019-04-16"),
    "undated": article("No date ~ at all", published_at=None, authors=()),
    "hostile": article("A } @book{x, title={y}\nER  - \nTY  - BOOK", authors=("A\r\nER  - ", "B and C \\input{x}")),
}
OUTLET = "Gazette & Fils"


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", ARTICLES)
def test_bibtex_parser_reads_it(name: str) -> None:
    """One entry, without errors; decoded, its title and its authors are the article's."""
    cited = ARTICLES[name]
    library = parse_string(cite(cited, "bibtex", outlet=OUTLET), append_middleware=[LatexDecodingMiddleware()])
    assert not library.failed_blocks
    (entry,) = library.entries
    assert entry["title"].replace("{", "").replace("}", "") == plain(cited.title).replace("{", "").replace("}", "")
    assert entry["url"] == cited.url
    assert cited.digest in entry["note"]
    assert ("date" in entry) == (cited.published_at is not None)
    for author in cited.authors if name != "hostile" else ():
        assert plain(author).replace("{", "").replace("}", "") in entry["author"].replace("{", "").replace("}", "")


@pytest.mark.parametrize("name", ARTICLES)
def test_ris_parser_reads_it(name: str) -> None:
    """One reference of a newspaper; names keep their script, and line ends in them end no reference."""
    cited = ARTICLES[name]
    (entry,) = rispy.loads(cite(cited, "ris", outlet=OUTLET))
    assert (entry["type_of_reference"], entry["title"]) == ("NEWS", plain(cited.title))
    assert entry.get("authors", []) == [plain(author) for author in cited.authors]
    assert entry["urls"] == [cited.url]
    assert entry.get("year") == (cited.published_at[:4] if cited.published_at else None)


@pytest.mark.parametrize("name", ARTICLES)
def test_csl_has_the_shape(name: str) -> None:
    """A list of one newspaper article, with names and dates as CSL has them."""
    cited = ARTICLES[name]
    (item,) = json.loads(cite(cited, "csl-json", outlet=OUTLET))
    assert (item["type"], item["id"], item["container-title"]) == ("article-newspaper", cited.id, OUTLET)
    assert [author["literal"] for author in item.get("author", ())] == [plain(author) for author in cited.authors]
    for kind in ("issued", "accessed"):
        for parts in item.get(kind, {"date-parts": []})["date-parts"]:
            assert all(isinstance(part, int) for part in parts)
            assert len(parts) == 3
    assert ("issued" in item) == (cited.published_at is not None)


@pytest.mark.parametrize(
    ("stated", "parts"),
    [
        ("2019-04-16T23:30:00+02:00", [2019, 4, 16]),
        ("2019-04-16", [2019, 4, 16]),
        ("2019-12-31T22:30:00-05:00", [2019, 12, 31]),
    ],
)
def test_date_is_the_outlets(stated: str, parts: list[int]) -> None:
    """The day of publication is that of the outlet's clock, whatever it is in UTC; the note has the precision."""
    item: dict[str, Any] = csl(replace(ARTICLES["English"], published_at=stated))
    assert item["issued"] == {"date-parts": [parts]}
    assert f"published {stated}" in item["note"]


@pytest.mark.parametrize("form", ["csl-json", "bibtex", "ris", "text"])
def test_route_cites_with_outlet(room: Room, form: str) -> None:
    """The route names the outlet, and an Arabic story's authors in Arabic."""
    reply = room.get(f"/stories/{room.id('ar')}/cite", format=form)
    assert reply.status == 200
    assert "gazette.example" in reply.text
    assert "محمد الهادي" in reply.text
