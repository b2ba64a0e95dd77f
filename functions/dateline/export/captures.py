"""Captures as WARC and WACZ: the bytes that servers sent, as they are stored."""

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from warcio.warcwriter import WARCWriter

from dateline.article import Article
from dateline.capture import PageRecords
from dateline.export.reading import Export
from dateline.version import __version__

_PAGES = {"format": "json-pages-1.0", "id": "pages", "title": "Stories", "hasText": True}


def warc(export: Export) -> Iterator[bytes]:
    """A warcinfo record that says what the stories are, then all records of each story's capture.

    That is the capture which the story's words are from, so none of these is a revisit of another.
    """
    yield _warcinfo(export.about)
    for _, records in export.read(export.query.records):
        yield records.data


def wacz(export: Export, path: Path) -> None:
    """A file made by py-wacz (WACZ 1.1.1); what is under way is beside it, and as large again.

    In it are the same WARC, an index of it, and a page for each story with its title and words, for searching.
    """
    from wacz.main import main  # noqa: PLC0415 - of an extra, and slow to import

    query = export.query
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        data, pages = Path(folder, "data.warc.gz"), Path(folder, "pages.jsonl")
        with data.open("wb") as records, pages.open("w", encoding="utf-8", errors="replace") as lines:
            records.write(_warcinfo(export.about))
            lines.write(json.dumps(_PAGES) + "\n")
            for _, (page, article) in export.read(lambda story: (query.records(story), query.article(story))):
                records.write(page.data)
                lines.write(json.dumps(_page(page, article), ensure_ascii=False) + "\n")
        options = ["--output", f"{path}", "--pages", f"{pages}", "--copy-pages", "--title", export.about]
        with redirect_stdout(io.StringIO()) as said:
            failed = main(["create", *options, f"{data}"])
    if failed:
        raise ValueError(f"py-wacz makes no file of it: {said.getvalue()}")


def _page(page: PageRecords, article: Article) -> dict[str, str]:
    """A line of pages.jsonl, by the URL and instant under which the index has the page."""
    return {"id": article.id, "url": page.url, "ts": page.date, "title": article.title, "text": article.text}


def _warcinfo(about: str) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True, warc_version="1.1")
    fields = {"software": f"dateline/{__version__}", "format": "WARC File Format 1.1", "description": about}
    writer.write_record(writer.create_warcinfo_record(None, fields))
    return buffer.getvalue()
