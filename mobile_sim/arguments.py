"""The command line of the phone: commands, options, and what they accept."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from credentials.limits import NONCE_BYTES, PORTRAIT_BYTES
from credentials.spec import Audience, Form
from credentials.views import VIEW_SPECS, View

__all__ = ["parser"]

_EXAMPLES = """\
exemples / examples:
  mobile-sim --phone telephone add 'openid-credential-offer://?...' --tx-code 493536
  mobile-sim --phone telephone show --view road_check --png code.png
  mobile-sim --phone telephone refresh

Démonstrateur, service non officiel, données fictives.
"""


def _instant(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return int(moment.timestamp())


def _nonce(text: str) -> bytes:
    nonce = bytes.fromhex(text)
    if not NONCE_BYTES[0] <= len(nonce) <= NONCE_BYTES[1]:
        raise ValueError
    return nonce


def _batch(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise ValueError
    return number


def _budget(text: str) -> int:
    number = int(text)
    if not 1 <= number <= PORTRAIT_BYTES:
        raise ValueError
    return number


def _form(text: str) -> Form:
    names = {form.name.lower(): form for form in Form}
    if text not in names:
        raise ValueError
    return names[text]


def parser() -> argparse.ArgumentParser:
    """The command line. `command` names what to do; --phone, --lang and --quiet stand before or after it."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--phone", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="the phone's folder"
    )
    shared.add_argument(
        "--lang", choices=("fr", "en"), default=argparse.SUPPRESS, help="language of the words"
    )
    shared.add_argument("--quiet", action="store_true", default=argparse.SUPPRESS, help="no words on stderr")
    whole = argparse.ArgumentParser(
        prog="mobile-sim",
        description="A phone in a folder: holds credentials, signs presentations, draws the code.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument(
        "--phone", type=Path, default=Path("phone"), metavar="DIR", help="the phone's folder (phone)"
    )
    whole.add_argument("--lang", choices=("fr", "en"), default="fr", help="language of the words (fr)")
    whole.add_argument("--quiet", action="store_true", help="no words on stderr")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _taking_commands(commands, shared)
    _showing_commands(commands, shared)
    return whole


if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name


def _taking_commands(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    add = commands.add_parser("add", parents=[shared], help="take the document of an offer")
    add.add_argument("offer", metavar="OFFER", help="the offer's text; - reads it from standard input")
    add.add_argument("--tx-code", metavar="CODE", help="the code received separately")
    add.add_argument("--batch", type=_batch, default=2, metavar="N", help="credentials per view and form (2)")
    _portrait_option(add)
    activate = commands.add_parser(
        "activate", parents=[shared], help="use the code of a sheet from the counter"
    )
    activate.add_argument("code", metavar="CODE", help="the code on the sheet")
    activate.add_argument(
        "--service", required=True, metavar="ADDRESS", help="the service's address on the sheet"
    )
    activate.add_argument("--second", metavar="PART", help="the part received apart from the sheet")
    activate.add_argument("--root", metavar="HEX", help="the fingerprint of the authority on the sheet")
    activate.add_argument(
        "--batch", type=_batch, default=2, metavar="N", help="credentials per view and form (2)"
    )
    refresh = commands.add_parser("refresh", parents=[shared], help="renew credentials and the trust list")
    refresh.add_argument("--document", metavar="ID", help="this document only")
    _portrait_option(refresh)
    refresh.add_argument("--no-portrait", action="store_true", help="no view carries a portrait any more")
    commands.add_parser("list", parents=[shared], help="what this phone holds")
    for name, words in (
        ("pause", "suspend documents, reversibly"),
        ("resume", "take paused documents up again"),
    ):
        hold = commands.add_parser(name, parents=[shared], help=words)
        hold.add_argument("--document", metavar="ID", help="this document only")


def _showing_commands(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    show = commands.add_parser("show", parents=[shared], help="sign and draw a code; needs no network")
    show.add_argument(
        "--view", type=View, choices=list(View), required=True, metavar="V", help=", ".join(View)
    )
    _which_credential(show)
    output = show.add_mutually_exclusive_group()
    output.add_argument("--png", type=Path, metavar="FILE", help="write the picture")
    output.add_argument("--svg", type=Path, metavar="FILE", help="write the picture")
    output.add_argument("--text", action="store_true", help="print the code's text")
    show.add_argument(
        "--at", type=_instant, metavar="INSTANT", help="instant to sign, ISO 8601 with its offset (now)"
    )
    show.add_argument("--nonce", type=_nonce, metavar="HEX", help="the reader's nonce, 8 to 64 bytes")
    show.add_argument(
        "--audience", choices=[str(one) for one in Audience], help="kind of reader (the view's own)"
    )
    paper = commands.add_parser("paper", parents=[shared], help="draw the card to print")
    on_paper = [view for view in View if VIEW_SPECS[view].paper]
    paper.add_argument(
        "--view",
        type=View,
        choices=on_paper,
        default=View.PROOF,
        metavar="V",
        help=", ".join(on_paper) + " (proof)",
    )
    _which_credential(paper)
    paper.add_argument("--png", type=Path, required=True, metavar="FILE", help="write the page")
    paper.add_argument("--size", choices=("card", "a4"), default="card", help="format of the page (card)")
    portrait = commands.add_parser("portrait", parents=[shared], help="what a photo looks like in a code")
    portrait.add_argument("picture", type=Path, metavar="PICTURE", help="any picture of a face")
    portrait.add_argument("--out", type=Path, required=True, metavar="FILE", help="write the small WebP")
    portrait.add_argument("--bytes", type=_budget, default=450, metavar="N", help="budget (450)")


def _which_credential(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--form", type=_form, choices=list(Form), default=Form.CBOR, metavar="FORM", help="cbor or jwt (cbor)"
    )
    command.add_argument("--document", metavar="ID", help="which document, where there are several")


def _portrait_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--portrait",
        type=View,
        choices=[view for view in View if view is not View.CARE],
        action="append",
        default=[],
        metavar="VIEW",
        help="ask for a portrait in this view; may be given several times",
    )
