"""The local cloud's status, without a cloud."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.local import ministack, newsroom, processes, stack
from infra.local.cloud import _parameters, status
from infra.local.record import Record


@pytest.mark.parametrize("moment", ["newsroom looked up", "MiniStack looked up", "MiniStack asked", "stack asked"])
@pytest.mark.parametrize("killed", [False, True])
def test_status_sees_begun_rebuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, killed: bool) -> None:
    """An ``up`` that begins between any two looks after a kill does not make it healthy."""
    Record(port=4566, clean=False).write(tmp_path)

    def pause(here: str) -> None:
        if killed and here == moment:
            Record(port=4566, clean=False, lost=True).write(tmp_path)

    def leader(_: Path, role: str) -> SimpleNamespace:
        pause({ministack.ROLE: "MiniStack looked up", newsroom.ROLE: "newsroom looked up"}[role])
        return SimpleNamespace(pid=4711)

    def healthy(_: int) -> bool:
        pause("MiniStack asked")
        return True

    def outputs(_: object) -> dict[str, str]:
        pause("stack asked")
        return {"IndexTable": "index"}

    monkeypatch.setattr(processes, "leader", leader)
    monkeypatch.setattr(ministack, "healthy", healthy)
    monkeypatch.setattr(stack, "outputs", outputs)
    found = status(tmp_path)
    assert (found.rebuilding, found.healthy) == (killed, not killed)


@pytest.mark.parametrize(
    ("named", "hosts"), [("", []), ("127.0.0.1:8000", ["127.0.0.1:8000"]), ("a:1,,b:2", ["a:1", "b:2"])]
)
def test_named_private_hosts_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, hosts: list[str]
) -> None:
    """The deployed crawl may reach the newsroom, and what ``DATELINE_ALLOW_HOSTS`` names for ``up``."""
    monkeypatch.setenv("DATELINE_ALLOW_HOSTS", named)
    monkeypatch.setattr(newsroom, "hosts", lambda _: ["newsroom:80"])
    monkeypatch.setattr(newsroom, "outlets", lambda _: [])
    assert _parameters(tmp_path, None)["AllowHosts"].split(",") == ["newsroom:80", *hosts]
