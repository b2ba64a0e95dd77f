"""Start and stop the newsroom; its state folder."""

import json
import os
import socket
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.newsroom.hostile import sites as hostile_sites
from infra.newsroom.outlet import read_all
from infra.newsroom.pages import OutletSite
from infra.newsroom.recorded import RecordedSite
from infra.newsroom.server import AccessLog, OutletServer, Site
from infra.newsroom.stories import Story


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A running newsroom. ``urls`` has each outlet's address, ``http://127.0.0.1:<port>``, by its source id."""

    state: Path
    urls: Mapping[str, str]
    sites: Mapping[str, Site]

    @property
    def sources(self) -> Path:
        """The folder of the outlets' source files."""
        return self.state / "sources"

    @property
    def edition(self) -> int:
        return _edition(self.state)

    def stories(self, source: str) -> dict[str, Story]:
        """Return an outlet's stories in the present edition, by URL: the expected contents of the archive."""
        site = self.sites[source]
        if not isinstance(site, OutletSite):
            raise ValueError(f"{source} has recorded pages, not stories")
        return {story.url: story for story in site.outlet.stories(self.urls[source], self.edition)}

    def recorded(self, source: str) -> dict[str, str]:
        """The URL of each page of a file of recorded pages, by the page's id."""
        site = self.sites[source]
        if not isinstance(site, RecordedSite):
            raise ValueError(f"{source} has stories, not recorded pages")
        return site.urls(self.urls[source])

    def set_edition(self, edition: int) -> None:
        """Serve another edition, from the next request on."""
        set_edition(self.state, edition)

    def requests(self) -> list[dict[str, Any]]:
        """The access log, oldest first."""
        log = self.state / "access.jsonl"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def set_edition(state: Path, edition: int) -> None:
    """Have the newsroom with this state folder serve another edition, from the next request on."""
    _write(state / "edition", f"{edition}\n")


@contextmanager
def serve(
    state: Path,
    *,
    ports: Sequence[int] = (),
    edition: int | None = None,
    recorded: Sequence[Path] = (),
    hostile: bool = False,
) -> Iterator[Newsroom]:
    """Run the newsroom inside a ``with`` block, each outlet in threads of its own.

    ``ports`` are the outlets', in the order of their ids, recorded files after the invented ones, hostile ones last;
    others get their port from the state folder, or at first a free one. ``edition`` None keeps the last one, at first
    1. Raises PortTakenError for a port in use, ValueError for an invalid story, outlet or recorded file.
    """
    state.mkdir(parents=True, exist_ok=True)
    if edition is not None:
        set_edition(state, edition)
    sites: list[Site] = [*map(OutletSite, read_all()), *map(RecordedSite, recorded)]
    if hostile:
        sites += hostile_sites()
    remembered = _remembered(state)
    chosen = {**remembered, **dict(zip((site.id for site in sites), ports, strict=False))}
    free = _free_ports(state, taken=chosen.values())
    log = AccessLog(state / "access.jsonl")
    with ExitStack() as stack:
        urls = {}
        for site in sites:
            server = OutletServer(site, chosen.get(site.id) or next(free), lambda: _edition(state), log)
            server.start()
            stack.callback(server.stop)
            urls[site.id] = server.base
        newsroom = Newsroom(state, urls, {site.id: site for site in sites})
        _write_sources(newsroom)
        ports_now = remembered | {id: urlsplit(url).port or 0 for id, url in urls.items()}
        _write_state(state, ports_now, pid=os.getpid())
        stack.callback(_write_state, state, ports_now, pid=None)
        yield newsroom


def _edition(state: Path) -> int:
    path = state / "edition"
    return int(path.read_text("utf-8")) if path.exists() else 1


def _remembered(state: Path) -> dict[str, int]:
    """Return the ports of earlier runs, of all outlets ever served; a URL's identity has its port."""
    path = state / "newsroom.json"
    return dict(json.loads(path.read_text("utf-8"))["ports"]) if path.exists() else {}


def _free_ports(state: Path, taken: Collection[int]) -> Iterator[int]:
    """Yield free ports, starting from the folder's name, so that two checkouts rarely meet.

    Below 30000, no outgoing connection of this machine can occupy one meanwhile.
    """
    first = zlib.crc32(bytes(state.resolve())) % 9000
    for port in range(20_000 + first, 30_000):
        with socket.socket() as probe:
            if port not in taken and probe.connect_ex(("127.0.0.1", port)) != 0:
                yield port


def _write_state(state: Path, ports: Mapping[str, int], pid: int | None) -> None:
    _write(state / "newsroom.json", json.dumps({"pid": pid, "ports": ports}, indent=1) + "\n")


def _write_sources(newsroom: Newsroom) -> None:
    """The source files of the outlets served now, and no others."""
    written = set()
    for id, site in newsroom.sites.items():
        keys = site.source(newsroom.urls[id])
        path = newsroom.sources / keys["country"] / f"{id}.toml"
        _write(path, "".join(f"{name} = {_toml(value)}\n" for name, value in keys.items()))
        written.add(path)
    for stale in set(newsroom.sources.glob("*/*.toml")) - written:
        stale.unlink()


def _toml(value: Any) -> str:
    """A string, number, day, list or table, on one line; TOML writes strings and numbers as JSON does."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    """In one step, so that no reader sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
