"""`wallet-api drill`: rehearse on a service of its own what an operator hopes never to do."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from wallet_api.settings import DEFAULT_BASE_URL, SettingsRefused

FAILED = 1
_HELP = """\
L'exercice crée un service à lui dans un dossier vide : aucune vraie clé n'est brûlée.
The drill makes a service of its own in an empty folder: no real key is burnt.

Codes de retour · exit codes : 0 réussi ; 1 le service n'a pas tenu, le texte dit où ; 2 impossible.
"""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `drill compromise` to the command line."""
    drill = commands.add_parser("drill", help="s'exercer à ce qui ne doit jamais arriver")
    acts = drill.add_subparsers(required=True, metavar="EXERCICE")
    one = acts.add_parser(
        "compromise",
        help="brûler un signataire, publier, tout délivrer à nouveau",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("--credentials", type=_count, default=1_000, metavar="N", help="attestations (1000)")
    one.add_argument("--batch", type=_count, default=2, metavar="N", help="clés par vue et par forme (2)")
    one.add_argument("--workers", type=_count, default=0, metavar="N", help="processus ; sinon un par cœur")
    one.add_argument("--folder", type=Path, help="dossier vide à garder ; sinon un dossier passager")
    one.add_argument(
        "--database", metavar="ADRESSE", help="base PostgreSQL vide ; sinon SQLite dans le dossier"
    )
    one.add_argument("--json", action="store_true", help="un objet JSON sur la sortie")
    one.set_defaults(run=_compromise)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _compromise(options: argparse.Namespace) -> int:
    if options.folder is not None:
        if options.folder.exists() and any(options.folder.iterdir()):
            raise SettingsRefused(f"{options.folder} is not empty: a drill takes a folder of its own")
        return _in_folder(options, options.folder)
    with tempfile.TemporaryDirectory(prefix="lp-drill-") as folder:
        return _in_folder(options, Path(folder))


def _require_empty(address: str) -> None:
    from sqlalchemy import inspect

    from wallet_api.database import Database

    database = Database(address)
    try:
        with database.read() as connection:
            tables = inspect(connection).get_table_names()
    finally:
        database.close()
    if tables:
        raise SettingsRefused("the database holds tables: a drill takes an empty one of its own")


def _in_folder(options: argparse.Namespace, folder: Path) -> int:
    from wallet_api.home import make_home
    from wallet_api.progress import Progress
    from wallet_api.wiring import wire

    from .compromise import DrillFailed, run_drill
    from .crowd import Crowd

    # Nothing of a real service's environment reaches the exercise, above all not its database.
    environment = {} if options.database is None else {"LP_DATABASE_URL": options.database}
    if options.database is not None:
        _require_empty(options.database)
    made = make_home(environment, folder / "home", base_url=DEFAULT_BASE_URL, demo=True)
    service = wire(made.settings, licences=Crowd(made.settings), environment=environment)
    try:
        report = run_drill(
            service,
            folder,
            options.credentials,
            batch=options.batch,
            workers=options.workers,
            counter=Progress,
        )
    except DrillFailed as error:
        print(f"wallet-api: {error}", file=sys.stderr)
        return FAILED
    finally:
        service.database.close()
    print(json.dumps(report.members()) if options.json else "\n".join(report.words()))
    return 0
