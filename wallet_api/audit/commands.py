"""`wallet-api audit`: verify the journals, and print their checkpoints for keeping elsewhere."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wallet_api.settings import read_settings

if TYPE_CHECKING:
    from wallet_api.wiring import Service

BROKEN: Final = 1
_HELP: Final = """\
Codes de retour · exit codes : 0 journal intact, actes et soldes conformes ; 1 altération, chaque ligne ou acte en cause est
nommé ; 2 commande mal écrite, ou impossible.

Gardez les points de contrôle ailleurs que sur la machine du service : eux seuls prouvent qu'un journal n'a pas été
recalculé en entier par qui possède la base et les clés.
"""


def add_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    """Add `audit verify` and `audit checkpoints` to the command line."""
    audit = commands.add_parser("audit", help="vérifier le journal des actes")
    acts = audit.add_subparsers(required=True, metavar="ACTE")
    one = acts.add_parser(
        "verify",
        parents=[home],
        help="nommer toute ligne modifiée, absente, ajoutée, déplacée ou réécrite, et tout acte qui ne lui correspond plus",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument(
        "--checkpoints",
        type=Path,
        action="append",
        default=[],
        metavar="FILE|DIR",
        help="points de contrôle gardés ailleurs : .cose du serveur public, .json du service, .jsonl de cette commande",
    )
    one.add_argument("--json", action="store_true", help="un objet JSON sur la sortie")
    one.add_argument("--lang", choices=("fr", "en"), default="fr", help="langue des phrases (fr)")
    one.set_defaults(run=_verify)
    one = acts.add_parser(
        "checkpoints", parents=[home], help="écrire les points de contrôle signés, un JSON par ligne"
    )
    one.set_defaults(run=_checkpoints)


@contextmanager
def _service(options: argparse.Namespace) -> Iterator[Service]:
    from wallet_api.wiring import wire

    service = wire(read_settings(os.environ, options.home))
    try:
        yield service
    finally:
        service.database.close()


def _verify(options: argparse.Namespace) -> int:
    from wallet_api.progress import Progress

    from .report import examine_all

    reports = []
    with _service(options) as service:
        for one in examine_all(service, options.checkpoints, Progress):
            reports.append(one)
            if not options.json:
                print("\n".join(one.words(options.lang)))
    intact = not any(one.findings for one in reports)
    if options.json:
        print(json.dumps({"intact": intact, "chains": [one.members() for one in reports]}))
    return 0 if intact else BROKEN


def _checkpoints(options: argparse.Namespace) -> int:
    from . import store
    from .checkpoints import DOMAIN_OF
    from .routes import spelt

    with _service(options) as service, service.database.read() as connection:
        for authority_id in DOMAIN_OF:
            for one in store.checkpoints(connection, authority_id):
                print(spelt(one).model_dump_json())
    return 0
