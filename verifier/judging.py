"""The commands `scan` and `read`: codes in, one verdict each out, one journal line each kept.

The wall clock is read once for each verdict, unless `--at` gives the instant. Without trust every input is answered by
TRUST_MISSING or TRUST_BROKEN, and nothing is decoded.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Protocol

from .errors import PictureError, TrustStoreError
from .journal import Journal, is_pseudonym
from .policy import DEFAULT_POLICY
from .reasons import Reason, Stage, worst_exit
from .store import TerminalStore
from .telling import UsageError, Voice
from .verdict import Facts, Verdict, compose
from .verify import Verifier

__all__ = ["lines", "read", "scan"]

LINE_BYTES: Final = (
    4 * DEFAULT_POLICY.text_characters + 8
)  # of a line; what is longer is TOO_BIG and never held
CHUNK_BYTES: Final = 65_536


class ByteStream(Protocol):
    """What `lines` reads from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, as they come; none at the end."""


class Judge:
    """Judges inputs one after the other, tells each verdict and keeps the journal."""

    def __init__(self, options: argparse.Namespace, voice: Voice) -> None:
        """Open the store that `options` names. Raises `UsageError` for an agent's name that is no pseudonym."""
        self._options = options
        self._voice = voice
        self._exits: list[int] = []
        self._verifier: Verifier | None = None
        self._journal: Journal | None = None
        self._trouble: TrustStoreError | None = None
        if options.agent is not None and not is_pseudonym(options.agent):
            raise UsageError("--agent: a pseudonym is 1 to 40 of A-Z a-z 0-9 . _ -")
        try:
            store = TerminalStore.open(options.store)
            self._journal = Journal(store.folder, store.enrolment.terminal_id, options.agent)
            self._verifier = store.verifier()
        except TrustStoreError as error:
            self._fail(error)

    def text(self, text: str) -> None:
        """Judge one code."""
        at = self._now()
        verdict = self._verdict(text, at)
        self._tell(self._without_code(at, Reason.TRUST_BROKEN) if verdict is None else verdict, text)

    def no_text(self, reason: Reason) -> None:
        """Answer for an input that holds no code to judge."""
        self._tell(self._without_code(self._now(), reason), None)

    def exit_code(self) -> int:
        """The worst of all. Raises `UsageError` when there was no input."""
        if not self._exits:
            raise UsageError("no code on standard input")
        return worst_exit(self._exits)

    def _verdict(self, text: str, at: datetime) -> Verdict | None:
        if self._verifier is None:
            return None
        try:
            return self._verifier.verify(
                text, at=at, nonce=self._options.nonce, category=self._options.category
            )
        except TrustStoreError as error:  # a list that was looked up for the first time fails its hash
            self._fail(error)
            return None

    def _fail(self, error: TrustStoreError) -> None:
        self._trouble, self._verifier = error, None
        self._voice.say(str(error))

    def _now(self) -> datetime:
        given: datetime | None = self._options.at
        return given or datetime.now(UTC)

    def _without_code(self, at: datetime, reason: Reason) -> Verdict:
        snapshot = None if self._verifier is None else self._verifier.snapshot
        facts = Facts(
            int(at.timestamp()),
            None if snapshot is None else snapshot.profile,
            DEFAULT_POLICY.name,
            test=snapshot is not None and snapshot.test_mode,
        )
        if self._trouble is not None:
            return compose(facts, self._trouble.reason)
        facts.stage = Stage.READING
        return compose(facts, reason)

    def _tell(self, verdict: Verdict, text: str | None) -> None:
        self._exits.append(verdict.exit_code)
        self._voice.verdict(verdict)
        if self._journal is not None:
            try:
                self._journal.record(verdict, text)
            except OSError as error:
                self._voice.say(f"the journal cannot be written: {error.strerror}")
                self._journal = None


def read(options: argparse.Namespace, voice: Voice) -> int:
    """`verifier read`: codes from standard input, one a line."""
    stream = None if sys.stdin is None else sys.stdin.buffer
    if stream is None:
        raise UsageError("standard input is closed")
    judge = Judge(options, voice)
    for line in lines(getattr(stream, "raw", stream)):
        judge.text(line)
    return judge.exit_code()


def lines(stream: ByteStream) -> Iterator[str]:
    """Lines of a stream, as they come; of a line beyond the bound only the beginning is kept. Empty ones are skipped."""
    held = bytearray()
    while chunk := stream.read(CHUNK_BYTES):
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            held += piece[: LINE_BYTES - len(held)]
            yield from _line(held)
            held.clear()
        held += rest[: LINE_BYTES - len(held)]
    yield from _line(held)


def _line(held: bytearray) -> Iterator[str]:
    line = bytes(held).removesuffix(b"\r")
    if line:
        yield line.decode("utf-8", "replace")


def scan(options: argparse.Namespace, voice: Voice) -> int:
    """`verifier scan`: the code in each picture."""
    try:
        from . import camera
    except ImportError:
        raise UsageError("pictures need the extra `scan`: install laissez-passer-verifier[scan]") from None
    if not camera.readers():
        raise UsageError("no QR reader is installed: install laissez-passer-verifier[scan]")
    for number, image in enumerate(options.images, 1):
        if not os.path.isfile(image):  # noqa: PTH113 - a name with a NUL is no file, and no exception
            raise UsageError(f"image {number} is no file")
    judge = Judge(options, voice)
    for number, image in enumerate(options.images, 1):
        try:
            text = camera.read_image(image)
        except PictureError as error:
            voice.say(f"image {number}: {error}")
            judge.no_text(error.reason)
        except OSError as error:
            voice.say(f"image {number} cannot be read: {error.strerror}")
            judge.no_text(Reason.NO_CODE)
        else:
            judge.text(text)
    return judge.exit_code()
