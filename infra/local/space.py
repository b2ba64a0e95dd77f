"""Space on the local cloud's disk: what it needs, and the error where there is none."""

import shutil
from pathlib import Path

FOR_UP = 100 << 20  # bytes; bundles and packages take ten times as much at first, and a failed build keeps some
FOR_LOG = 1 << 20  # bytes
FOR_OBJECTS = 32 << 20  # bytes that stay free for tables and queues, which are saved at a stop


def free(folder: Path) -> int:
    """Return the free bytes of the disk with a folder, or with its nearest parent."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(there).free


def told(folder: Path) -> str:
    """Return the message of an error, with the next step."""
    return f"no space is left for {folder}; free some, then run the command again"
