"""Starts `wallet-api` by forking: the program is imported once, each service is a process of its own with its own pid.

One JSON request a line on standard input, the new pid on standard output. A service gets its arguments, environment and
log exactly as from a shell; `plant` names a fault that is put into that one process first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from typing import Any

import alembic.command  # noqa: F401 - imported before forking, since each service would import it again
import psycopg  # noqa: F401
import uvicorn  # noqa: F401

import wallet_api.app
import wallet_api.health  # noqa: F401
from tests.durability.plants import PLANTS
from wallet_api.__main__ import main


def _become(request: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing, log = (
        os.open(os.devnull, os.O_RDWR),
        os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    )
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.environ.update(request["environment"])
    if request["plant"]:
        PLANTS[request["plant"]]()
    os._exit(main(request["arguments"]))


def serve() -> None:
    """Fork one service for each line, until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps what was killed
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if process == 0:
            try:
                _become(request)
            except BaseException:  # noqa: BLE001 - whoever asked reads it in the log
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(70)
        print(process, flush=True)


if __name__ == "__main__":
    serve()
