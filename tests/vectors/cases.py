"""The cases, family by family: what is shown, to which terminal, when, and the one right answer.

The expectation is written by hand from the verdict page. A refused or unreadable case differs from its sibling, which is
VALID (or the best its kind can be), by one fault, named in its description. One case a line, however long: it is a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from zlib import crc32

import cbor2

from credentials import base45, cbor
from credentials.driving_licence import CATEGORY_NUMBERS, ListEntry, PointsBalance
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import Audience, Form
from credentials.views import View
from credentials.vitale_card import RightsPeriod
from tests.changed import changed
from tests.simulated_authority import (
    BASE,
    DAY,
    HEALTH_LIST,
    HOUR,
    INSTANT,
    LICENCE_LIST,
    PAPER_CAP,
    PHONE_CAP,
    REMOVED,
    SimulatedSigner,
    age_over_18,
    care,
    certificate,
    document_signer,
    instant,
    list_signer,
    outsider_reader,
    privilege,
    proof,
    reader,
    road_check,
)
from tests.simulated_keys import ORDER
from tests.simulated_phone import NONCE
from tests.vectors import stores as s
from tests.vectors.shown import AUTHORITY, YESTERDAY, Stages, show

CBOR, JWT = Form
POLICE, HEALTH, ANYONE = Audience

# fmt: off


@dataclass(frozen=True)
class Case:
    """One vector. `at` in UTC seconds; `notices` must be among the verdict's, `also` are members of its JSON."""

    id: str
    description: str
    store: str
    reason: str
    stages: Stages
    at: int = INSTANT
    stage: str | None = None
    nonce: bytes | None = None
    category: str | None = None
    sibling: str | None = None
    picture: bool = False
    notices: tuple[str, ...] = ()
    also: Mapping[str, Any] = field(default_factory=dict)


def all_cases() -> list[Case]:
    """Every case, in the order of the families."""
    return [case for family in FAMILIES for case in family()]


# --- valid ------------------------------------------------------------------------------------------------------


def valid() -> Iterator[Case]:
    """Every view in every form, and the edges that are still right."""

    def ok(name: str, description: str, store: str, stages: Stages, **more: Any) -> Case:
        return Case(f"valid/{name}", description, store, more.pop("reason", "OK"), stages, **more)

    for form in Form:
        word = form.name.lower()
        yield ok(f"road-check-{word}", "A licence shown to the police, sealed.", "police", show(road_check(), form=form), picture=True)
        yield ok(f"proof-{word}", "A licence shown to anybody, unsealed.", "anyone", show(proof(), form=form), picture=True)
        yield ok(f"age-{word}", "Being of age, with a portrait.", "anyone", show(age_over_18(), form=form), picture=True)
        yield ok(f"care-{word}", "A Vitale card shown to a pharmacy, sealed.", "health", show(care(), form=form), picture=True)
        yield ok(f"nonce-{word}", "The reader asked for a nonce and the phone signed it.", "police", show(road_check(), form=form, nonce=NONCE), nonce=NONCE, also={"holder_proof": "device_nonce"})
    yield ok("proof-to-police", "The police read what anybody may read.", "police", show(proof()), notices=("POINTS_NOT_IN_VIEW",))
    yield ok("proof-for-police", "The same, made for the police.", "police", show(proof(), audience="police"))
    yield ok("age-to-police", "The police read an age.", "police", show(age_over_18()))
    yield ok("nonce-not-asked", "The phone signed a nonce that nobody asked for.", "anyone", show(proof(), nonce=NONCE))
    yield ok("eddsa-signer", "The issuer signs with EdDSA.", "police", show(road_check(), signer=document_signer("licence", "eddsa")))
    yield ok("eddsa-signer-jwt", "The issuer signs with EdDSA, JWT form.", "anyone", show(proof(), form=JWT, signer=document_signer("licence", "eddsa")))
    yield ok("standby-signer", "The announced standby signer is accepted.", "anyone", show(proof(), signer=AUTHORITY.signer("licence documents standby")))
    retired = AUTHORITY.signer("licence documents retired")
    yield ok("retired-signer-before", "Signed in the last second before the signer's retirement.", "anyone", show(proof(), signer=retired, claims={"issued_at": instant("2026-10-25") - 1}))
    yield ok("short-lived-signer", "A life at the cap of this signer, one day.", "anyone", show(proof(), signer=AUTHORITY.signer("licence documents short lived"), claims={"issued_at": INSTANT - HOUR, "life": DAY}))
    yield ok("window-opens", "Issued in the first second of the signer's window.", "anyone-mid-october", show(proof(), claims={"issued_at": instant("2026-10-15")}, shown_at=instant("2026-10-15") + 60), at=instant("2026-10-15") + 60)
    yield ok("window-closes", "Issued in the last second of the signer's window.", "anyone-mid-november", show(proof(), claims={"issued_at": instant("2026-11-14") - 1}, shown_at=instant("2026-11-14") + 5), at=instant("2026-11-14") + 5)
    yield ok("signature-twin", "The other form (r, n - s) of the issuer's signature: identified by nobody, so accepted.", "anyone", show(proof(), issue={"signature": _twin}))
    yield ok("portrait", "A portrait of one pixel.", "police", show(road_check(portrait=age_over_18().portrait)))
    ten = tuple(privilege(code, "2012-01-02") for code in list(CATEGORY_NUMBERS)[:10])
    yield ok("ten-categories", "Ten categories.", "police", show(road_check(categories=ten)), picture=True)
    fifteen = tuple(privilege(code, "2012-01-02") for code in CATEGORY_NUMBERS)
    yield ok("all-categories", "All fifteen categories.", "anyone", show(proof(categories=fifteen)))
    yield ok("birth-year", "A birth date without month and day.", "anyone", show(proof(birth_date=BirthDate(1931))))
    yield ok("birth-month", "A birth date without day.", "anyone", show(proof(birth_date=BirthDate(1931, 7)), form=JWT))
    yield ok("longest-names", "Names of 150 characters.", "anyone", show(proof(family_name="A" * 150, given_names="É" * 150)))
    yield ok("mixed-scripts", "A Cyrillic letter inside a Latin name: a notice, no refusal.", "anyone", show(proof(family_name="M\u0410RTIN")), notices=("MIXED_SCRIPTS",))
    yield ok("unknown-restriction", "A licence code outside the table: shown, no refusal.", "police", show(road_check(categories=(privilege("B", "2010-06-02", None, "999.01"),))), notices=("RESTRICTION_UNKNOWN",))
    yield ok("probation", "A probation that still runs.", "police", show(road_check(probation_end=date(2027, 1, 5))), notices=("PROBATION",))
    yield ok("no-beneficiary", "The insured person is the beneficiary.", "health", show(care(beneficiary_nir=None)))
    yield ok("corsican-nir", "A number of department 2A.", "health", show(care(insured_nir=Nir.parse("185052A00608435"))))
    yield ok("open-rights", "Cover without an end.", "health", show(care(rights=(RightsPeriod(date(2020, 1, 1)),))), also={"entitlement.answer": "yes"})
    yield ok("rights-not-begun", "Cover that begins next month: no reason of its own, the entitlement says no.", "health", show(care(rights=(RightsPeriod(date(2026, 12, 1)),))), also={"entitlement.answer": "no"})
    yield ok("rights-today", "Cover that ends today.", "health", show(care(rights=(RightsPeriod(date(2025, 1, 1), date(2026, 11, 1)),))), also={"entitlement.answer": "yes"})
    yield ok("previous-reader-key", "Sealed to the previous reader key, in its grace.", "police", show(road_check(), seal_to=reader(POLICE, 2)))
    yield ok("next-reader-key", "Sealed to the announced reader key.", "health", show(care(), seal_to=reader(HEALTH, 4)))
    yield ok("first-index", "The first entry of the status list.", "anyone", show(proof(), claims={"index": 0}))
    yield ok("last-index", "The last entry of the status list.", "anyone", show(proof(), claims={"index": s.LAST}))
    yield ok("later-claim-cbor", "A claim in the range that this release ignores.", "anyone", show(proof(), issue={"edit": _in_document(lambda document: document.update({-1: "later"}))}))
    yield ok("later-claim-jwt", "A member `x_...` that this release ignores.", "anyone", show(proof(), form=JWT, issue={"edit": lambda members: members.update(x_later="later")}))
    yield ok("not-before-in-skew", "Begins in 60 s: within the skew.", "anyone", show(proof(), claims={"not_before": INSTANT + 60}))
    yield ok("last-second", "The last second of the credential.", "anyone", show(proof(), claims={"life": DAY + 1}), notices=("EXPIRES_SOON",))
    yield ok("phone-cap", "A life of exactly 14 days.", "anyone", show(proof(), claims={"life": PHONE_CAP}))
    yield ok("category-held", "Category B asked for and held.", "police", show(road_check()), category="B", also={"entitlement.answer": "yes"})
    yield ok("category-implied", "Category B1 follows from B (Code de la route R221-7).", "anyone", show(proof()), category="B1", also={"entitlement.answer": "yes"})
    yield ok("category-other-expired", "Another category is past its date; the one asked for is not.", "anyone", show(proof(categories=(privilege("B"), privilege("C", "2015-01-01", "2026-10-31")))), category="B", notices=("CATEGORY_EXPIRED",))
    yield ok("category-last-day", "The last day of the category.", "anyone", show(proof(categories=(privilege("C", "2015-01-01", "2026-11-01"),))), category="C")
    yield ok("title-last-second", "23:59:59 in Paris on the title's last day.", "anyone", show(proof(expiry_date=date(2026, 11, 1)), shown_at=instant("2026-11-01T22:59:59")), at=instant("2026-11-01T22:59:59"))
    yield ok("lists-24-hours", "Lists of exactly 24 hours.", "police", show(road_check(), shown_at=s.LISTED_AT + DAY), at=s.LISTED_AT + DAY)
    yield ok("lists-ageing", "Lists of 24 hours and one second: a notice.", "police", show(road_check(), shown_at=s.LISTED_AT + DAY + 1), at=s.LISTED_AT + DAY + 1, notices=("LISTS_AGEING",))
    yield ok("lists-7-days", "Lists of exactly seven days.", "police-7-days", show(road_check()), notices=("LISTS_AGEING",))
    yield ok("shown-150-seconds-ago", "Shown exactly 90 s and the skew ago.", "anyone", show(proof(), shown_at=INSTANT - 150))
    yield ok("shown-60-seconds-ahead", "Shown exactly the skew ahead.", "anyone", show(proof(), shown_at=INSTANT + 60))
    yield ok("clock-300-seconds-below", "The clock stands exactly 300 s below its floor.", "anyone", show(proof(), shown_at=s.LISTED_AT - 300), at=s.LISTED_AT - 300)


def _twin(signature: bytes) -> bytes:
    return signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def _in_document(edit: Callable[[dict[int, Any]], Any]) -> Callable[[dict[int, Any]], Any]:
    return lambda members: edit(members[-65537])


# --- text -------------------------------------------------------------------------------------------------------


