"""`wallet-api purge`: end the keeping of what is past its period."""

from __future__ import annotations

import argparse
import json
import os
from typing import Final

from wallet_api.clock import rfc3339
from wallet_api.settings import read_settings

from .periods import PERIODS

_AT_LEAST: Final = {
    "fr": "Au moins : ce qui ne tient qu'à une ligne comptée ici n'est compté qu'à l'effacement même.",
    "en": "At least: what hangs on a row that is counted here is counted by the purge alone.",
}


def add_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    """Add `purge` to the command line."""
    one = commands.add_parser(
        "purge",
        parents=[home],
        help="effacer ce dont la durée de conservation est passée",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("--dry-run", action="store_true", help="compter sans rien effacer")
    one.add_argument("--json", action="store_true", help="un objet JSON par ligne")
    one.add_argument("--lang", choices=("fr", "en"), default="fr", help="langue des phrases (fr)")
    one.set_defaults(run=_purge)


def _epilog() -> str:
    lines = [
        f"  {period.kept:<12} {period.length('fr'):>8} · {period.length('en'):<9} {period.fr} · {period.en} ({period.source})"
        for period in PERIODS.values()
    ]
    return "\n".join(
        (
            "Durées de conservation · periods of retention :",
            *lines,
            "",
            "Ce qui produit encore un effet est gardé. Chaque effacement est inscrit au journal des actes.",
            "What still has an effect is kept. Each purge is recorded in the journal of acts.",
            "Publiez ensuite : wallet-api publish · publish afterwards.",
        )
    )


def _purge(options: argparse.Namespace) -> int:
    from wallet_api.progress import Progress
    from wallet_api.wiring import wire

    from .purge import purge

    service = wire(read_settings(os.environ, options.home))
    try:
        with Progress("purge", None) as drawn:
            for one in purge(service, rehearse=options.dry_run, progress=drawn.add):
                if options.json:
                    line = {
                        "authority": one.authority_id,
                        "kind": one.kept.value,
                        "before": one.before,
                        "rows": one.rows,
                    }
                    print(json.dumps(line))
                elif one.rows:
                    period = PERIODS[one.kept]
                    words = period.fr if options.lang == "fr" else period.en
                    print(f"{one.authority_id} {one.kept} {one.rows} : {words}, {rfc3339(one.before)}")
        if options.dry_run and not options.json:
            print(_AT_LEAST[options.lang])
    finally:
        service.database.close()
    return 0
