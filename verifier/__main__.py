"""The command line of a terminal: `verifier scan`, `read`, `sync`, `status`, `enrol`, `explain`, `demo`.

1. Results go to stdout, words to stderr. A code is never an argument, since argument lists are public, and never echoed.
2. The exit code is that of verdicts.md: 0 valid, 10 refused, 11 to check, 12 unreadable, 13 no trust, 2 usage, 70 internal;
   1 is a sync or an enrolment that failed, and never a verdict.
3. Only what a command needs is loaded: judging loads no X.509, no update client and no picture library.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, NoReturn

from .errors import TerminalError
from .reasons import EXIT_INTERNAL, EXIT_USAGE
from .telling import UsageError, Voice

EXIT_FAILED: Final = 1
HELP_COLUMNS: Final = 100
EXIT_INTERRUPTED: Final = 130

Run = Callable[[argparse.Namespace, Voice], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; whatever happens, no traceback, which might name somebody."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None or sys.stderr is None:
        return EXIT_USAGE  # closed by the caller: there is nowhere to answer
    voice = Voice()
    try:
        return _run(given)
    except UsageError as error:
        voice.say(f"{error}; see `verifier --help`")
        return EXIT_USAGE
    except TerminalError as error:
        voice.say(str(error))
        return EXIT_FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        voice.say(_what_to_do(error))
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - exit 1 would be a crash's own code; 70 says whose fault it is
        voice.say(f"internal error ({type(error).__name__} at {_place(error)}): please report it")
        return EXIT_INTERNAL


def _what_to_do(error: OSError) -> str:
    import errno  # nothing on the way to a verdict needs it

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "no space left here, the lists in force stay: free some, then run the same command again"
    return error.strerror or "a file or the network failed"


def _place(error: BaseException) -> str:
    trace, place = error.__traceback__, "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _run(given: list[str]) -> int:
    name = given[0] if given else ""
    if name in {"", "-h", "--help"}:
        print(_overview())
        return 0 if name else EXIT_USAGE
    if name == "--version":
        from .version import DISTRIBUTION, VERSION

        print(f"{DISTRIBUTION} {VERSION}")
        return 0
    if name not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(name[:40], COMMANDS, 1)
        raise UsageError("no such command" + (f"; did you mean `verifier {near[0]}`?" if near else ""))
    command = COMMANDS[name]
    parser = _parser(name, command)
    options = parser.parse_intermixed_args(given[1:])  # options may stand between a word and its file
    options.store = options.store or os.environ.get("LP_STORE") or DEFAULT_STORE
    voice = Voice(quiet=options.quiet, json=options.json, plain=getattr(options, "plain", False))
    gc.disable()  # loading makes nothing but what stays: no use to search it, again and again, for what may go
    run = command.load()
    gc.freeze()
    gc.enable()
    return run(options, voice)


# --- commands ----------------------------------------------------------------------------------------------------


class Command(NamedTuple):
    """One command: what it is for, three examples, its options, and the function, loaded when it is asked for."""

    purpose: str
    examples: tuple[str, str, str]
    add_options: Callable[[argparse.ArgumentParser], None]
    load: Callable[[], Run]


DEFAULT_STORE: Final = os.path.expanduser("~/.laissez-passer/terminal")  # noqa: PTH111 - pathlib is not loaded here


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        """Of one width: asking the terminal for its own would load `shutil` before any code is judged."""
        super().__init__(prog, width=HELP_COLUMNS)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Refuse without repeating what might be a code."""
        if "unrecognized arguments" in message:
            message = "an argument too many; codes are read from standard input, never from arguments"
        elif "invalid choice" in message:
            message = message.partition("(choose")[0].partition("invalid choice")[0] + "no such choice"
        elif "argument --" in message:
            option = message.partition("argument ")[2].partition(":")[0]
            message = f"{option} is misused"  # what was given with it might be a code
        raise UsageError(message)


def _parser(name: str, command: Command) -> _Parser:
    parser = _Parser(
        prog=f"verifier {name}",
        description=_examples(command.examples),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--store", metavar="DIR", help="this terminal's folder; else LP_STORE, else your home's"
    )
    parser.add_argument("--json", action="store_true", help="JSON, one object a line")
    parser.add_argument("--quiet", action="store_true", help="no words on standard error")
    parser.add_argument(
        "--at", metavar="INSTANT", type=_instant, help="2026-11-22T09:14:05Z in place of the clock"
    )
    command.add_options(parser)
    return parser


