"""Importing: WARC files of other crawlers, saved pages and newspaper clippings.

Each file is read into pages (``ImportedPage``) and refusals with a reason (``Refused``) by ``warcs``, ``folders`` and
``clippings``. Each page is assigned to its outlet (``outlets``) and written as a capture with its own time and bytes
(``importer``); extraction follows as for other captures.
"""
