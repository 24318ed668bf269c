"""The phone's commands. Results on stdout, words on stderr; French unless `--lang en`.

Exit codes: 0 done; 2 the command was written wrongly; 3 refused or impossible, said in words.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from credentials.views import View

from .arguments import parser
from .errors import NothingToShow, PhoneError
from .files import write_file
from .wallet import Document, Wallet

if TYPE_CHECKING:
    from .show import Code

_PURPOSES = {
    View.ROAD_CHECK: ("Contrôle routier", "Road check"),
    View.PROOF: ("Prouver mon permis", "Prove my licence"),
    View.AGE_OVER_18: ("Prouver ma majorité", "Prove I am of age"),
    View.CARE: ("Soins", "Care"),
}
_ACCEPTED_SECONDS = 90  # a terminal accepts a code for 90 s, and 60 s more for the skew of clocks
_REFUSED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    asked = parser().parse_args(arguments)
    try:
        _ACTS[asked.command](asked)
    except PhoneError as error:
        print(error.in_language(asked.lang), file=sys.stderr)
        return _REFUSED
    except KeyboardInterrupt:
        return 130
    return 0


# --- acts ------------------------------------------------------------------------------------------------------


def _add(asked: argparse.Namespace) -> None:
    from .collect import Wish, add

    text = sys.stdin.read() if asked.offer == "-" else asked.offer
    wallet = Wallet.create(asked.phone)
    with wallet.locked():
        document = add(wallet, text, tx_code=asked.tx_code, wish=Wish(asked.batch, tuple(asked.portrait)))
    print(document.document_id)
    _say(
        asked,
        f"Enregistré : {_contents(document, 0)}. Prêt hors ligne.",
        f"Saved: {_contents(document, 1)}. Ready offline.",
    )
    _say(
        asked,
        "Les clés de ce téléphone simulé sont des clés logicielles, non chiffrées dans son dossier.",
        "The keys of this simulated phone are software keys, unencrypted in its folder.",
    )


def _activate(asked: argparse.Namespace) -> None:
    from .activate import activate
    from .collect import Wish

    wallet = Wallet.create(asked.phone)
    with wallet.locked():
        document = activate(
            wallet, asked.service, asked.code, second=asked.second, root=asked.root, wish=Wish(asked.batch)
        )
    print(document.document_id)
    _say(
        asked,
        f"Activé : {_contents(document, 0)}. Prêt hors ligne.",
        f"Activated: {_contents(document, 1)}. Ready offline.",
    )


def _show(asked: argparse.Namespace) -> None:
    from .qr_image import draw
    from .show import choose, show

    wallet = Wallet.open(asked.phone)
    with wallet.locked():
        document = choose(wallet, asked.view, asked.document)
        at = _now(wallet, document) if asked.at is None else asked.at
        code = show(
            wallet, document, asked.view, asked.form, at=at, audience=asked.audience, nonce=asked.nonce
        )
    if asked.text:
        print(code.text)
        _say_code(asked, code, "")
        return
    picture = draw(code.text)
    if asked.png is not None:
        _write(asked.png, picture.png())
    if asked.svg is not None:
        _write(asked.svg, picture.svg().encode())
    if asked.png is None and asked.svg is None:
        print(picture.half_blocks(), end="")
    _say_code(asked, code, f"QR {picture.version}-{picture.level.name}, ")


def _paper(asked: argparse.Namespace) -> None:
    from .paper import Page, draw_page
    from .show import choose, paper_code

    wallet = Wallet.open(asked.phone)
    document = choose(wallet, asked.view, asked.document)
    code, claims = paper_code(wallet, document, asked.view, asked.form, at=_now(wallet, document))
    page = draw_page(code.text, claims, Page[asked.size.upper()])
    _write(asked.png, page.png)
    _say(
        asked,
        f"Carte à imprimer : QR {page.version}-{page.level.name}, modules de {page.module:.2f} mm. "
        "À montrer avec une pièce d'identité.",
        f"Card to print: QR {page.version}-{page.level.name}, modules of {page.module:.2f} mm. "
        "To be shown with an identity document.",
    )


def _refresh(asked: argparse.Namespace) -> None:
    from .collect import refresh

    portraits = () if asked.no_portrait else (tuple(asked.portrait) or None)
    wallet = Wallet.open(asked.phone)
    first: PhoneError | None = None
    with wallet.locked():
        for document in _chosen(wallet, asked.document):
            try:
                renewed = refresh(wallet, document, portraits=portraits)
            except PhoneError as error:
                first = first or error
                _say(
                    asked,
                    f"{document.document_id} : {error.french}",
                    f"{document.document_id}: {error.english}",
                )
                continue
            print(renewed.document_id)
            _say(asked, f"Actualisé : {_contents(renewed, 0)}.", f"Refreshed: {_contents(renewed, 1)}.")
    if first is not None:
        raise PhoneError(
            "Actualisation incomplète ; ce que le téléphone contenait y est toujours.",
            "Refresh incomplete; what the phone held is still there.",
        ) from first


def _list(asked: argparse.Namespace) -> None:
    wallet = Wallet.open(asked.phone)
    for document in wallet.documents():
        at = _now(wallet, document)
        print(f"{document.document_id}\t{document.document_type}\t{document.label}\t{document.issuer}")
        for one in document.credentials:
            medium = "paper" if one.paper else "phone"
            left = max(0, one.expires_at - at) // 86_400
            print(f"  {one.view}\t{one.form.name.lower()}\t{medium}\tuses={one.uses}\tdays_left={left}")


def _hold(asked: argparse.Namespace) -> None:
    from .collect import ask

    wallet = Wallet.open(asked.phone)
    with wallet.locked():
        for document in _chosen(wallet, asked.document):
            ask(wallet, document, asked.command)
            print(document.document_id)
    if asked.command == "pause":
        _say(
            asked,
            "En pause : refusé au contrôle dès que les terminaux se sont synchronisés. « resume » le reprend.",
            "Paused: refused when checked once the terminals have synced. `resume` takes it up again.",
        )
    else:
        _say(
            asked,
            "Repris. Actualisez, puis attendez que les terminaux se soient synchronisés.",
            "Resumed. Refresh, then wait until the terminals have synced.",
        )


def _portrait(asked: argparse.Namespace) -> None:
    from .portrait import portrait_within

    try:
        picture = asked.picture.read_bytes()
    except OSError as error:
        raise PhoneError(
            f"L'image ne peut pas être lue ({error.strerror}).",
            f"The picture cannot be read ({error.strerror}).",
        ) from error
    content = portrait_within(picture, asked.bytes)
    _write(asked.out, content)
    _say(asked, f"{len(content)} octets.", f"{len(content)} bytes.")


# --- words -----------------------------------------------------------------------------------------------------


def _say(asked: argparse.Namespace, french: str, english: str) -> None:
    if not asked.quiet:
        print(english if asked.lang == "en" else french, file=sys.stderr)


def _say_code(asked: argparse.Namespace, code: Code, drawn: str) -> None:
    language = 1 if asked.lang == "en" else 0
    until = datetime.fromtimestamp(code.at + _ACCEPTED_SECONDS).astimezone().strftime("%H:%M:%S")
    _say(
        asked,
        f"{_PURPOSES[code.held.view][language]}, {code.document.label} : {drawn}{code.envelope_bytes} octets. "
        f"Présentez ce code avant {until}.",
        f"{_PURPOSES[code.held.view][language]}, {code.document.label}: {drawn}{code.envelope_bytes} bytes. "
        f"Show this code before {until}.",
    )
    if code.held.expires_at <= code.at:
        _say(
            asked,
            "Titre numérique expiré. Connectez-vous. Votre droit n'est pas en cause.",
            "Digital document expired. Go online. Your right is not affected.",
        )


def _contents(document: Document, language: int) -> str:
    views = dict.fromkeys(_PURPOSES[one.view][language] for one in document.credentials)
    return f"{document.document_id} ({', '.join(views)})"


def _now(wallet: Wallet, document: Document) -> int:
    """The phone's clock corrected by the offset learned from the document's service."""
    issuer = wallet.issuer(document.issuer)
    return int(time.time()) + (0 if issuer is None else issuer.clock_offset)


def _chosen(wallet: Wallet, document_id: str | None) -> tuple[Document, ...]:
    chosen = wallet.documents() if document_id is None else (wallet.document(document_id),)
    if not chosen:
        raise NothingToShow(
            "Aucun titre pour l'instant. Ajoutez votre permis ou votre carte Vitale.",
            "Nothing here yet. Add your driving licence or health card.",
        )
    return chosen


def _write(path: Path, content: bytes) -> None:
    try:
        write_file(path, content)
    except OSError as error:
        raise PhoneError(
            f"Le fichier ne peut pas être écrit ({error.strerror}).",
            f"The file cannot be written ({error.strerror}).",
        ) from error


_ACTS: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "add": _add,
    "activate": _activate,
    "show": _show,
    "paper": _paper,
    "refresh": _refresh,
    "list": _list,
    "pause": _hold,
    "resume": _hold,
    "portrait": _portrait,
}

if __name__ == "__main__":
    sys.exit(main())