def text() -> Iterator[Case]:
    """Before anything is decoded."""
    whole = show(proof())
    spelt: str = whole["text"]

    def bad(name: str, description: str, reason: str, change: str | Callable[[str], str], **more: Any) -> Case:
        changed = change if isinstance(change, str) else change(spelt)
        return Case(f"text/{name}", description, "anyone", reason, {"text": changed}, sibling="valid/proof-cbor", **more)

    yield bad("one-over-the-cap", "4,297 characters.", "TOO_BIG", "LP1:" + "0" * 4_293)
    yield bad("one-over-the-cap-not-ours", "4,297 characters of another system: size comes first.", "TOO_BIG", "HC1:" + "0" * 4_293)
    yield bad("at-the-cap", "4,296 characters of zeros: judged, and its check sum is wrong.", "MISREAD", "LP1:" + "0" * 4_292)
    yield bad("empty", "No character.", "NOT_OURS", "")
    yield bad("another-system", "A health pass of 2021.", "NOT_OURS", lambda text: "HC1:" + text[4:])
    yield bad("next-prefix", "LP2: in place of LP1:.", "NOT_OURS", lambda text: "LP2:" + text[4:])
    yield bad("lower-case-prefix", "lp1: in place of LP1:.", "NOT_OURS", lambda text: "lp1:" + text[4:])
    yield bad("space-first", "A space before the prefix: nothing is stripped.", "NOT_OURS", lambda text: " " + text)
    yield bad("web-address", "A web address.", "NOT_OURS", "HTTPS://LP.EXAMPLE/")
    yield bad("prefix-alone", "The prefix and nothing after it.", "TRUNCATED", "LP1:")
    yield bad("mid-group", "Cut in the middle of a group of three.", "TRUNCATED", lambda text: text[: 4 + 3 * 100 + 1])
    yield bad("no-room-for-the-sum", "Three bytes: too few for the check sum.", "TRUNCATED", "LP1:" + base45.encode(b"abc"))
    yield bad("sum-alone", "Four bytes: a check sum of nothing.", "TRUNCATED", "LP1:" + base45.encode(crc32(b"").to_bytes(4, "big")))
    yield bad("lower-case", "A letter without its Shift.", "DAMAGED", lambda text: _at(text, 40, "a"))
    yield bad("not-ascii", "A character beyond ASCII.", "DAMAGED", lambda text: _at(text, 40, "é"))
    yield bad("full-width", "A digit of another script.", "DAMAGED", lambda text: _at(text, 40, "\uff11"))
    yield bad("triplet-over", "A group above 65,535.", "DAMAGED", lambda text: text[:40] + ":::" + text[43:])
    yield bad("pair-over", "A last pair above 255.", "DAMAGED", "LP1:" + base45.encode(bytes(8)) + "::")
    yield bad("tab", "A control character inside.", "DAMAGED", lambda text: _at(text, 40, "\t"))
    yield bad("group-lost", "Three characters lost.", "MISREAD", lambda text: text[:40] + text[43:])
    yield bad("substituted", "One character read as another.", "MISREAD", lambda text: _at(text, 45, "1" if text[45] == "0" else "0"), picture=True)
    yield bad("exchanged", "Two characters exchanged.", "MISREAD", _exchange)
    yield bad("crc-wrong", "A wrong check sum under a right credential.", "MISREAD", show(proof(), envelope_bytes=lambda whole: whole[:-1] + bytes((whole[-1] ^ 1,)))["text"])
    yield bad("crc-little-endian", "The check sum in the wrong order of bytes.", "MISREAD", show(proof(), envelope_bytes=lambda whole: whole[:-4] + whole[:-5:-1])["text"])
    yield bad("crc-missing", "No check sum at all.", "MISREAD", show(proof(), envelope_bytes=lambda whole: whole[:-4])["text"])


