"""Errors of a full disk: freeing space mends them, and the file is no worse than before."""

import errno

_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # no space, no quota, or a limit of the file size
_SQLITE = ("SQLITE_FULL", "SQLITE_IOERR_WRITE")  # beginnings of SQLite's names of such errors


def is_full(error: BaseException) -> bool:
    """Whether the system, or SQLite, refused to write because there is no space left."""
    of_sqlite = str(getattr(error, "sqlite_errorname", "")).startswith(_SQLITE)
    return of_sqlite or (isinstance(error, OSError) and error.errno in _ERRNOS)
