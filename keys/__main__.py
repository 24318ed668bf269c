"""`wallet-keys`: the keys of an issuing authority, from their making to their end.

Results on stdout, words on stderr; French unless `--lang en`. Exit codes: 0 done; 2 the command was written wrongly;
3 refused or impossible, said in words. The passphrase is never an argument: see `keys/passphrase.py`.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from credentials.spec import Domain, Role

from . import ceremony, errors, lifecycle
from .folder import KeyFolder
from .passphrase import create_beside, find_passphrase
from .record import KeyKind, KeyRecord
from .store import KeyStore

_REFUSED: Final = 3
_EXAMPLES: Final = """examples:
  wallet-keys --keys home/keys list
  wallet-keys --keys home/keys rotate licence credential
  wallet-keys --keys home/keys compromise 1f2e3d4c5b6a7988
"""
# What happened, for the reader of French; the error's own text says what to do.
_FRENCH: Final = {
    errors.KeyMissing: "Clé absente.",
    errors.KeyNotActive: "Cette clé ne signe pas en ce moment.",
    errors.KeyCapReached: "Cette clé a atteint son nombre de signatures.",
    errors.KeyFileRefused: "Fichier de clé refusé.",
    errors.TransitionRefused: "Changement d'état refusé.",
    errors.ChainInvalid: "Certificat refusé.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        _ACTS[asked.command](asked)
    except errors.SigningKeyError as error:
        lead = "" if asked.lang == "en" else f"{_FRENCH.get(type(error), 'Refusé.')} "
        print(f"{lead}{error}", file=sys.stderr)
        return _REFUSED
    except OSError as error:
        lead = (
            "" if asked.lang == "en" else "Rien n'a été enregistré à moitié ; relancez la commande ensuite. "
        )
        words = (
            "no space left: free some, then run the same command again" if _full(error) else error.strerror
        )
        print(f"{lead}{words}", file=sys.stderr)
        return _REFUSED
    return 0


def _full(error: OSError) -> bool:
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


# Acts


def _generate(asked: argparse.Namespace) -> None:
    if asked.demo:
        path = create_beside(asked.keys)
        _say(
            asked,
            f"Démonstration : la phrase de passe des clés est en clair dans {path}.",
            f"Demonstration: the passphrase of the keys lies in clear in {path}.",
        )
    roots = None if asked.roots is None else KeyStore(asked.roots, find_passphrase(asked.roots, os.environ))
    keys = _open(asked)
    keys.create_all(asked.base_url, asked.at, roots=roots)
    _say(asked, f"{len(keys.records())} clés créées.", f"{len(keys.records())} keys created.")


def _list(asked: argparse.Namespace) -> None:
    keys = _open(asked)
    for record in keys.records():
        row = _row(keys, record)
        if asked.json:
            print(json.dumps(row))
        else:
            print(
                "{domain:8} {purpose:10} {key_id}  {state:11} {not_before} .. {not_after}  {used}".format(
                    **row
                )
            )


def _announce(asked: argparse.Namespace) -> None:
    record = _open(asked).announce(asked.domain, asked.role, asked.at)
    print(record.key_id.hex())
    _say_publish(asked, "Clé annoncée", "Key announced")


def _rotate(asked: argparse.Namespace) -> None:
    record = _open(asked).rotate(asked.domain, asked.role, asked.at, emergency=asked.emergency)
    print(record.key_id.hex())
    _say_publish(asked, "Nouvelle clé active", "New key active")


def _retire(asked: argparse.Namespace) -> None:
    _open(asked).retire(asked.key_id, asked.at)
    _say_publish(asked, "Clé retirée, ses signatures restent bonnes", "Key retired, its signatures stay good")


def _compromise(asked: argparse.Namespace) -> None:
    record = _open(asked).compromise(asked.key_id, asked.at)
    _say_publish(
        asked,
        "Clé compromise, tout ce qu'elle a signé sera refusé",
        "Key compromised, everything it signed will be refused",
    )
    if record.role is Role.CREDENTIAL:
        _say(
            asked,
            "Les titres qu'elle a signés sont à émettre de nouveau.",
            "The credentials it signed are to be issued again.",
        )


def _upkeep(asked: argparse.Namespace) -> None:
    done = _open(asked).upkeep(asked.at)
    for line in done:
        print(line)
    if done:
        _say_publish(asked, "Entretien fait", "Upkeep done")
    else:
        _say(asked, "Rien à faire.", "Nothing is due.")


def _root(asked: argparse.Namespace) -> None:
    passphrase = find_passphrase(asked.folder, os.environ)
    match asked.act:
        case "create":
            record = ceremony.create(asked.folder, asked.domain, passphrase, asked.at)
        case "take":
            record = ceremony.take(_open(asked), asked.domain, asked.folder, passphrase)
        case _:
            record = ceremony.bring(_open(asked), asked.domain, asked.folder, passphrase)
    print(record.key_id.hex())


_ACTS: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "generate": _generate,
    "list": _list,
    "announce": _announce,
    "rotate": _rotate,
    "retire": _retire,
    "compromise": _compromise,
    "upkeep": _upkeep,
    "root": _root,
}


# Words


def _open(asked: argparse.Namespace) -> KeyFolder:
    return KeyFolder.open(asked.keys, find_passphrase(asked.keys, os.environ))


def _row(keys: KeyFolder, record: KeyRecord) -> dict[str, object]:
    end = lifecycle.planned_end(record) if record.kind is KeyKind.SIGNER else record.not_after
    return {
        "domain": record.domain or "-",
        "purpose": record.purpose,
        "key_id": record.key_id.hex(),
        "state": record.state.value,
        "not_before": _day(record.not_before),
        "not_after": _day(record.not_after),
        "planned_end": _day(end),
        "used": f"{keys.signatures(record)}/{record.cap}" if record.cap else "-",
    }


def _day(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).date().isoformat()


def _say(asked: argparse.Namespace, french: str, english: str) -> None:
    print(english if asked.lang == "en" else french, file=sys.stderr)


def _say_publish(asked: argparse.Namespace, french: str, english: str) -> None:
    _say(
        asked,
        f"{french}. Publiez pour que les terminaux le sachent : wallet-api publish",
        f"{english}. Publish so that terminals learn it: wallet-api publish",
    )


def _instant(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "an instant carries its zone"
        raise ValueError(msg)
    return int(moment.timestamp())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wallet-keys",
        description="Keys of the issuing authority. Demonstrator, unofficial service, fictitious data.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    home = Path(os.environ.get("LP_HOME", "home"))
    parser.add_argument("--keys", type=Path, default=home / "keys", help="the key folder (LP_HOME/keys)")
    parser.add_argument("--at", type=_instant, default=int(time.time()), help="RFC 3339 instant (now)")
    parser.add_argument("--lang", choices=("fr", "en"), default="fr", help="language of the words (fr)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    generate = commands.add_parser("generate", help="make every key of a new service")
    generate.add_argument("--base-url", required=True, help="public address, which list uris repeat")
    generate.add_argument("--roots", type=Path, help="folder of roots made by `root create`")
    generate.add_argument("--demo", action="store_true", help="leave a random passphrase beside the folder")
    listed = commands.add_parser("list", help="every key with its state and window")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    for name, help_text in (
        ("announce", "make a successor known before it is used"),
        ("rotate", "let the announced successor take over"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("domain", type=Domain, choices=list(Domain))
        command.add_argument("role", type=Role, choices=list(Role))
        if name == "rotate":
            command.add_argument("--emergency", action="store_true", help="do not wait for the announcement")
    for name, help_text in (
        ("retire", "end a signer; what it signed stays good"),
        ("compromise", "burn a signer; everything it signed is refused"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("key_id", type=bytes.fromhex, help="16 hexadecimal digits")
    commands.add_parser("upkeep", help="do what is due")
    root = commands.add_parser("root", help="domain roots on an offline machine")
    root.add_argument("act", choices=("create", "take", "bring"))
    root.add_argument("domain", type=Domain, choices=list(Domain))
    root.add_argument("folder", type=Path, help="the offline folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
