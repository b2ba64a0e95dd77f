"""Bringing in what others collected: WARC files, saved pages and newspaper clippings.

Each file is read to what it holds (``warcs``, ``folders``, ``clippings``): pages that were ``Found``, and what was
``Refused`` with a word that says why. Each page is given to its outlet (``outlets``) and written as a capture with its
own time and bytes (``importer``); from there on it is archived as every capture is.
"""

from dateline.importing.found import Found, Refused, UnreadableError
from dateline.importing.importer import Imported, Importer
from dateline.importing.outlets import Outlets

__all__ = ["Found", "Imported", "Importer", "Outlets", "Refused", "UnreadableError"]
