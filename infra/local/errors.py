"""What can go wrong with the local cloud, told with the log to read and what to do."""

from pathlib import Path


class LocalCloudError(RuntimeError):
    """The message names what failed, the end of its log, and the mend."""


def tail(log: Path, lines: int = 12) -> str:
    """The end of a log, to show in an error."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])
