"""Errors of a full disk: freeing space mends them, and the file is no worse than before."""

import errno

_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # no space, no quota, or a limit of the file size


def is_full(error: BaseException) -> bool:
    """Whether the system refused to write because there is no space left."""
    return isinstance(error, OSError) and error.errno in _ERRNOS
