"""The commands that look after a terminal: `sync`, `status`, `enrol`, and `explain`.

`sync` alone loads the update client; `enrol` and `sync` alone load X.509.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .catalogue import catalogue, written_age
from .errors import TrustStoreError
from .reasons import Reason
from .store import StoreState, TerminalStore
from .telling import UsageError, Voice
from .verdict_json import instant_text

if TYPE_CHECKING:
    from .reports import DaysReported

__all__ = ["enrol", "explain", "status", "synchronise"]


def synchronise(options: argparse.Namespace, voice: Voice) -> int:
    """`verifier sync`: bring the lists up to date; 13 when there is no sound store to bring them to."""
    try:
        from .sync import sync
    except ImportError:
        raise UsageError(
            "synchronising needs the extra `sync`: install laissez-passer-verifier[sync]"
        ) from None
    at = _instant(options)
    try:
        store = TerminalStore.open(options.store)
        report = sync(store, options.source, at=at)
    except TrustStoreError as error:
        voice.say(str(error))
        return error.reason.exit_code
    days = None if options.no_report else _report(store, options.source, at, voice)
    if voice.as_json:
        voice.json(
            {
                **report._asdict(),
                "days_reported": days and days.told,
                "days_unreported": days and days.left,
                "days_refused": days and days.refused,
            }
        )
        return 0
    state = f"snapshot {report.number} in force" if report.changed else "up to date"
    voice.text(f"{state}: {report.lists} lists, {report.reader_keys} reader keys")
    if report.kept_revoked:
        voice.say(f"{report.kept_revoked} entries once seen revoked stay revoked here")
    if report.companions_left_out:
        voice.say(f"{report.companions_left_out} companions of another edition were left out")
    _tell_report(days, voice)
    return 0


def _report(store: TerminalStore, source: str | None, at: int, voice: Voice) -> DaysReported | None:
    """Tell the authority the days that are over, when the sync just showed that there is a network."""
    from .mirror import is_address
    from .reports import report_days

    if not is_address(source or store.enrolment.mirror_url or ""):
        return None
    try:
        return report_days(store, at=at)
    except OSError:
        voice.say(
            "what was reported could not be noted: look at the disk of this terminal; the lists are in force"
        )
        return None


def _tell_report(days: DaysReported | None, voice: Voice) -> None:
    if days is not None and days.told:
        voice.say(f"verdicts of {days.told} finished days were counted by the authority, without any person")
    if days is not None and days.left:
        voice.say(f"{days.left} finished days could not be reported now: the next sync tries again")
    if days is not None and days.refused:
        voice.say(
            f"the authority did not take {days.refused} finished days: compare this terminal's clock with theirs"
        )


def status(options: argparse.Namespace, voice: Voice) -> int:
    """`verifier status`: what this terminal holds, every file checked; 13 when it cannot judge."""
    try:
        state = TerminalStore.open(options.store).status()
    except TrustStoreError as error:
        if voice.as_json:
            voice.json({"state": str(error.reason)})
        else:
            voice.text(str(error.reason))
        voice.say(str(error))
        return error.reason.exit_code
    _tell_state(state, _instant(options), voice)
    return 0


def _tell_state(state: StoreState, at: int, voice: Voice) -> None:
    told = {
        "state": "OK",
        "terminal": state.terminal_id,
        "profile": str(state.profile),
        "test": state.test_mode,
        "enrolled_at": instant_text(state.enrolled_at),
        "clock_floor": instant_text(state.clock_floor),
        "snapshot": state.number,
        "tombstones": state.tombstones,
    }
    if voice.as_json:
        lists = [
            {
                "name": name,
                "version": version,
                "issued_at": instant_text(issued),
                "age_s": max(at - issued, 0),
            }
            for name, version, issued in state.lists
        ]
        keys = [
            {"key_id": name, "generation": generation, "ends": instant_text(end)}
            for name, generation, end in state.reader_keys
        ]
        voice.json({**told, "lists": lists, "reader_keys": keys})
        return
    lines = [f"{name}: {value}" for name, value in told.items()]
    lines += [
        f"list {name}: version {version}, {written_age(at - issued, 'en')} old"
        for name, version, issued in state.lists
    ]
    lines += [
        f"reader key {name}: generation {generation}, until {instant_text(end)}"
        for name, generation, end in state.reader_keys
    ]
    voice.text("\n".join(lines))


def enrol(options: argparse.Namespace, voice: Voice) -> int:
    """`verifier enrol request` and `verifier enrol install FILE`."""
    return _install(options, voice) if options.act == "install" else _request(options, voice)


def _request(options: argparse.Namespace, voice: Voice) -> int:
    from credentials.jws import b64url_encode

    from .enrolment import request

    if options.file:
        raise UsageError("`enrol request` takes no file; --out FILE writes one")
    asked = request(options.store)
    if options.out:
        Path(options.out).write_bytes(asked.encode())
        voice.say(f"request of {asked.terminal_id} written; hand it to the operator")
    else:
        voice.text(b64url_encode(asked.encode()))
    return 0


def _install(options: argparse.Namespace, voice: Voice) -> int:
    from .enrolment import FILE_BYTES, fingerprints, install

    if not options.file:
        raise UsageError("`enrol install` needs the operator's file")
    with Path(options.file).open("rb") as file:
        claims = install(options.store, file.read(FILE_BYTES + 1)).enrolment
    roots = {str(domain): digest for domain, digest in fingerprints(claims).items()}
    if voice.as_json:
        told = {"terminal": claims.terminal_id, "profile": str(claims.profile), "test": claims.test_mode}
        voice.json({**told, "roots": roots})
        return 0
    mode = ", TEST MODE" if claims.test_mode else ""
    lines = [f"{claims.terminal_id}: profile {claims.profile}{mode}"]
    voice.text("\n".join([*lines, *(f"root {domain}: SHA-256 {digest}" for domain, digest in roots.items())]))
    voice.say("compare the roots with those that the authority published, then run `verifier sync`")
    return 0


def explain(options: argparse.Namespace, voice: Voice) -> int:
    """`verifier explain REASON`: what a code of the catalogue means, in both languages."""
    code = options.reason.upper()
    if code not in Reason.__members__:
        from difflib import get_close_matches

        near = get_close_matches(code[:40], Reason.__members__, 1)
        raise UsageError("no such reason" + (f"; did you mean {near[0]}?" if near else ""))
    reason = Reason[code]
    texts = catalogue().reasons[reason]
    if voice.as_json:
        told = {"code": code, "outcome": str(reason.outcome), "exit": reason.exit_code}
        words = {name: getattr(texts, name).as_json() for name in ("title", "sentence", "action")}
        voice.json({**told, **words, "when": texts.when})
        return 0
    lines = [f"{code}  {reason.outcome}  exit {reason.exit_code}"]
    for language in ("fr", "en"):
        title, sentence, action = (
            getattr(text, language) for text in (texts.title, texts.sentence, texts.action)
        )
        lines.append(f"  {language}  {title}. {sentence} {action}")
    voice.text("\n".join([*lines, f"  when  {texts.when}"]))
    return 0


def _instant(options: argparse.Namespace) -> int:
    given: datetime | None = options.at
    return int((given or datetime.now(UTC)).timestamp())
