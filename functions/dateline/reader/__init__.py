"""The reading room: an HTTP API over the archive, its feeds, citations and pages.

``app.answer`` maps the event of a function URL to its answer, for the Lambda function and for ``dateline open``.
"""
