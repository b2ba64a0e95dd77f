"""Errors of the local cloud, with the log to read and the next step."""

from pathlib import Path


class LocalCloudError(RuntimeError):
    """The message has the failure, the end of the log, and the next step."""


def tail(log: Path, lines: int = 12) -> str:
    """The end of a log, to show in an error."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])