def _overview() -> str:
    lines = [
        _examples(
            ("verifier scan permis.png", "verifier read --json < codes.txt", "verifier sync /media/usb")
        )
    ]
    lines += ["", "Commands:", *(f"  {name:<8} {command.purpose}" for name, command in COMMANDS.items())]
    notice = "Démonstrateur, service non officiel / demonstrator, unofficial service"
    return "\n".join([*lines, "", "`verifier COMMAND --help` tells the options of a command.", notice])


def _examples(examples: Sequence[str]) -> str:
    return "\n".join(["Examples:", *(f"  {line}" for line in examples)])


def _plain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plain", action="store_true", help="plain lines, for screen readers")


def _judging(parser: argparse.ArgumentParser) -> None:
    _plain(parser)
    parser.add_argument(
        "--category", metavar="C", type=_category, help="ask whether this category may be driven"
    )
    parser.add_argument("--nonce", metavar="HEX", type=_nonce, help="what the phone was asked to sign")
    parser.add_argument("--agent", metavar="NAME", help="your pseudonym in the journal")


def _pictures(parser: argparse.ArgumentParser) -> None:
    _judging(parser)
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="picture that holds a code")


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="URL|DIR", nargs="?", help="mirror or folder; else the enrolment's mirror"
    )
    parser.add_argument(
        "--no-report", action="store_true", help="do not tell the authority how many verdicts of each reason"
    )


def _enrolment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("act", choices=("request", "install"))
    parser.add_argument("file", metavar="FILE", nargs="?", help="the operator's answer, for `install`")
    parser.add_argument(
        "--out", metavar="FILE", help="where to write the request; else base64url on standard output"
    )


def _reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reason", metavar="REASON", help="a code of the catalogue, such as REPLAY")


def _nothing(_: argparse.ArgumentParser) -> None:
    """No option beyond those of every command."""


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("an instant has date, time and zone: 2026-11-22T09:14:05Z") from None


def _nonce(text: str) -> bytes:
    from credentials.limits import NONCE_BYTES

    shortest, longest = NONCE_BYTES
    try:
        nonce = bytes.fromhex(text)
    except ValueError:
        nonce = b""
    if not shortest <= len(nonce) <= longest:
        raise argparse.ArgumentTypeError(f"a nonce is {shortest} to {longest} bytes in hexadecimal")
    return nonce


def _category(text: str) -> str:
    from credentials.driving_licence import CATEGORY_NUMBERS

    if text.upper() not in CATEGORY_NUMBERS:
        raise argparse.ArgumentTypeError(f"no such category; one of {' '.join(CATEGORY_NUMBERS)}")
    return text.upper()


def _load_scan() -> Run:
    from .judging import scan

    return scan


def _load_read() -> Run:
    from .judging import read

    return read


def _load_demo() -> Run:
    from .specimen import demo

    return demo


def _load_upkeep(name: str) -> Callable[[], Run]:
    def load() -> Run:
        from . import upkeep

        run: Run = getattr(upkeep, name)
        return run

    return load


COMMANDS: Final = {
    "scan": Command(
        "judge the codes in pictures",
        ("verifier scan permis.png", "verifier scan --json *.png", "verifier scan --category B permis.png"),
        _pictures,
        _load_scan,
    ),
    "read": Command(
        "judge codes from standard input, one a line",
        ("verifier read < code.txt", "verifier read --json < codes.txt", "verifier read --plain < code.txt"),
        _judging,
        _load_read,
    ),
    "sync": Command(
        "bring the lists up to date, from a mirror or a folder",
        (
            "verifier sync",
            "verifier sync https://mirror.example/tuf/police",
            "verifier sync /media/usb/police",
        ),
        _source,
        _load_upkeep("synchronise"),
    ),
    "status": Command(
        "tell what this terminal holds, and check it",
        ("verifier status", "verifier status --json", "verifier status --store /srv/terminal"),
        _nothing,
        _load_upkeep("status"),
    ),
    "enrol": Command(
        "ask to be enrolled, install the answer",
        (
            "verifier enrol request --out request.cbor",
            "verifier enrol request",
            "verifier enrol install answer.bin",
        ),
        _enrolment,
        _load_upkeep("enrol"),
    ),
    "explain": Command(
        "tell what a reason means",
        ("verifier explain REPLAY", "verifier explain lists_stale", "verifier explain --json OK"),
        _reason,
        _load_upkeep("explain"),
    ),
    "demo": Command(
        "judge specimens, with no issuer and no network",
        ("verifier demo", "verifier demo --plain", "verifier demo --json"),
        _plain,
        _load_demo,
    ),
}


if __name__ == "__main__":
    sys.exit(main())
