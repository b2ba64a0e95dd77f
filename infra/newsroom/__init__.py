"""The sample newsroom: invented outlets on loopback, for tests and for crawls without internet.

Each outlet is a host of its own, ``127.0.0.1:<port>``, with feeds, sitemaps, section fronts, robots.txt and stories. It
is defined in ``outlets/<source>.toml``, its markup in ``templates/<source>/``, each of its stories in
``stories/<source>/<slug>.toml``: add a story by adding a file. Tests compare the archive with the same files
(``Newsroom.stories``).

Stories have editions: in edition 2 some have other words, and some are gone. Recorded pages (gzip'd JSON lines with
``id``, ``url`` and ``html``) are served as further outlets.

``python -m infra.newsroom --state DIR`` runs it until SIGTERM; ``serve`` runs it inside a test. The state folder::

    newsroom.json              pid while it runs, else null; the address of each outlet, kept from run to run
    edition                    the edition being served, read at each request
    access.jsonl               a line for each request, oldest first
    sources/<cc>/<source>.toml  the outlets as sources, for the registry
"""

from infra.newsroom.newsroom import Newsroom, serve, set_edition
from infra.newsroom.server import PortTakenError
from infra.newsroom.stories import Story

__all__ = ["Newsroom", "PortTakenError", "Story", "serve", "set_edition"]
