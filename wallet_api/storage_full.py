"""Tell a full disk from other trouble, wherever it was met: in the database, the keys or the published files.

What was to be written is then not there at all: a transaction is rolled back, a file is replaced whole or not, and an
edition that was not checked is dropped. Nothing has to be started again once there is space.
"""

from __future__ import annotations

import errno
from typing import Final

_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_SQLITE_FULL: Final = 13  # https://www.sqlite.org/rescode.html#full
_POSTGRESQL_FULL: Final = "53100"  # disk_full, PostgreSQL's appendix A


def means_storage_full(error: BaseException | None) -> bool:
    """Whether an error, or one from which it was raised, says that there is no space left."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return True
        for one in (error, getattr(error, "orig", None)):  # SQLAlchemy keeps the driver's own error in `orig`
            code = getattr(one, "sqlite_errorcode", None)
            if getattr(one, "sqlstate", None) == _POSTGRESQL_FULL or (
                isinstance(code, int) and code & 0xFF == _SQLITE_FULL
            ):
                return True
        error = error.__cause__
    return False