def _at(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


def _exchange(text: str) -> str:
    # Where the group stays a group: 65,535 is not crossed, so the check sum alone can tell.
    for place in range(40, len(text) - 10):
        changed = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        try:
            base45.decode(changed[4:])
        except ValueError:
            continue
        if changed != text:
            return changed
    raise AssertionError


# --- envelope ---------------------------------------------------------------------------------------------------


def envelope_family() -> Iterator[Case]:
    """The array around everything, its check sum always right."""

    def bad(name: str, description: str, reason: str, items: Callable[[list[Any]], Any] | None = None, raw: Callable[[bytes], bytes] | None = None, stage: str | None = None) -> Case:
        def resum(whole: bytes) -> bytes:
            assert raw is not None
            body = raw(whole[:-4])
            return body + crc32(body).to_bytes(4, "big")

        stages = show(proof(), items=items, envelope_bytes=None if raw is None else resum)
        return Case(f"envelope/{name}", description, "anyone", reason, stages, stage=stage, sibling="valid/proof-cbor")

    def put(place: int, value: Any) -> Callable[[list[Any]], Any]:
        return lambda items: [*items[:place], value, *items[place + 1 :]]

    yield bad("version-2", "Version 2.", "VERSION_UNKNOWN", put(0, 2))
    yield bad("version-0", "Version 0.", "VERSION_UNKNOWN", put(0, 0))
    yield bad("version-true", "Version `true`, which some languages take for 1.", "FORMAT_INVALID", put(0, True))
    yield bad("version-float", "Version 1.0.", "FORMAT_INVALID", put(0, 1.0))
    yield bad("kind-4", "Kind 4.", "VERSION_UNKNOWN", put(1, 4))
    yield bad("kind-0", "Kind 0.", "VERSION_UNKNOWN", put(1, 0))
    yield bad("kind-true", "Kind `true`, which some languages take for 1.", "FORMAT_INVALID", put(1, True))
    yield bad("form-3", "Form 3.", "VERSION_UNKNOWN", put(2, 3))
    yield bad("form-text", "A form as text.", "FORMAT_INVALID", put(2, "cbor"))
    yield bad("view-9", "View 9.", "VERSION_UNKNOWN", put(3, 9))
    yield bad("view-0", "View 0.", "VERSION_UNKNOWN", put(3, 0))
    yield bad("body-text", "The body as text.", "FORMAT_INVALID", put(4, "body"))
    yield bad("body-null", "The body is null.", "FORMAT_INVALID", put(4, None))
    yield bad("body-empty", "An empty body.", "FORMAT_INVALID", put(4, b""), stage="sealing")
    yield bad("item-missing", "No body.", "FORMAT_INVALID", lambda items: items[:4])
    yield bad("item-more", "A sixth item.", "FORMAT_INVALID", lambda items: [*items, 0])
    yield bad("two-credentials", "Two bodies.", "FORMAT_INVALID", lambda items: [*items, items[4]])
    yield bad("map", "A map in place of the array.", "FORMAT_INVALID", lambda items: dict(enumerate(items)))
    yield bad("tagged", "The array tagged 18.", "FORMAT_INVALID", lambda items: cbor.Tagged(18, items))
    yield bad("body-array", "The body inside an array.", "FORMAT_INVALID", lambda items: [*items[:4], [items[4]]])
    yield bad("trailing-byte", "A byte after the array, inside the check sum.", "FORMAT_INVALID", raw=lambda body: body + b"\x00")
    yield bad("second-item", "A second item after the array.", "FORMAT_INVALID", raw=lambda body: body + body)
    yield bad("indefinite", "An array of indefinite length.", "FORMAT_INVALID", raw=lambda body: b"\x9f" + body[1:] + b"\xff")
    yield bad("length-not-shortest", "The array's length in two bytes.", "FORMAT_INVALID", raw=lambda body: b"\x98\x05" + body[1:])
    yield bad("version-not-shortest", "The version in two bytes.", "FORMAT_INVALID", raw=lambda body: body[:1] + b"\x18\x01" + body[2:])
    yield bad("length-beyond-the-end", "A length of 4 GB.", "FORMAT_INVALID", raw=lambda body: body[:5] + b"\x5a\xff\xff\xff\xff" + body[8:])
    yield bad("not-cbor", "A check sum over noise.", "FORMAT_INVALID", raw=lambda _: bytes(range(200, 255)))
    yield bad("deep", "Seven arrays, one in another.", "FORMAT_INVALID", raw=lambda _: b"\x81" * 7 + b"\x00")


# --- sealing ----------------------------------------------------------------------------------------------------


def sealing() -> Iterator[Case]:
    """Sealed to whom, opened by whom, and what was inside."""

    def bad(name: str, description: str, store: str, reason: str, stages: Stages, **more: Any) -> Case:
        sibling = more.pop("sibling", "valid/care-cbor" if store == "health" else "valid/road-check-cbor")
        return Case(f"sealing/{name}", description, store, reason, stages, sibling=sibling, **more)

    yield bad("licence-to-pharmacy", "A licence sealed to the police, read in a pharmacy.", "health", "ROLE_DENIED", show(road_check()), picture=True)
    yield bad("licence-to-shop", "A licence sealed to the police, read in a shop.", "anyone", "ROLE_DENIED", show(road_check()))
    yield bad("card-to-police", "A Vitale card sealed to health, read at a road check.", "police", "ROLE_DENIED", show(care()), picture=True)
    yield bad("card-to-shop", "A Vitale card sealed to health, read in a shop.", "anyone", "ROLE_DENIED", show(care(), form=JWT))
    yield bad("broken-for-others", "Another audience's seal is declined before it is opened.", "police", "ROLE_DENIED", show(care(), seal={"alter": lambda sealed: sealed[:40]}))
    stranger = outsider_reader(POLICE)
    yield bad("unknown-reader-key", "Sealed to a key that no trust list names.", "police", "SEAL_KEY_MISSING", show(road_check(), seal_to=stranger))
    yield bad("key-not-held", "Sealed to a key of this audience that this terminal was not handed.", "police-one-reader-key", "SEAL_KEY_MISSING", show(road_check()))
    yield bad("ended-reader-key", "Sealed to a generation past its grace.", "police", "SEAL_KEY_MISSING", show(road_check(), seal_to=reader(POLICE, 1)))
    grace = instant("2026-11-15")
    late = {"issued_at": instant("2026-11-10")}
    yield bad("grace-last-second", "Sealed to the previous reader key, in the last second of its grace.", "police", "LISTS_STALE", show(road_check(), seal_to=reader(POLICE, 2), claims=late, shown_at=grace - 1), at=grace - 1)
    yield bad("grace-over", "Sealed to the previous reader key, at the end of its grace.", "police", "SEAL_KEY_MISSING", show(road_check(), seal_to=reader(POLICE, 2), claims=late, shown_at=grace), at=grace, sibling="sealing/grace-last-second")
    for name, description, alter in (
        ("tag-flipped", "The last bit of the seal flipped.", lambda sealed: sealed[:-1] + bytes((sealed[-1] ^ 1,))),
        ("ciphertext-flipped", "One bit of the sealed text flipped.", lambda sealed: sealed[:60] + bytes((sealed[60] ^ 1,)) + sealed[61:]),
        ("enc-flipped", "One bit of the encapsulated key flipped.", lambda sealed: bytes((sealed[0] ^ 1,)) + sealed[1:]),
        ("cut", "The last byte of the seal missing.", lambda sealed: sealed[:-1]),
        ("longer", "A byte after the seal.", lambda sealed: sealed + b"\x00"),
        ("enc-alone", "The encapsulated key and nothing else.", lambda sealed: sealed[:32]),
        ("short", "Fewer bytes than an encapsulated key.", lambda sealed: sealed[:31]),
        ("empty", "No sealed bytes.", lambda _: b""),
        ("low-order", "A point of low order as encapsulated key.", lambda sealed: bytes(32) + sealed[32:]),
        ("low-order-1", "The point 1 as encapsulated key.", lambda sealed: b"\x01" + bytes(31) + sealed[32:]),
    ):
        yield bad(name, description, "police", "SEAL_BROKEN", show(road_check(), seal={"alter": alter}))
    in_use, previous = reader(POLICE), reader(POLICE, 2)
    yield bad("other-key-announced", "Sealed to one reader key, announced under another.", "police", "SEAL_BROKEN", show(road_check(), seal={"announced": previous.key_id}))
    yield bad("info-of-health", "Bound to the other audience.", "police", "SEAL_BROKEN", show(road_check(), seal={"info": reader(HEALTH).info}))
    yield bad("info-of-version-2", "Bound to another version of the format.", "police", "SEAL_BROKEN", show(road_check(), seal={"info": in_use.info.replace(b"seal 1", b"seal 2")}))
    yield bad("info-empty", "Bound to nothing.", "police", "SEAL_BROKEN", show(road_check(), seal={"info": b""}))
    yield bad("key-id-short", "A reader key id of seven bytes.", "police", "FORMAT_INVALID", show(road_check(), seal={"announced": in_use.key_id[:7]}), stage="reading")
    yield bad("key-id-missing", "No reader key id.", "police", "FORMAT_INVALID", show(road_check(), items=lambda items: [items[0], items[1], items[3]]), stage="reading")
    yield bad("sealed-twice", "A sealed array with an item more.", "police", "FORMAT_INVALID", show(road_check(), items=lambda items: [*items, items[3]]), stage="reading")
    yield bad("content-not-cbor", "What opens is noise.", "police", "FORMAT_INVALID", show(road_check(), content=lambda _: b"\xff" * 80))
    yield bad("content-trailing", "What opens has a byte too many.", "police", "FORMAT_INVALID", show(road_check(), content=lambda plain: plain + b"\x00"))
    yield bad("content-view-9", "What opens announces an unknown view.", "police", "VERSION_UNKNOWN", show(road_check(), content=lambda plain: plain[:2] + b"\x09" + plain[3:]), stage="sealing")
    yield bad("content-form-3", "What opens announces an unknown form.", "health", "VERSION_UNKNOWN", show(care(), content=lambda plain: plain[:1] + b"\x03" + plain[2:]), stage="sealing")
    yield bad("content-is-credential", "A bare credential was sealed, without presentation.", "police", "FORMAT_INVALID", show(road_check(), content=_bare))
    yield bad("card-under-police-seal", "A Vitale card sealed to the police.", "police", "WRONG_DOCUMENT", show(care(), seal_to=POLICE))
    yield bad("licence-under-health-seal", "A licence sealed to health.", "health", "WRONG_DOCUMENT", show(road_check(), seal_to=HEALTH))
    yield bad("proof-under-police-seal", "A view for anybody, sealed to the police.", "police", "WRONG_DOCUMENT", show(proof(), seal_to=POLICE), stage="signature")
    yield bad("age-under-police-seal", "An age sealed to the police.", "police", "WRONG_DOCUMENT", show(age_over_18(), seal_to=POLICE), stage="signature")
    yield bad("proof-under-health-seal", "A view for anybody, sealed to health.", "health", "WRONG_DOCUMENT", show(proof(), seal_to=HEALTH))
    yield bad("audience-anyone", "Sealed to the police, signed by the phone for anybody.", "police", "WRONG_DOCUMENT", show(road_check(), audience="anyone"), stage="holder")
    yield bad("audience-health", "Sealed to the police, signed by the phone for health.", "police", "WRONG_DOCUMENT", show(road_check(), audience="health"), stage="holder")
    yield bad("licence-unsealed", "A view for the police, shown unsealed.", "police", "FORMAT_INVALID", show(road_check(), unsealed=True))
    yield bad("card-unsealed", "A view for health, shown unsealed.", "health", "FORMAT_INVALID", show(care(), unsealed=True, form=JWT))
    yield bad("licence-unsealed-to-shop", "A view for the police, shown unsealed in a shop.", "anyone", "FORMAT_INVALID", show(road_check(), unsealed=True))
    yield bad("other-view-announced", "A licence for the police, announced inside the seal as a proof.", "police", "CLAIMS_INVALID", show(road_check(), content=lambda plain: plain[:2] + b"\x02" + plain[3:]))
    forged = show(road_check(), issue={"shown_payload": lambda payload: payload.replace(cbor.encode([12, INSTANT - 2 * DAY]), cbor.encode([11, INSTANT - 2 * DAY]))})
    yield bad("resealed-by-a-forger", "Points altered, and sealed again with the public reader key.", "police", "SIG_INVALID", forged, picture=True)


def _bare(plain: bytes) -> bytes:
    form, view, body = cbor.decode(plain)  # type: ignore[misc]
    credential = body[body.index(b"\x0d") + 1 :]
    return cbor.encode([form, view, credential[:400]])


# --- profile ----------------------------------------------------------------------------------------------------


def profile() -> Iterator[Case]:
    """Who may read what, unsealed."""

    def bad(name: str, description: str, store: str, reason: str, stages: Stages, **more: Any) -> Case:
        return Case(f"profile/{name}", description, store, reason, stages, sibling=more.pop("sibling", "valid/proof-cbor"), **more)

    yield bad("proof-to-pharmacy", "A licence shown in a pharmacy.", "health", "WRONG_DOCUMENT", show(proof()), picture=True, also={"document.type": "driving_licence"})
    yield bad("age-to-pharmacy", "An age shown in a pharmacy.", "health", "WRONG_DOCUMENT", show(age_over_18(), form=JWT))
    yield bad("paper-to-pharmacy", "A printed licence in a pharmacy.", "health", "WRONG_DOCUMENT", show(proof(), paper=True))
    yield bad("altered-to-pharmacy", "An altered licence in a pharmacy: its type alone is named.", "health", "WRONG_DOCUMENT", show(proof(), issue={"signature": lambda _: bytes(64)}))
    yield bad("for-police-to-shop", "A proof made for the police, shown in a shop.", "anyone", "ROLE_DENIED", show(proof(), audience="police"), stage="holder")
    yield bad("for-health-to-shop", "A proof made for health, shown in a shop.", "anyone", "ROLE_DENIED", show(proof(), audience="health", form=JWT), stage="holder")
    yield bad("for-health-to-police", "A proof made for health, shown to the police.", "police", "ROLE_DENIED", show(proof(), audience="health"), stage="holder")
    yield bad("for-nobody", "An audience that is empty.", "anyone", "ROLE_DENIED", show(proof(), present={"edit": lambda members: members.update({3: ""})}), stage="holder")
    yield bad("upper-case-audience", "ANYONE in place of anyone.", "anyone", "ROLE_DENIED", show(proof(), audience="ANYONE"), stage="holder")
    yield bad("audience-with-space", "An audience with a space after it.", "anyone", "ROLE_DENIED", show(proof(), audience="anyone "), stage="holder")


# --- structure of the credential --------------------------------------------------------------------------------


def structure() -> Iterator[Case]:
    """The credential's outer layer, before any signature is checked."""

    def bad(name: str, description: str, form: Form = CBOR, reason: str = "FORMAT_INVALID", stage: str | None = "signature", announce: Mapping[str, Any] | None = None, **faults: Any) -> Case:
        stages = show(proof(), form=form, issue=faults, announce=announce)
        word = form.name.lower()
        return Case(f"structure/{name}", description, "anyone", reason, stages, stage=stage, sibling=f"valid/proof-{word}")

    signer = document_signer("licence")
    for name, description, header in (
        ("typ-presentation", "It calls itself a presentation.", {16: 65002}),
        ("typ-points-list", "It calls itself a points list.", {16: 65003}),
        ("typ-trust-list", "It calls itself a trust list.", {16: 65005}),
        ("typ-status-list", "It calls itself a status list.", {16: "application/statuslist+cwt"}),
        ("typ-text", "Its type as text.", {16: "65001"}),
        ("typ-missing", "It does not say what it is.", {16: REMOVED}),
        ("kid-7-bytes", "A key id of seven bytes.", {4: signer.key_id[:7]}),
        ("kid-9-bytes", "A key id of nine bytes.", {4: signer.key_id + b"\x00"}),
        ("kid-text", "A key id as text.", {4: "licence"}),
        ("kid-path", "A key id that is a path.", {4: b"../../etc/passwd"}),
        ("kid-missing", "No key id.", {4: REMOVED}),
        ("alg-text", "The algorithm as text.", {1: "ES256"}),
        ("alg-list", "A list of algorithms.", {1: [-7]}),
        ("alg-missing", "No algorithm.", {1: REMOVED}),
        ("certificate-inside", "The signer's certificate in the header.", {33: certificate(signer)}),
        ("chain-inside", "A chain of certificates in the header.", {33: [certificate(signer), certificate(signer)]}),
        ("certificate-address", "The address of a certificate in the header.", {35: "https://evil.example/x5u"}),
        ("certificate-digest", "The digest of a certificate in the header.", {34: [-16, bytes(32)]}),
        ("critical", "A critical header.", {2: [4]}),
        ("content-type", "A content type in the header.", {3: 60}),
        ("initial-vector", "An initialisation vector in the header.", {5: bytes(12)}),
        ("credential-inside", "Another credential in the header.", {13: b"x"}),
        ("private-label", "A label of nobody's.", {-70000: 1}),
    ):
        yield bad(name, description, header=header)
    protected = cbor.encode({1: -7, 4: signer.key_id, 16: 65001})
    yield bad("protected-twice", "A label twice in the protected header.", raw_header=b"\xa4\x01\x26" + protected[1:])
    yield bad("protected-order", "The protected header out of order.", raw_header=b"\xa3" + protected[3:] + b"\x01\x26")
    yield bad("protected-not-shortest", "A label of the protected header in two bytes.", raw_header=b"\xa3\x18\x01" + protected[2:])
    yield bad("protected-trailing", "A byte after the protected header.", raw_header=protected + b"\x00")
    yield bad("protected-empty", "An empty protected header.", raw_header=b"")
    yield bad("protected-array", "An array as protected header.", raw_header=b"\x83\x26\x01\x02")

    def parts(change: Callable[[list[Any]], Any], tag: int | None = 18) -> Callable[[bytes], bytes]:
        def rebuilt(message: bytes) -> bytes:
            items = list(cbor2.loads(message).value)
            items = change(items) or items
            return cbor2.dumps(items if tag is None else cbor2.CBORTag(tag, items))

        return rebuilt

    yield bad("unprotected-kid", "The key id outside the signed header as well.", frame=parts(lambda items: [items[0], {4: signer.key_id}, *items[2:]]))
    yield bad("unprotected-alg", "An algorithm outside the signed header.", frame=parts(lambda items: [items[0], {1: -8}, *items[2:]]))
    yield bad("untagged", "No tag.", frame=parts(lambda items: items, None))
    yield bad("tag-98", "Tagged as a message of several signers.", frame=parts(lambda items: items, 98))
    yield bad("tag-61", "The tag of a CWT around it.", frame=lambda message: b"\xd8\x3d" + message)
    yield bad("detached", "The payload is not there.", frame=parts(lambda items: [*items[:2], None, items[3]]))
    yield bad("item-more", "A fifth item.", frame=parts(lambda items: [*items, b""]))
    yield bad("item-missing", "No signature.", frame=parts(lambda items: items[:3]))
    yield bad("signature-63", "A signature of 63 bytes.", signature=lambda signed: signed[:63])
    yield bad("signature-65", "A signature of 65 bytes.", signature=lambda signed: signed + b"\x00")
    yield bad("signature-der", "A signature in DER.", signature=_der)
    yield bad("signature-empty", "An empty signature.", signature=lambda _: b"")
    yield bad("trailing-byte", "A byte after the message.", frame=lambda message: message + b"\x00")
    yield bad("jwt-announced", "A CBOR credential announced as JWT.", announce={"form": 2}, stage="sealing")

    for name, description, header in (
        ("jwt-typ-jwt", "Type JWT.", {"typ": "JWT"}),
        ("jwt-typ-old", "The type of earlier drafts.", {"typ": "vc+sd-jwt"}),
        ("jwt-typ-missing", "No type.", {"typ": REMOVED}),
        ("jwt-kid-upper", "A key id in capitals.", {"kid": signer.key_id.hex().upper()}),
        ("jwt-kid-path", "A key id that is a path.", {"kid": "../../etc/passwd"}),
        ("jwt-kid-missing", "No key id.", {"kid": REMOVED}),
        ("jwt-kid-number", "A key id that is a number.", {"kid": 1}),
        ("jwt-alg-list", "A list of algorithms.", {"alg": ["ES256"]}),
        ("jwt-alg-missing", "No algorithm.", {"alg": REMOVED}),
        ("jwt-jwk", "A key in the header.", {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
        ("jwt-x5c", "Certificates in the header.", {"x5c": ["AA=="]}),
        ("jwt-jku", "The address of a key set in the header.", {"jku": "https://evil.example/jwks"}),
        ("jwt-x5u", "The address of a certificate in the header.", {"x5u": "https://evil.example/x5u"}),
        ("jwt-crit", "A critical header.", {"crit": ["exp"]}),
        ("jwt-b64", "An unencoded payload.", {"b64": False}),
        ("jwt-zip", "A compressed payload.", {"zip": "DEF"}),
        ("jwt-cty", "A content type.", {"cty": "JWT"}),
    ):
        yield bad(name, description, JWT, header=header)
    head = b'{"alg":"ES256","kid":"%s","typ":"dc+sd-jwt"}' % signer.key_id.hex().encode()
    yield bad("jwt-member-twice", "The algorithm twice.", JWT, raw_header=b'{"alg":"none",' + head[1:])
    yield bad("jwt-bom", "A byte order mark before the header.", JWT, raw_header=b"\xef\xbb\xbf" + head)
    yield bad("jwt-utf16", "A header in UTF-16.", JWT, raw_header=head.decode().encode("utf-16"))
    yield bad("jwt-header-array", "An array as header.", JWT, raw_header=b'["ES256"]')
    yield bad("jwt-signature-63", "A signature of 63 bytes.", JWT, signature=lambda signed: signed[:63], stage="sealing")
    yield bad("cbor-announced", "A JWT credential announced as CBOR.", JWT, announce={"form": 1}, stage="sealing")


def _der(signed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    return encode_dss_signature(int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big"))


# --- signer and signature ---------------------------------------------------------------------------------------


def signer() -> Iterator[Case]:
    """Who signed, with what, when, and over which bytes."""

    def bad(name: str, description: str, reason: str, stages: Stages, store: str = "anyone", **more: Any) -> Case:
        sibling = more.pop("sibling", "valid/proof-cbor")
        return Case(f"signer/{name}", description, store, reason, stages, sibling=sibling, **more)

    domain = document_signer("licence").domain
    outsider = document_signer("licence", name="outsider")
    yield bad("unknown", "A key of the forger's own.", "KEY_UNKNOWN", show(proof(), signer=outsider), picture=True)
    yield bad("unknown-jwt", "A key of the forger's own, JWT form.", "KEY_UNKNOWN", show(proof(), signer=outsider, form=JWT), sibling="valid/proof-jwt")
    yield bad("unknown-sealed", "A key of the forger's own, sealed to the police.", "KEY_UNKNOWN", show(road_check(), signer=outsider), "police", sibling="valid/road-check-cbor")
    yield bad("unknown-31-days", "An unknown key and a trust list of exactly 31 days.", "KEY_UNKNOWN", show(proof(), signer=outsider), "anyone-31-days")
    yield bad("unknown-stale", "An unknown key and a trust list of 31 days and one second: the terminal's fault.", "KEY_UNKNOWN_STALE", show(proof(), signer=outsider, shown_at=INSTANT + 1), "anyone-31-days", at=INSTANT + 1)
    for role in ("status", "companion", "points", "trust", "enrolment", "root"):
        other: SimulatedSigner = changed(list_signer(domain, "status"), name=f"licence {role}")
        yield bad(f"role-{role}", f"Signed by the key of the role {role}.", "KEY_UNKNOWN", show(proof(), signer=other))
    yield bad("test-key", "A test key outside test mode.", "TEST_KEY", show(proof()), "anyone-production")
    yield bad("test-key-sealed", "A test key outside test mode, sealed.", "TEST_KEY", show(road_check()), "police-production", sibling="valid/road-check-cbor")
    yield bad("test-key-unlisted", "A test key that no trust list names: looked up first.", "TEST_KEY", show(proof(), signer=outsider), "anyone-production")
    health = document_signer("health")
    yield bad("health-signs-licence", "A signer of Vitale cards signs a licence.", "SIGNER_NOT_ALLOWED", show(proof(), signer=health))
    yield bad("health-signs-licence-sealed", "The same for the police.", "SIGNER_NOT_ALLOWED", show(road_check(), signer=health), "police", sibling="valid/road-check-cbor")
    yield bad("licence-signs-card", "A signer of licences signs a Vitale card.", "SIGNER_NOT_ALLOWED", show(care(), signer=document_signer("licence")), "health", sibling="valid/care-cbor")
    eddsa = document_signer("licence", "eddsa")
    for name, description, by, algorithm, form in (
        ("alg-eddsa", "EdDSA under the key id of an ES256 key.", None, -8, CBOR),
        ("alg-es256", "ES256 under the key id of an EdDSA key.", eddsa, -7, CBOR),
        ("alg-es384", "ES384.", None, -35, CBOR),
        ("alg-es256k", "ES256K.", None, -47, CBOR),
        ("alg-ps256", "PS256.", None, -37, CBOR),
        ("alg-hs256", "HMAC with the public key as secret.", None, 5, CBOR),
        ("alg-zero", "Algorithm 0.", None, 0, CBOR),
        ("alg-esp256", "ESP256, which names the same signature otherwise.", None, -9, CBOR),
        ("jwt-alg-none", "No signature asked for.", None, "none", JWT),
        ("jwt-alg-hs256", "HMAC with the public key as secret, JWT form.", None, "HS256", JWT),
        ("jwt-alg-rs256", "RS256.", None, "RS256", JWT),
        ("jwt-alg-lower", "es256 in small letters.", None, "es256", JWT),
        ("jwt-alg-eddsa", "EdDSA under the key id of an ES256 key, JWT form.", None, "EdDSA", JWT),
        ("jwt-alg-empty", "An algorithm without name.", None, "", JWT),
    ):
        label = 1 if form is CBOR else "alg"
        yield bad(name, description, "ALG_NOT_ALLOWED", show(proof(), form=form, signer=by, issue={"header": {label: algorithm}}), sibling=f"valid/proof-{form.name.lower()}")
    yield bad("compromised", "Signed by a compromised signer.", "KEY_REVOKED", show(proof(), signer=AUTHORITY.signer("licence documents compromised")))
    yield bad("compromised-backdated", "Signed by a compromised signer, dated before the compromise.", "KEY_REVOKED", show(proof(), signer=AUTHORITY.signer("licence documents compromised"), claims={"issued_at": instant("2026-10-20")}))
    yield bad("compromised-first-second", "Dated at the first second of the compromised signer's window.", "KEY_REVOKED", show(proof(), signer=AUTHORITY.signer("licence documents compromised"), claims={"issued_at": instant("2026-09-25")}))
    yield bad("compromised-once", "The trust list calls the signer active again; this terminal saw it compromised.", "KEY_REVOKED", show(proof()), "anyone-burnt-signer")
    retired = AUTHORITY.signer("licence documents retired")
    yield bad("retired", "Signed at the second of the signer's retirement.", "KEY_REVOKED", show(proof(), signer=retired, claims={"issued_at": instant("2026-10-25")}), sibling="valid/retired-signer-before")
    yield bad("retired-after", "Signed after the signer's retirement.", "KEY_REVOKED", show(proof(), signer=retired), sibling="valid/retired-signer-before")
    yield bad("past", "Signed after the signer's window.", "KEY_EXPIRED", show(proof(), signer=AUTHORITY.signer("licence documents past")))
    yield bad("coming", "Signed before the signer's window.", "KEY_EXPIRED", show(proof(), signer=AUTHORITY.signer("licence documents coming")))
    yield bad("window-before", "Signed one second before the window.", "KEY_EXPIRED", show(proof(), claims={"issued_at": instant("2026-10-15") - 1}, shown_at=instant("2026-10-15") + 60), "anyone-mid-october", at=instant("2026-10-15") + 60, sibling="valid/window-opens")
    yield bad("window-after", "Signed at the window's end.", "KEY_EXPIRED", show(proof(), claims={"issued_at": instant("2026-11-14")}, shown_at=instant("2026-11-14") + 5), "anyone-mid-november", at=instant("2026-11-14") + 5, sibling="valid/window-closes")

    def wrong(name: str, description: str, form: Form = CBOR, **issue: Any) -> Case:
        return bad(f"signature-{name}", description, "SIG_INVALID", show(proof(), form=form, issue=issue), sibling=f"valid/proof-{form.name.lower()}")

    yield wrong("payload-bit", "One bit of the payload flipped, the check sum right.", shown_payload=lambda payload: payload[:-1] + bytes((payload[-1] ^ 1,)))
    yield wrong("name", "Another name written into the payload.", shown_payload=lambda payload: payload.replace(b"MARTIN", b"MARTEN"))
    yield wrong("category", "A category added to the payload.", shown_payload=lambda payload: payload.replace(b"01.06", b"01.05"))
    yield wrong("bit", "One bit of the signature flipped.", signature=lambda signed: bytes((signed[0] ^ 1,)) + signed[1:])
    yield wrong("halves", "Both halves of the signature exchanged.", signature=lambda signed: signed[32:] + signed[:32])
    yield wrong("zero", "A signature of zeros.", signature=lambda _: bytes(64))
    yield wrong("zero-r", "r is zero.", signature=lambda signed: bytes(32) + signed[32:])
    yield wrong("r-over-order", "r is the order of the curve.", signature=lambda signed: ORDER.to_bytes(32, "big") + signed[32:])
    yield wrong("ones", "A signature of ones.", signature=lambda _: b"\xff" * 64)
    yield wrong("of-another", "The signature of another credential.", signature=lambda _: _signature_of(AUTHORITY.issue(AUTHORITY.claims(proof(), phone=1))))
    yield wrong("standby", "Signed by the standby signer under the first signer's key id.", header={4: AUTHORITY.signer("licence documents standby").key_id})
    yield wrong("jwt-payload", "One value of the payload changed, JWT form.", JWT, shown_payload=lambda payload: payload.replace(b"MARTIN", b"MARTEN"))
    yield wrong("jwt-space", "A space added to the payload, JWT form.", JWT, shown_payload=lambda payload: payload.replace(b",", b", ", 1))
    yield wrong("jwt-header", "The members of the header in another order, JWT form.", JWT, shown_header=lambda head: b'{"typ":"dc+sd-jwt",' + head[1 : head.index(b',"typ"')] + b"}")
    yield wrong("jwt-raw", "Signed over the raw bytes in place of their base64url, JWT form.", JWT, signature=lambda _: document_signer("licence").sign(b"raw"))
    yield bad("signature-of-cbor", "The CBOR credential's signature under the JWT form.", "SIG_INVALID", show(proof(), form=JWT, issue={"signature": lambda _: _signature_of(AUTHORITY.issue(AUTHORITY.claims(proof(), issued_at=YESTERDAY)))}), sibling="valid/proof-jwt")


def _signature_of(credential: bytes) -> bytes:
    return credential[-64:]


# --- claims -----------------------------------------------------------------------------------------------------


def claims() -> Iterator[Case]:
    """The signature is right and a claim is impossible."""

    def bad(name: str, description: str, stages: Stages, store: str = "police", sibling: str = "valid/road-check-cbor") -> Case:
        return Case(f"claims/{name}", description, store, "CLAIMS_INVALID", stages, sibling=sibling)

    def road(name: str, description: str, edit: Callable[[dict[int, Any]], Any]) -> Case:
        return bad(name, description, show(road_check(), issue={"edit": _in_document(edit)}))

    def top(name: str, description: str, edit: Callable[[dict[Any, Any]], Any], form: Form = CBOR) -> Case:
        stages = show(proof(), form=form, issue={"edit": edit})
        return bad(name, description, stages, "anyone", f"valid/proof-{form.name.lower()}")

    def card(name: str, description: str, edit: Callable[[dict[int, Any]], Any]) -> Case:
        return bad(name, description, show(care(), issue={"edit": _in_document(edit)}), "health", "valid/care-cbor")

    def put(key: int, value: Any) -> Callable[[dict[int, Any]], Any]:
        return lambda document: document.update({key: value})

    as_of = INSTANT - 2 * DAY
    yield road("points-13", "13 points.", put(9, [13, as_of]))
    yield road("points-minus-1", "-1 points.", put(9, [-1, as_of]))
    yield road("points-float", "12.0 points.", put(9, [12.0, as_of]))
    yield road("points-true", "`true` points.", put(9, [True, as_of]))
    yield road("points-text", '"12" points.', put(9, ["12", as_of]))
    yield road("points-no-instant", "Points without their instant.", put(9, [12]))
    yield road("points-after-issue", "Points known from after the issue.", put(9, [12, YESTERDAY + 1]))
    yield road("points-entry-outside", "A points entry outside every list.", put(10, [1, 131_072]))
    yield road("expiry-before-issue", "The title ends before it begins.", put(6, 10_000))
    yield road("category-unknown", "Category 16.", put(8, [[16, 14_762, None, []]]))
    yield road("category-twice", "Category B twice.", put(8, [[6, 14_762, None, []], [6, 14_763, None, []]]))
    yield road("category-none", "No category.", put(8, []))
    yield road("category-ends-first", "A category that ends before it begins.", put(8, [[6, 14_762, 14_761, []]]))
    yield road("restriction-words", "A restriction code that is a sentence.", put(8, [[6, 14_762, None, ["VALID, no points lost"]]]))
    yield road("restriction-twice", "The same restriction code twice.", put(8, [[6, 14_762, None, ["01.06", "01.06"]]]))
    yield road("name-empty", "An empty name.", put(1, ""))
    yield road("name-151", "A name of 151 characters.", put(1, "A" * 151))
    yield road("name-bytes", "A name as bytes.", put(1, b"MARTIN"))
    yield road("name-not-nfc", "A name in decomposed form.", put(2, "E\u0301lise"))
    yield road("name-missing", "No family name.", lambda document: document.pop(1))
    yield road("birth-day-float", "A birth date that is a float.", put(3, 7_377.5))
    yield road("birth-month-13", "Born in month 13.", put(3, [1990, 13]))
    yield road("birth-1849", "Born in 1849.", put(3, [1849]))
    yield road("birth-three-parts", "A complete birth date in parts.", put(3, [1990, 3, 14]))
    yield road("born-after-issue", "Born after the title was issued.", put(3, [2022]))
    yield road("neph-lower", "A NEPH in small letters.", put(7, "abcde12345"))
    yield road("licence-number-21", "A licence number of 21 characters.", put(4, "1" * 21))
    yield road("portrait-jpeg", "A portrait in JPEG.", put(12, b"\xff\xd8\xff\xe0" + bytes(40)))
    yield road("portrait-601", "A portrait of 601 bytes.", put(12, b"RIFF\x00\x00\x00\x00WEBP" + bytes(589)))
    yield road("view-of-another", "A claim of another view.", put(13, True))
    yield road("claim-unknown", "A claim of a number not in use.", put(99, 1))
    yield road("view-missing", "The document names no view.", lambda document: document.pop(0))
    yield road("view-true", "The view `true`, which some languages take for 1.", put(0, True))
    yield card("nir-key", "A NIR with a wrong key.", put(14, "185057800608492"))
    yield card("nir-13", "A NIR without its key.", put(14, "1850578006084"))
    yield card("nir-spaces", "A NIR in groups.", put(14, "1 85 05 78 006 084 91"))
    yield card("nir-number", "A NIR as a number.", put(14, 185_057_800_608_491))
    yield card("beneficiary-same", "The beneficiary's number equals the insured person's.", put(15, "185057800608491"))
    yield card("rights-none", "No period of rights.", put(19, []))
    yield card("rights-overlap", "Periods of rights that overlap.", put(19, [[20_000, 20_100], [20_100, 20_200]]))
    yield card("rights-after-open", "A period after one without end.", put(19, [[20_000, None], [20_100, 20_200]]))
    yield card("rights-after-issue", "Rights known from after the issue.", put(20, YESTERDAY + 1))
    yield card("fund-two-digits", "A fund of two digits.", put(17, "75"))
    yield card("exemption-number", "An exemption 1 in place of true.", put(22, 1))
    yield top("exp-missing", "No end of validity.", lambda members: members.pop(4))
    yield top("exp-float", "An end of validity with a fraction.", lambda members: members.update({4: members[4] + 0.5}))
    yield top("exp-text", "An end of validity as text.", lambda members: members.update({4: "2026-11-14"}))
    yield top("window-empty", "It ends the second it begins.", lambda members: members.update({4: members[6]}))
    yield top("iat-negative", "Issued before 1970.", lambda members: members.update({6: -1}))
    yield top("nbf-before-iat", "Valid from before its issue.", lambda members: members.update({5: members[6] - 1}))
    yield top("issuer-claim", "A claim of CWT that this format does not use.", lambda members: members.update({1: "issuer"}))
    yield top("status-missing", "No status.", lambda members: members.pop(65535))
    yield top("status-index-negative", "A status index of -1.", lambda members: members.update({65535: {"status_list": {"idx": -1, "uri": LICENCE_LIST}}}))
    yield top("status-index-true", "A status index `true`.", lambda members: members.update({65535: {"status_list": {"idx": True, "uri": LICENCE_LIST}}}))
    yield top("status-more", "A second kind of status.", lambda members: members[65535].update(identifier_list={"id": b"x"}))
    yield top("status-uri-control", "A control character in the status uri.", lambda members: members.update({65535: {"status_list": {"idx": 1, "uri": LICENCE_LIST + "\n"}}}))
    yield top("device-key-uncompressed", "A device key with both coordinates.", lambda members: members[8][1].update({-3: bytes(32)}))
    yield top("device-key-short", "A device key of 31 bytes.", lambda members: members[8][1].update({-2: bytes(31)}))
    yield top("device-key-p384", "A device key of another curve.", lambda members: members[8][1].update({-1: 2}))
    yield top("device-key-private", "A device key with its private half.", lambda members: members[8][1].update({-4: bytes(32)}))
    yield top("document-missing", "No document.", lambda members: members.pop(-65537))
    yield top("jwt-day-30-february", "30 February, JWT form.", lambda members: members.update(expiry_date="2036-02-30"), JWT)
    yield top("jwt-day-short", "A date without leading zero, JWT form.", lambda members: members.update(expiry_date="2036-6-02"), JWT)
    yield top("jwt-null", "A null in place of an absent claim, JWT form.", lambda members: members.update(portrait=None), JWT)
    yield top("jwt-unknown-type", "A type not in use, JWT form.", lambda members: members.update(vct="urn:laissez-passer:driving_licence:all"), JWT)
    yield top("jwt-sd", "A selective disclosure, JWT form.", lambda members: members.update(_sd=["AA"]), JWT)
    yield top("jwt-iss", "An issuer's address, JWT form.", lambda members: members.update(iss="https://evil.example"), JWT)
    yield top("jwt-device-key-off-curve", "A device key off its curve, JWT form.", lambda members: members["cnf"]["jwk"].update(y="A" * 43), JWT)
    yield top("jwt-category-order", "The members of a category in another order, JWT form.", lambda members: members.update(categories=[dict(reversed(members["categories"][0].items()))]), JWT)
    for name, description, raw in (
        ("twice", "A claim twice.", lambda payload: bytes((payload[0] + 1,)) + b"\x04\x1a\x7f\xff\xff\xff" + payload[1:]),
        ("trailing", "A byte after the claims.", lambda payload: payload + b"\x00"),
        ("indefinite", "Claims of indefinite length.", lambda payload: b"\xbf" + payload[1:] + b"\xff"),
        ("not-shortest", "A claim's key in two bytes.", lambda payload: payload[:1] + b"\x18" + payload[1:]),
        ("not-map", "Claims that are no map.", lambda _: b"\x83\x01\x02\x03"),
        ("empty", "No claims at all.", lambda _: b""),
        ("utf8", "A name that is not UTF-8.", lambda payload: payload.replace(b"MARTIN", b"MART\xff\xfe")),
        ("undefined", "An undefined value.", lambda payload: payload.replace(b"\x83\x06", b"\xf7", 1) if b"\x83\x06" in payload else payload + b"\xf7"),
    ):
        payload = bytes(_payload(proof()))
        yield bad(f"bytes-{name}", description, show(proof(), issue={"raw_payload": raw(payload)}), "anyone", "valid/proof-cbor")
    jwt = _payload(proof(), JWT)
    for name, description, raw in (
        ("twice", "A member twice.", lambda payload: payload[:-1] + b',"family_name":"X"}'),
        ("escaped-twice", "A member twice, once in escapes.", lambda payload: payload[:-1] + b',"\\u0065xp":1}'),
        ("trailing", "Text after the object.", lambda payload: payload + b"{}"),
        ("float", "An instant with a fraction.", lambda payload: payload.replace(b'"iat":', b'"iat":0.', 1)),
        ("nan", "Not a number.", lambda payload: payload[:-1] + b',"x_y":NaN}'),
        ("digits", "A number of 5,000 digits.", lambda payload: payload[:-1] + b',"x_y":' + b"9" * 1_000 + b"}"),
        ("surrogate", "A lone surrogate.", lambda payload: payload.replace(b"MARTIN", b"MART\\ud800")),
        ("deep", "Objects nested seven deep.", lambda payload: payload[:-1] + b',"x_y":' + b"[" * 7 + b"]" * 7 + b"}"),
        ("bom", "A byte order mark.", lambda payload: b"\xef\xbb\xbf" + payload),
    ):
        yield bad(f"jwt-bytes-{name}", description + " JWT form.", show(proof(), form=JWT, issue={"raw_payload": raw(jwt)}), "anyone", "valid/proof-jwt")
    yield bad("life-over-cap", "A life of 14 days and one second.", show(proof(), claims={"life": PHONE_CAP + 1}), "anyone", "valid/phone-cap")
    yield bad("life-over-cap-sealed", "The same for the police.", show(road_check(), claims={"life": PHONE_CAP + 1}))
    short = AUTHORITY.signer("licence documents short lived")
    yield bad("life-over-signers-cap", "A life one second over this signer's cap.", show(proof(), signer=short, claims={"issued_at": INSTANT - HOUR, "life": DAY + 1}), "anyone", "valid/short-lived-signer")
    yield bad("other-view-announced", "A proof announced as an age.", show(proof(), announce={"view": 3}), "anyone", "valid/proof-cbor")
    yield bad("other-view-announced-jwt", "An age announced as a proof, JWT form.", show(age_over_18(), form=JWT, announce={"view": 2}), "anyone", "valid/age-jwt")


def _payload(subject: Any, form: Form = CBOR) -> bytes:
    statement = AUTHORITY.claims(subject, issued_at=YESTERDAY)
    return AUTHORITY._payload(form, statement, None)


# --- the holder's proof -----------------------------------------------------------------------------------------


def holder() -> Iterator[Case]:
    """Presentation and paper: who shows it, for whom, when."""

    def bad(name: str, description: str, reason: str, stages: Stages, store: str = "anyone", sibling: str = "valid/proof-cbor", **more: Any) -> Case:
        return Case(f"holder/{name}", description, store, reason, stages, sibling=sibling, **more)

    for form in Form:
        word, jwt = form.name.lower(), form is JWT
        sibling = f"valid/proof-{word}"
        suffix = "-jwt" if jwt else ""
        told = ", JWT form." if jwt else "."
        yield bad(f"copied{suffix}", f"The bound credential without any presentation{told}", "HOLDER_PROOF_MISSING", show(proof(), form=form, paper=True, claims={"phone": 0}) | {}, sibling=sibling)
        yield bad(f"other-phone{suffix}", f"Presented by another phone{told}", "HOLDER_MISMATCH", show(proof(), form=form, shown_by=1), sibling=sibling, picture=not jwt)
        yield bad(f"other-credential{suffix}", f"Another credential of the same phone put in afterwards{told}", "HOLDER_MISMATCH", show(proof(), form=form, other=proof(family_name="DUPONT")), sibling=sibling)
        yield bad(f"signature-bit{suffix}", f"One bit of the phone's signature flipped{told}", "HOLDER_MISMATCH", show(proof(), form=form, present={"signature": lambda signed: signed[:-1] + bytes((signed[-1] ^ 1,))}), sibling=sibling)
        yield bad(f"signature-zero{suffix}", f"A signature of zeros{told}", "HOLDER_MISMATCH", show(proof(), form=form, present={"signature": lambda _: bytes(64)}), sibling=sibling)
        yield bad(
            f"instant-moved{suffix}",
            f"The instant moved after signing{told}",
            "HOLDER_MISMATCH",
            show(proof(), form=form, shown_at=INSTANT - DAY, present={"shown_payload": lambda payload: payload.replace(str(INSTANT - DAY).encode(), str(INSTANT).encode()).replace((INSTANT - DAY).to_bytes(4, "big"), INSTANT.to_bytes(4, "big"))}),
            sibling=sibling,
        )
        yield bad(f"nonce-other{suffix}", f"Another nonce than the reader's{told}", "NONCE_MISMATCH", show(proof(), form=form, nonce=bytes(8)), nonce=NONCE, sibling=sibling)
        yield bad(f"nonce-missing{suffix}", f"A nonce was asked for and {'the phone drew its own' if jwt else 'none is there'}{told}", "NONCE_MISMATCH", show(proof(), form=form), nonce=NONCE, sibling=sibling)
        yield bad(f"replay{suffix}", f"Shown 151 s ago{told}", "REPLAY", show(proof(), form=form, shown_at=INSTANT - 151), sibling=sibling)
        yield bad(f"ahead{suffix}", f"Shown 61 s ahead{told}", "SHOWN_AHEAD", show(proof(), form=form, shown_at=INSTANT + 61), sibling=sibling)
    yield bad("nonce-longer", "The reader's nonce with a byte more.", "NONCE_MISMATCH", show(proof(), nonce=NONCE + b"\x00"), nonce=NONCE)
    yield bad("screenshot", "A screenshot, four minutes old.", "REPLAY", show(road_check(), shown_at=INSTANT - 240), "police", "valid/road-check-cbor", picture=True)
    yield bad("a-week-old", "A code of last week.", "REPLAY", show(proof(), shown_at=INSTANT - 7 * DAY))
    yield bad("prepared", "Prepared for tomorrow.", "SHOWN_AHEAD", show(proof(), shown_at=INSTANT + DAY))
    yield bad("prepared-20-days", "Prepared for 20 days from now.", "SHOWN_AHEAD", show(proof(), shown_at=INSTANT + 20 * DAY))
    yield bad("device-key-off-curve", "The issuer signed a device key that is no point of its curve.", "HOLDER_MISMATCH", show(proof(), issue={"edit": lambda members: members[8][1].update({-2: b"\xff" * 32})}))
    yield bad("paper-presented", "A paper credential inside a presentation.", "HOLDER_MISMATCH", show(proof(), claims={"phone": None, "life": PHONE_CAP}))
    yield bad("device-key-other", "The issuer bound it to another phone.", "HOLDER_MISMATCH", show(proof(), phone=2, shown_by=0))

    def malformed(name: str, description: str, form: Form = CBOR, stage: str | None = None, **present: Any) -> Case:
        return bad(f"form-{name}", description, "FORMAT_INVALID", show(proof(), form=form, present=present), sibling=f"valid/proof-{form.name.lower()}", stage=stage)

    for name, description, header in (
        ("typ-credential", "The presentation calls itself a credential.", {16: 65001}),
        ("typ-missing", "The presentation does not say what it is.", {16: REMOVED}),
        ("alg-eddsa", "The phone announces EdDSA.", {1: -8}),
        ("alg-missing", "The phone announces no algorithm.", {1: REMOVED}),
        ("kid", "A key id in the phone's header.", {4: bytes(8)}),
        ("no-credential", "No credential in the phone's header.", {13: REMOVED}),
    ):
        yield malformed(name, description, header=header)
    yield malformed("credential-wrapped", "The credential as a byte string.", raw_header=cbor.encode({1: -7, 13: b"x" * 200, 16: 65002}), stage="signature")
    for name, description, edit in (
        ("no-audience", "No audience.", lambda members: members.pop(3)),
        ("audience-list", "A list of audiences.", lambda members: members.update({3: ["anyone"]})),
        ("no-instant", "No instant.", lambda members: members.pop(6)),
        ("instant-float", "An instant with a fraction.", lambda members: members.update({6: INSTANT + 0.5})),
        ("instant-true", "An instant `true`.", lambda members: members.update({6: True})),
        ("instant-negative", "An instant before 1970.", lambda members: members.update({6: -1})),
        ("nonce-7", "A nonce of seven bytes.", lambda members: members.update({39: bytes(7)})),
        ("nonce-65", "A nonce of 65 bytes.", lambda members: members.update({39: bytes(65)})),
        ("nonce-text", "A nonce as text.", lambda members: members.update({39: "noncence"})),
        ("claim-more", "A claim more.", lambda members: members.update({4: INSTANT})),
    ):
        yield malformed(name, description, edit=edit)
    yield malformed("payload-order", "The claims of the presentation out of order.", raw_payload=b"\xa2\x06" + cbor.encode(INSTANT) + b"\x03\x66anyone")
    yield malformed("trailing", "A byte after the presentation.", frame=lambda message: message + b"\x00")
    for name, description, edit in (
        ("jwt-no-nonce", "No nonce, which a KB-JWT needs.", lambda members: members.pop("nonce")),
        ("jwt-no-digest", "No digest of the credential.", lambda members: members.pop("sd_hash")),
        ("jwt-member-more", "A member more.", lambda members: members.update(exp=INSTANT)),
        ("jwt-nonce-padded", "A nonce with padding.", lambda members: members.update(nonce="AAAAAAAAAAA=")),
        ("jwt-instant-text", "An instant as text.", lambda members: members.update(iat=str(INSTANT))),
    ):
        yield malformed(name, description, JWT, edit=edit)
    yield malformed("jwt-alg-none", "The phone announces no algorithm.", JWT, header={"alg": "none"})
    yield malformed("jwt-typ", "The phone's token is of another type.", JWT, header={"typ": "JWT"})
    yield malformed("jwt-jwk", "The phone sends its own key along.", JWT, header={"jwk": {}})
    yield malformed("jwt-five-parts", "Five parts in place of six.", JWT, frame=lambda message: cbor.encode(cbor2.loads(message)[:5]))
    yield bad("jwt-digest-other", "The digest of another credential, JWT form.", "HOLDER_MISMATCH", show(proof(), form=JWT, present={"edit": lambda members: members.update(sd_hash="A" * 43)}), sibling="valid/proof-jwt")
    yield bad("form-doubled", "A presentation inside a presentation.", "FORMAT_INVALID", _doubled(), stage="signature")


def _doubled() -> Stages:
    inner = show(proof())
    from base64 import b64decode

    from tests.simulated_phone import SimulatedPhone, presented, text_of

    body = SimulatedPhone(0).present(b64decode(inner["presentation"]), audience="anyone", at=INSTANT)
    return {"text": str(text_of(presented(CBOR, View.PROOF, body)))}


# --- paper ------------------------------------------------------------------------------------------------------


def paper() -> Iterator[Case]:
    """A printed code: never better than CHECK."""

    def shown(name: str, description: str, reason: str, stages: Stages, store: str = "anyone", **more: Any) -> Case:
        return Case(f"paper/{name}", description, store, reason, stages, sibling="valid/proof-cbor", **more)

    yield shown("proof", "A printed proof.", "PAPER", show(proof(), paper=True), picture=True, also={"holder_proof": "none", "document.medium": "paper"})
    yield shown("proof-jwt", "A printed proof, JWT form.", "PAPER", show(proof(), paper=True, form=JWT))
    yield shown("age", "A printed age with a portrait.", "PAPER", show(age_over_18(), paper=True))
    yield shown("to-police", "A printed proof shown to the police.", "PAPER", show(proof(), paper=True), "police")
    yield shown("nonce", "A printed code answers no nonce, and says so.", "PAPER", show(proof(), paper=True), nonce=NONCE)
    yield shown("cap", "180 days.", "PAPER", show(proof(), paper=True, claims={"life": PAPER_CAP}))
    yield shown("over-cap", "180 days and one second.", "CLAIMS_INVALID", show(proof(), paper=True, claims={"life": PAPER_CAP + 1}))
    yield shown("age-no-portrait", "A printed age without portrait.", "CLAIMS_INVALID", show(age_over_18(), paper=True, issue={"edit": _in_document(lambda document: document.pop(12))}))
    yield shown("stripped", "The device key taken out of a bound credential.", "SIG_INVALID", show(proof(), paper=True, claims={"phone": 0}, issue={"shown_payload": _without_key}))
    yield shown("licence", "A view for the police on paper.", "FORMAT_INVALID", show(road_check(), paper=True, unsealed=True, claims={"phone": 0}), "police")
    yield shown("licence-signed", "The issuer signed a view for the police without device key, sealed.", "CLAIMS_INVALID", show(road_check(), issue={"edit": lambda members: members.pop(8)}), "police")
    yield shown("revoked", "A printed code, revoked.", "REVOKED", show(proof(), paper=True, claims={"index": s.REVOKED}), "police", notices=("PAPER",))
    yield shown("superseded", "A printed code of an older version.", "SUPERSEDED", show(proof(), paper=True, claims={"index": s.SUPERSEDED}), notices=("PAPER", "NEWER_EXISTS"))
    yield shown("expired", "A printed code past its end.", "EXPIRED", show(proof(), paper=True, claims={"life": DAY}))


def _without_key(payload: bytes) -> bytes:
    members = cbor2.loads(payload)
    members.pop(8)
    return cbor.encode(members)


# --- state ------------------------------------------------------------------------------------------------------


def state() -> Iterator[Case]:
    """Revoked, suspended, superseded, expired; by the lists of this terminal."""

    def of(name: str, description: str, reason: str, index: int = s.GOOD, store: str = "police", subject: Any = None, sibling: str | None = None, **more: Any) -> Case:
        facts = {"index": index, **more.pop("claims", {})}
        shown = subject if subject is not None else (care() if store == "health" else proof() if store.startswith("anyone") else road_check())
        told = {"road_check": "road-check-cbor", "proof": "proof-cbor", "care": "care-cbor"}
        kind = {"RoadCheck": "road_check", "Proof": "proof", "Care": "care"}[type(shown).__name__]
        return Case(f"state/{name}", description, store, reason, show(shown, claims=facts, **more.pop("show", {})), sibling=sibling or f"valid/{told[kind]}", **more)

    names = {"claims.family_name": "MARTIN"}
    yield of("revoked", "Revoked by the authority.", "REVOKED", s.REVOKED, also=names | {"status.class": "authority"}, picture=True)
    yield of("revoked-no-entry", "Revoked, and the companion says nothing of it.", "REVOKED", s.REVOKED_BARE, also={"status.class": None})
    yield of("revoked-by-holder", "Given up by the holder.", "REVOKED", s.REVOKED_BY_HOLDER)
    yield of("revoked-next-to-last", "Revoked, the last entry but one.", "REVOKED", s.REVOKED_LAST, sibling="valid/last-index")
    yield of("lost-phone", "The phone was reported lost.", "DEVICE_REVOKED", s.LOST_PHONE, also={"claims": None})
    yield of("replaced", "Replaced by a document with fewer rights.", "REPLACED", s.REPLACED, also={"claims": None})
    yield of("suspended", "Suspended for 50 more days.", "SUSPENDED", s.SUSPENDED, also=names)
    yield of("suspended-open", "Suspended without end.", "SUSPENDED", s.SUSPENDED_OPEN)
    yield of("suspended-no-entry", "Suspended, and the companion says nothing of it.", "SUSPENDED", s.SUSPENDED_BARE)
    yield of("suspended-last-second", "The last second of a suspension.", "SUSPENDED", s.SUSPENDED_TO_LAST_SECOND)
    yield of("suspension-over-now", "A suspension whose end is this second.", "SUSPENSION_ENDED", s.LAPSED_NOW)
    yield of("suspension-over", "A suspension that ended yesterday.", "SUSPENSION_ENDED", s.LAPSED)
    yield of("paused", "Paused by the holder.", "PAUSED", s.PAUSED, also={"claims": None})
    yield of("pause-over", "A pause that ended yesterday.", "SUSPENSION_ENDED", s.PAUSE_OVER)
    yield of("superseded", "A newer version exists.", "SUPERSEDED", s.SUPERSEDED, notices=("NEWER_EXISTS",))
    yield of("card-revoked", "A Vitale card revoked: no name for health.", "REVOKED", s.REVOKED, "health", also={"claims": None})
    yield of("card-lost-phone", "The phone with the Vitale card was lost.", "DEVICE_REVOKED", s.LOST_PHONE, "health")
    yield of("card-paused", "A Vitale card paused by its holder.", "PAUSED", s.PAUSED, "health")
    yield of("card-replaced", "A Vitale card replaced.", "REPLACED", s.REPLACED, "health")
    yield of("card-superseded", "A newer version of a Vitale card exists.", "SUPERSEDED", s.SUPERSEDED, "health")
    for index, word in ((s.REVOKED, "revoked"), (s.LOST_PHONE, "lost-phone"), (s.REPLACED, "replaced"), (s.SUSPENDED, "suspended"), (s.PAUSED, "paused"), (s.LAPSED, "suspension-over")):
        yield of(f"shop-{word}", f"A shop learns no more than this of: {word}.", "NOT_IN_FORCE", index, "anyone", also={"claims": None, "status": None})
    yield of("shop-superseded", "A shop learns of a newer version.", "SUPERSEDED", s.SUPERSEDED, "anyone")
    yield of("no-companion-lost-phone", "Without companion a lost phone is revoked.", "REVOKED", s.LOST_PHONE, "police-no-companion")
    yield of("no-companion-paused", "Without companion a pause is a suspension.", "SUSPENDED", s.PAUSED, "police-no-companion")
    yield of("no-companion-over", "Without companion a suspension that is over still holds.", "SUSPENDED", s.LAPSED, "police-no-companion")
    yield of("other-companion-lost-phone", "A companion of another edition counts as absent: revoked.", "REVOKED", s.LOST_PHONE, "police-other-companion", also={"status.class": None})
    yield of("other-companion-paused", "A companion of another edition counts as absent: suspended.", "SUSPENDED", s.PAUSED, "police-other-companion")
    yield of("seen-revoked", "Once seen revoked, listed as valid now.", "REVOKED", s.REVIVED, "police-tombstones", notices=("SEEN_REVOKED",))
    yield of("seen-revoked-device", "Once seen revoked for a lost phone, listed as valid now.", "DEVICE_REVOKED", s.REVIVED_DEVICE, "police-tombstones", notices=("SEEN_REVOKED",))
    yield of("seen-revoked-bare", "Once seen revoked without class, listed as valid now.", "REVOKED", s.REVIVED_BARE, "police-tombstones")
    yield of("never-seen-revoked", "The same entry where nobody saw it revoked.", "OK", s.REVIVED, "police")
    yield of("shop-seen-revoked", "Once seen revoked by a shop's terminal.", "NOT_IN_FORCE", s.REVIVED, "anyone-tombstones")
    yield of("revoked-list-gone", "Seen revoked, and the list is no longer there.", "REVOKED", s.REVOKED, "police-lost-list", notices=("STATUS_UNKNOWN",))
    yield of("list-not-held", "A list under the signer's prefix that this terminal does not hold.", "STATUS_UNKNOWN", store="police-no-status", also={"status.value": "unknown"})
    yield of("list-number-2", "A list number that was never published.", "STATUS_UNKNOWN", claims={"uri": f"{BASE}/s/l/2"})
    yield of("foreign-prefix", "A list elsewhere.", "STATUS_BAD_REF", claims={"uri": "https://elsewhere.example/s/l/1"})
    yield of("prefix-of-health", "The list of Vitale cards for a licence.", "STATUS_BAD_REF", claims={"uri": HEALTH_LIST})
    yield of("prefix-alike", "A prefix that only begins alike.", "STATUS_BAD_REF", claims={"uri": f"{BASE}/s/licence/1"})
    yield of("scheme-http", "The same list without https.", "STATUS_BAD_REF", claims={"uri": LICENCE_LIST.replace("https", "http")})
    yield of("index-at-the-size", "An index equal to the lists' size.", "STATUS_BAD_REF", s.LAST + 1, sibling="valid/last-index")
    yield of("index-huge", "An index of 2^32 - 1.", "STATUS_BAD_REF", 2**32 - 1, sibling="valid/last-index")
    yield of("expired", "The credential ends this second.", "EXPIRED", claims={"life": DAY}, also=names, sibling="valid/last-second")
    yield of("expired-shop", "The credential ends this second, in a shop.", "EXPIRED", store="anyone", claims={"life": DAY}, also={"claims": None}, sibling="valid/last-second")
    yield of("expired-card", "A Vitale card's credential ended an hour ago.", "EXPIRED", store="health", claims={"life": DAY - HOUR}, also={"claims": None})
    yield of("not-yet", "It begins in 61 s.", "NOT_YET", store="anyone", claims={"not_before": INSTANT + 61}, sibling="valid/not-before-in-skew")
    yield of("not-yet-issued", "It was issued in the future.", "NOT_YET", store="anyone", claims={"issued_at": INSTANT + 61, "life": DAY})
    yield of("title-ended", "The title ended yesterday; the right has not.", "TITLE_EXPIRED", subject=road_check(expiry_date=date(2026, 10, 31)))
    yield of("title-ended-paris", "00:00 in Paris on the day after the title's last.", "TITLE_EXPIRED", store="anyone", subject=proof(expiry_date=date(2026, 11, 1)), at=instant("2026-11-01T23:00:00"), show={"shown_at": instant("2026-11-01T23:00:00")}, sibling="valid/title-last-second")


# --- freshness and clock ----------------------------------------------------------------------------------------


def freshness() -> Iterator[Case]:
    """How old lists are, and whether the clock can be believed."""

    def of(name: str, description: str, reason: str, store: str, at: int, shown_at: int | None = None, **more: Any) -> Case:
        return Case(f"freshness/{name}", description, store, reason, show(more.pop("subject", None) or (proof() if store.startswith("anyone") else road_check()), shown_at=at if shown_at is None else shown_at, **more.pop("show", {})), at=at, sibling=more.pop("sibling", "valid/lists-7-days"), **more)

    yield of("seven-days-one-second", "Lists of seven days and one second.", "LISTS_STALE", "police-7-days", INSTANT + 1)
    yield of("seven-days-one-second-shop", "The same in a shop.", "LISTS_STALE", "anyone-7-days", INSTANT + 1)
    yield of("thirty-days", "Lists of exactly 30 days.", "LISTS_STALE", "police-30-days", INSTANT)
    yield of("thirty-days-one-second", "Lists of 30 days and one second.", "LISTS_EXPIRED", "police-30-days", INSTANT + 1, also={"claims.family_name": "MARTIN"})
    yield of("standby-after-30-days", "A terminal with lists of 30 days accepts the standby signer.", "LISTS_STALE", "police-30-days", INSTANT, show={"signer": AUTHORITY.signer("licence documents standby")})
    yield of("only-trust-old", "Only the trust list is old.", "LISTS_STALE", "police-old-trust", INSTANT)
    yield of("only-status-old", "Only the status list is old.", "LISTS_STALE", "police-old-status", INSTANT)
    yield of("revoked-in-old-lists", "Old lists still refuse.", "REVOKED", "police-30-days", INSTANT + 1, show={"claims": {"index": s.REVOKED}}, notices=("LISTS_EXPIRED",))
    floor = s.LISTED_AT
    clock = "valid/clock-300-seconds-below"
    yield of("clock-301-seconds-below", "The clock stands 301 s below its floor.", "CLOCK_DOUBT", "anyone", floor - 301, floor, sibling=clock)
    yield of("clock-1970", "The clock stands at 1970.", "CLOCK_DOUBT", "anyone", 0, floor, sibling=clock)
    yield of("clock-2000-ahead-not-judged", "With the clock in doubt nobody is accused of showing ahead.", "CLOCK_DOUBT", "anyone", instant("2000-01-01"), floor + 10 * HOUR, sibling=clock)
    yield of("clock-doubt-150", "With the clock in doubt, shown 150 s before the floor.", "CLOCK_DOUBT", "anyone", floor - 301, floor - 150, sibling=clock)
    yield of("clock-doubt-151", "With the clock in doubt, shown 151 s before the floor.", "REPLAY", "anyone", floor - 301, floor - 151, sibling=clock)
    standby = {"signer": AUTHORITY.signer("licence documents standby"), "claims": {"issued_at": instant("2026-11-25")}}
    yield of("clock-31-days-above", "The clock stands exactly 31 days above its floor: lists are expired, the clock is believed.", "LISTS_EXPIRED", "anyone", floor + 31 * DAY, show=standby)
    yield of("clock-31-days-one-second-above", "The clock stands 31 days and one second above its floor.", "CLOCK_DOUBT", "anyone", floor + 31 * DAY + 1, show=standby)
    yield of("clock-ten-years-ahead", "The clock is ten years ahead: the credential has ended by it.", "EXPIRED", "anyone", instant("2036-11-01"), sibling=clock)
    yield of("clock-9999", "The clock stands at the end of the calendar.", "EXPIRED", "anyone", instant("9999-12-31T23:59:59"), INSTANT, sibling=clock)
    yield of("clock-below-revoked", "With the clock in doubt a revoked document stays refused.", "REVOKED", "police", floor - 301, floor, show={"claims": {"index": s.REVOKED}}, notices=("CLOCK_DOUBT",), sibling=clock)
    yield of("clock-below-unknown-key", "With the clock far below, an unknown key is not the terminal's fault.", "KEY_UNKNOWN", "anyone", floor - 301, floor, show={"signer": document_signer("licence", name="outsider")}, sibling=clock)


# --- entitlement ------------------------------------------------------------------------------------------------


def entitlement() -> Iterator[Case]:
    """What an authentic document allows."""

    def of(name: str, description: str, reason: str, stages: Stages, store: str = "police", sibling: str = "valid/road-check-cbor", **more: Any) -> Case:
        return Case(f"entitlement/{name}", description, store, reason, stages, sibling=sibling, **more)

    def points(value: int | None, as_of: int = INSTANT - 2 * DAY, entry: int | None = s.NOT_LISTED) -> Stages:
        balance = None if value is None else PointsBalance(value, as_of)
        place = None if entry is None else ListEntry(1, entry)
        return show(road_check(points=balance, points_entry=place))

    def shown(value: int, source: str, other: int | None = None) -> dict[str, Any]:
        return {"points.value": value, "points.source": source, "points.other": other}

    yield of("points-zero-attested", "No point left, says the document.", "POINTS_ZERO", points(0), also=shown(0, "document"))
    yield of("points-zero-listed", "12 in the document, none left in a newer list.", "POINTS_ZERO", points(12, entry=s.LISTED_ZERO), also=shown(0, "list", 12), notices=("POINTS_LIST_NEWER",), picture=True)
    yield of("points-nine-listed", "12 in the document, nine in a newer list.", "OK", points(12, entry=s.LISTED_NINE), also=shown(9, "list", 12))
    yield of("points-regained", "None in the document, twelve in a newer list.", "OK", points(0, entry=s.LISTED_TWELVE), also=shown(12, "list", 0))
    yield of("points-attested-later", "None left in a list one second older than the document.", "OK", points(12, s.BALANCES_AT + 1, s.LISTED_ZERO), also=shown(12, "document", 0))
    yield of("points-same-instant", "The list decides when both are of one instant.", "POINTS_ZERO", points(12, s.BALANCES_AT, s.LISTED_ZERO), also=shown(0, "list", 12))
    yield of("points-attested-zero-later", "None left in a document one second newer than the list.", "POINTS_ZERO", points(0, s.BALANCES_AT + 1, s.LISTED_NINE), also=shown(0, "document", 9))
    yield of("points-one", "One point left.", "OK", points(1), also=shown(1, "document"))
    yield of("points-none", "No balance anywhere.", "OK", points(None, entry=None), notices=("POINTS_UNKNOWN",), also={"points": None})
    yield of("points-not-listed", "No balance in the document, entry 15 in the list.", "OK", points(None), notices=("POINTS_UNKNOWN",))
    yield of("points-only-listed", "A balance in the list alone.", "OK", points(None, entry=s.LISTED_NINE), also=shown(9, "list"))
    yield of("points-no-list", "A terminal without points list shows the document's.", "POINTS_ZERO", points(0, entry=s.LISTED_NINE), "police-no-points", also=shown(0, "document"))
    yield of("points-zero-category", "No point left, category B asked for: unknown.", "POINTS_ZERO", points(0), category="B", also={"entitlement.answer": "unknown"})
    yield of("age-false", "Not of age.", "AGE_NOT_PROVED", show(age_over_18(age_over_18=False)), "anyone", "valid/age-cbor", also={"entitlement.answer": "no"})
    yield of("age-no-portrait", "Of age, without portrait: nothing ties it to the person.", "AGE_NOT_PROVED", show(age_over_18(portrait=None)), "anyone", "valid/age-cbor", also={"entitlement.answer": "unknown"})
    yield of("age-no-portrait-police", "The same shown to the police.", "AGE_NOT_PROVED", show(age_over_18(portrait=None), form=JWT), "police", "valid/age-to-police")
    yesterday = date(2026, 10, 31)
    yield of("rights-ended", "Cover ended yesterday.", "RIGHTS_ENDED", show(care(rights=(RightsPeriod(date(2025, 1, 1), yesterday),))), "health", "valid/care-cbor", also={"entitlement.answer": "no"}, picture=True)
    yield of("rights-ended-all", "Every period of cover is over.", "RIGHTS_ENDED", show(care(rights=(RightsPeriod(date(2023, 1, 1), date(2023, 12, 31)), RightsPeriod(date(2025, 1, 1), yesterday))), form=JWT), "health", "valid/care-jwt")
    yield of("rights-gap", "Between two periods: no reason, the entitlement says no.", "OK", show(care(rights=(RightsPeriod(date(2025, 1, 1), yesterday), RightsPeriod(date(2026, 11, 2))))), "health", "valid/care-cbor", also={"entitlement.answer": "no"})
    yield of("rights-ended-paris", "Cover ended today, at 00:00 of tomorrow in Paris.", "RIGHTS_ENDED", show(care(rights=(RightsPeriod(date(2025, 1, 1), date(2026, 11, 1)),)), shown_at=instant("2026-11-01T23:00:00")), "health", "valid/rights-today", at=instant("2026-11-01T23:00:00"))
    yield of("category-absent", "Category C asked for, not held.", "CATEGORY_ABSENT", show(road_check()), category="C", also={"entitlement.answer": "no"}, sibling="valid/category-held")
    yield of("category-not-upward", "A2 does not give A.", "CATEGORY_ABSENT", show(proof(categories=(privilege("A2"),))), "anyone", category="A", sibling="valid/category-implied")
    yield of("category-begins-tomorrow", "The category begins tomorrow.", "CATEGORY_ABSENT", show(proof(categories=(privilege("B", "2026-11-02"),))), "anyone", category="B", sibling="valid/category-implied")
    yield of("category-expired", "The category asked for ended yesterday.", "CATEGORY_EXPIRED", show(proof(categories=(privilege("B"), privilege("C", "2015-01-01", "2026-10-31")))), "anyone", category="C", sibling="valid/category-other-expired")
    yield of("category-expired-all", "Every category ended.", "CATEGORY_EXPIRED", show(proof(categories=(privilege("C", "2015-01-01", "2026-10-31"),))), "anyone", sibling="valid/category-last-day")
    yield of("category-implied-expired", "The category that would give it ended yesterday.", "CATEGORY_EXPIRED", show(proof(categories=(privilege("A", "2015-01-01", "2026-10-31"),))), "anyone", category="A2", sibling="valid/category-implied")
    heavy = (privilege("CE", "2015-01-01"), privilege("D", "2015-01-01"))
    yield of("category-from-two", "CE and D together give DE.", "OK", show(proof(categories=heavy)), "anyone", category="DE", also={"entitlement.answer": "yes"}, sibling="valid/category-implied")
    yield of("category-from-two-expired", "CE and D together give DE, and D ended yesterday.", "CATEGORY_EXPIRED", show(proof(categories=(heavy[0], privilege("D", "2015-01-01", "2026-10-31")))), "anyone", category="DE", sibling="entitlement/category-from-two")
    yield of("category-from-one-of-two", "CE alone does not give DE.", "CATEGORY_ABSENT", show(proof(categories=heavy[:1])), "anyone", category="DE", sibling="entitlement/category-from-two")


# --- picture ----------------------------------------------------------------------------------------------------


def picture() -> Iterator[Case]:
    """From pixels; the other families have pictures of their texts as well."""
    ours: str = show(proof())["text"]
    other: str = show(proof(), phone=1)["text"]

    def of(name: str, description: str, reason: str, **drawn: Any) -> Case:
        return Case(f"picture/{name}", description, "anyone", reason, {"picture": drawn}, sibling="valid/proof-cbor", picture=True)

    yield of("plain", "The code as a phone draws it.", "OK", codes=[ours])
    yield of("inverted", "Light on dark.", "OK", codes=[ours], invert=True)
    yield of("turned", "A quarter turn.", "OK", codes=[ours], turn=90)
    yield of("tilted", "Tilted by 20 degrees.", "OK", codes=[ours], turn=20)
    yield of("pale", "A tenth of the contrast.", "OK", codes=[ours], contrast=0.1)
    yield of("jpeg", "A JPEG.", "OK", codes=[ours], format="JPEG")
    yield of("twice", "The same code twice is one code.", "OK", codes=[ours, ours])
    yield of("stranger-beside", "A stranger's code beside ours is passed over.", "OK", codes=[ours, "HTTPS://LP.EXAMPLE/"])
    yield of("two", "Two different codes of ours.", "SEVERAL_CODES", codes=[ours, other])
    yield of("stranger", "A stranger's code alone.", "NOT_OURS", codes=["HTTPS://LP.EXAMPLE/"])
    yield of("blank", "An empty page.", "NO_CODE", blank=[400, 400])
    yield of("one-pixel", "One pixel.", "NO_CODE", blank=[1, 1])
    yield of("noise", "Noise.", "NO_CODE", noise=1)
    yield of("cut", "A picture that was cut short.", "NO_CODE", codes=[ours], cut=300)
    yield of("no-picture", "A file that is no picture.", "NO_CODE", bytes="Tm90IGEgcGljdHVyZQ==")
    yield of("empty", "An empty file.", "NO_CODE", bytes="")
    yield of("bomb", "A file that claims 400 million pixels.", "TOO_BIG", size=[20_000, 20_000])
    yield of("one-pixel-too-many", "A file that claims 50,000,001 pixels.", "TOO_BIG", size=[50_000_001, 1])


# --- terminal ---------------------------------------------------------------------------------------------------


def terminal() -> Iterator[Case]:
    """The terminal itself cannot judge."""
    for name, description, store, reason in (("never-synced", "No list was ever taken.", "police-never-synced", "TRUST_MISSING"), ("memory-lost", "The memory that forbids going back is gone.", "police-memory-lost", "TRUST_BROKEN")):
        yield Case(f"terminal/{name}", description, store, reason, show(road_check()), stage="terminal", sibling="valid/road-check-cbor")


FAMILIES: Final = (valid, text, envelope_family, sealing, profile, structure, signer, claims, holder, paper, state, freshness, entitlement, picture, terminal)
