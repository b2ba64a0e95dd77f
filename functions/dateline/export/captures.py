"""Export captures as WARC and WACZ: the stored bytes of the responses."""

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from warcio.warcwriter import WARCWriter

from dateline.article import Article
from dateline.capture import PageRecords
from dateline.export.proving import Proving
from dateline.export.reading import Export
from dateline.version import __version__

if TYPE_CHECKING:
    from dateline.proofs.evidence import Evidence
    from dateline.proofs.signing import FileSigner

_ARCHIVE = "archive/data.warc.gz"  # of a WACZ file
_PAGES = {"format": "json-pages-1.0", "id": "pages", "title": "Stories", "hasText": True}


def warc(export: Export) -> Iterator[bytes]:
    """Write a warcinfo record with the query, then all records of each story's capture.

    Stories point at the capture of their words, so no exported record is a revisit of another.
    """
    yield _warcinfo(export.about)
    for _, records in export.read(export.query.records):
        yield records.data


def wacz(
    export: Export, path: Path, *, key: "FileSigner | None" = None, evidence: "Evidence | None" = None
) -> str | None:
    """Write a WACZ 1.1.1 file with py-wacz; a temporary copy of the same size lies beside it meanwhile.

    It contains the WARC, an index, and a page for each story with title and words, for searching. ``key`` signs it, and
    ``evidence`` adds one proof of all its records. Returns the reason if there is none.
    """
    from wacz.main import main  # noqa: PLC0415 - of an extra, and slow to import

    from dateline.export.signed import finish  # noqa: PLC0415

    query = export.query
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        data, pages = Path(folder, "data.warc.gz"), Path(folder, "pages.jsonl")
        with data.open("wb") as records, pages.open("w", encoding="utf-8", errors="replace") as lines:
            records.write(_warcinfo(export.about))
            proof = Proving(evidence, _ARCHIVE)
            lines.write(json.dumps(_PAGES) + "\n")
            for story, (page, article) in export.read(lambda story: (query.records(story), query.article(story))):
                proof.add(page.data, records.tell(), story["indexed_at"])
                records.write(page.data)
                lines.write(json.dumps(_page(page, article), ensure_ascii=False) + "\n")
        options = ["--output", f"{path}", "--pages", f"{pages}", "--copy-pages", "--title", export.about]
        with redirect_stdout(io.StringIO()) as said:
            failed = main(["create", *options, f"{data}"])
    if failed:
        raise ValueError(f"py-wacz makes no file of it: {said.getvalue()}")
    files = proof.files()
    if files or key:
        finish(path, files, key)
    return proof.missing


def _page(page: PageRecords, article: Article) -> dict[str, str]:
    """Return a line of pages.jsonl, with the URL and instant of the index."""
    return {"id": article.id, "url": page.url, "ts": page.date, "title": article.title, "text": article.text}


def _warcinfo(about: str) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True, warc_version="1.1")
    fields = {"software": f"dateline/{__version__}", "format": "WARC File Format 1.1", "description": about}
    writer.write_record(writer.create_warcinfo_record(None, fields))
    return buffer.getvalue()
