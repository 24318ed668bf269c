"""How large the codes are: envelope bytes and QR versions of both documents, all views, both forms.

`python -m tests.sizes` prints the table of credentials/FORMAT.md. Every number comes from codes that are really signed
and sealed; sizes depend on neither the keys nor the nonces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from credentials import credential, envelope, qr_text
from credentials.claims import Claims, StatusReference
from credentials.cose_key import X25519Key
from credentials.driving_licence import (
    CATEGORY_NUMBERS,
    AgeOver18,
    DrivingPrivilege,
    ListEntry,
    PointsBalance,
    Proof,
    RoadCheck,
)
from credentials.envelope import Envelope, Paper, Presentation, Shown
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import ES256, Form
from credentials.stages import EnvelopeBytes
from credentials.views import VIEW_BY_SUBJECT, VIEW_SPECS, Subject
from credentials.vitale_card import Care, RightsPeriod
from mobile_sim.device_key import DeviceKey
from mobile_sim.present import present
from mobile_sim.qr_image import CEILING, Level, version_at
from mobile_sim.seal import seal

ISSUED_AT = 1_793_527_200  # 2026-11-01T10:00:00Z
PHONE_LIFE, PAPER_LIFE = 14 * 86_400, 180 * 86_400
BASE = "https://lp.example"
PORTRAIT = b"RIFF" + (442).to_bytes(4, "little") + b"WEBPVP8 " + bytes(434)  # 450 bytes, the shape of a WebP
HEADER = "| Code | Form | Envelope bytes | Version at L | Version at M |"

_KEY = DeviceKey.make()
_READER = X25519Key(bytes(range(1, 33)))
_ORDER = ("B", "A", "BE", "AM", "A1", "A2", "B1", "C", "CE", "D", "C1", "C1E", "D1", "D1E", "DE")


@dataclass(frozen=True, slots=True)
class Size:
    """One row of the table. Versions are None above the ceiling of 30 at L, or above 40 at M."""

    what: str
    form: Form
    envelope_bytes: int
    version_l: int | None
    version_m: int | None


def categories(count: int) -> tuple[DrivingPrivilege, ...]:
    """The first `count` categories that people have, heavy ones with an end, two with restriction codes."""
    return tuple(
        sorted((_privilege(code) for code in _ORDER[:count]), key=lambda one: CATEGORY_NUMBERS[one.code])
    )


def _privilege(code: str) -> DrivingPrivilege:
    heavy = code[0] in "CD"
    restrictions = {"B": ("01.06",), "C": ("01.06", "95(14.05.2029)")}.get(code, ())
    return DrivingPrivilege(code, date(2014, 6, 20), date(2029, 5, 14) if heavy else None, restrictions)


def road_check(count: int, portrait: bytes | None = None) -> RoadCheck:
    """A licence as the police read it; fictitious."""
    return RoadCheck(
        family_name="MARTIN",
        given_names="Camille Jeanne",
        birth_date=BirthDate(1991, 4, 3),
        licence_number="26AB12345",
        neph="140675100123",
        issue_date=date(2024, 5, 14),
        expiry_date=date(2039, 5, 13),
        categories=categories(count),
        points=PointsBalance(12, ISSUED_AT),
        points_entry=ListEntry(1, 104_729),
        portrait=portrait,
    )


def proof(count: int, portrait: bytes | None = None) -> Proof:
    """The same licence as anybody may be shown it."""
    full = road_check(count)
    return Proof(
        full.family_name, full.given_names, full.birth_date, full.categories, full.expiry_date, portrait
    )


def care() -> Care:
    """A Vitale card of a child: the beneficiary's number differs from the insured person's; fictitious."""
    return Care(
        family_name="MARTIN",
        given_names="Léa Camille",
        birth_date=BirthDate(2019, 2, 11),
        insured_nir=Nir.parse(_nir("29104751234")),
        beneficiary_nir=Nir.parse(_nir("21902751234")),
        scheme="01",
        fund="751",
        centre="0123",
        rights=(RightsPeriod(date(2024, 1, 1), date(2026, 12, 31)),),
        rights_as_of=ISSUED_AT,
        rights_source="demo",
        exemption_ald=False,
        exemption_c2s=True,
    )


def _nir(eleven: str) -> str:
    body = eleven + "99"
    return f"{body}{97 - int(body) % 97:02}"


def claims_of(subject: Subject, device_key: bytes | None, *, index: int = 104_729) -> Claims:
    """Signed claims around `subject`; without a device key, those of its paper form."""
    spec = VIEW_BY_SUBJECT[type(subject)]
    life = PAPER_LIFE if device_key is None else PHONE_LIFE
    letter = "h" if spec.document_type == "vitale_card" else "l"
    status = StatusReference(f"{BASE}/s/{letter}/1", index)
    return Claims(spec.view, ISSUED_AT, ISSUED_AT + life, device_key, status, subject)


def signed(form: Form, claims: Claims, issuer: DeviceKey = _KEY) -> bytes:
    """A credential signed by `issuer`."""
    unsigned = credential.prepare(form, claims, algorithm=ES256, key_id=b"issuer01")
    return unsigned.with_signature(issuer.sign(unsigned.to_be_signed))


def envelope_of(form: Form, subject: Subject, *, paper: bool = False) -> EnvelopeBytes:
    """The envelope that a phone shows, or a card bears."""
    spec = VIEW_BY_SUBJECT[type(subject)]
    content = signed(form, claims_of(subject, None if paper else _KEY.compressed))
    if paper:
        return envelope.encode(Paper(Shown(form, spec.view, content)))
    shown = present(form, spec.view, content, _KEY.sign, at=ISSUED_AT, audience=spec.audience)
    wrapped: Envelope = (
        seal(shown, _READER, spec.audience) if VIEW_SPECS[spec.view].sealed else Presentation(shown)
    )
    return envelope.encode(wrapped)


def size_of(what: str, form: Form, subject: Subject, *, paper: bool = False) -> Size:
    """Measure one code."""
    content = envelope_of(form, subject, paper=paper)
    text = qr_text.encode(content)
    return Size(what, form, len(content), version_at(text, Level.L, CEILING), version_at(text, Level.M))


def sizes() -> Iterator[Size]:
    """Every row of the table."""
    long_names = replace(
        road_check(10), family_name="MARTIN-DE LA ROCHEFOUCAULD", given_names="Camille Jeanne Élisabeth"
    )
    for form in Form:
        for count in (1, 3, 10):
            yield size_of(f"road_check, {_counted(count)}", form, road_check(count))
        yield size_of("road_check, 10 categories, long names", form, long_names)
        yield size_of("road_check, 3 categories, portrait", form, road_check(3, PORTRAIT))
        yield size_of("care", form, care())
        for count in (1, 3, 10):
            yield size_of(f"proof, {_counted(count)}", form, proof(count))
        yield size_of("proof, 3 categories, portrait", form, proof(3, PORTRAIT))
        yield size_of("age_over_18", form, AgeOver18(age_over_18=True))
        yield size_of("age_over_18, portrait", form, AgeOver18(age_over_18=True, portrait=PORTRAIT))
        for count in (1, 3, 10):
            yield size_of(f"proof, {_counted(count)}, paper", form, proof(count), paper=True)
        yield size_of("proof, 3 categories, portrait, paper", form, proof(3, PORTRAIT), paper=True)
        yield size_of(
            "age_over_18, portrait, paper", form, AgeOver18(age_over_18=True, portrait=PORTRAIT), paper=True
        )


def _counted(count: int) -> str:
    return "1 category" if count == 1 else f"{count} categories"


def table() -> str:
    """The table in Markdown, as it stands in FORMAT.md."""
    lines = [HEADER, "|---|---|---|---|---|"]
    for row in sizes():
        low, middle = row.version_l or "none", row.version_m or "none"
        lines.append(f"| {row.what} | {row.form.name} | {row.envelope_bytes} | {low} | {middle} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
