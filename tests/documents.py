"""Documents drawn by Hypothesis: every field of every view over its whole range, and claims around them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from unicodedata import normalize

from hypothesis import strategies as st

from credentials.claims import Claims, StatusReference
from credentials.driving_licence import (
    CATEGORY_NUMBERS,
    AgeOver18,
    DrivingPrivilege,
    ListEntry,
    PointsBalance,
    Proof,
    RoadCheck,
)
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import LIST_SIZE
from credentials.views import VIEW_BY_SUBJECT, Subject
from credentials.vitale_card import Care, RightsPeriod
from tests.simulated_keys import PHONES, phone_key, point_of

FIRST: Final = date(1900, 1, 1)
LAST: Final = date(2199, 12, 31)
POINTS: Final = tuple(point_of(phone_key(number)) for number in range(len(PHONES)))


def restriction_of(number: int) -> str:
    """A restriction code for each number: two or three digits, up to two parts, perhaps a date."""
    digits, number = f"{number % 100:02}" if number % 2 else f"{number % 1_000:03}", number // 1_000
    parts = ["", f".{number % 100:02}", f".{number % 100:02}.{number % 7}A"][number % 3]
    return digits + parts + ("(01.02.2026)" if number % 11 == 0 else "")


def portrait_of(webp: bool, size: int) -> bytes:
    """Bytes that begin like a picture of either format."""
    return (b"RIFF\x00\x00\x00\x00WEBP" if webp else b"\x00\x00\x00\x20ftypavif") + bytes(size)


days = st.dates(FIRST, LAST)
# Any character that text may hold; surrogates are no text.
names = (
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
    .flatmap(lambda text: st.sampled_from([text, (text * 150)[:150]]))
    .map(lambda text: normalize("NFC", text))
    .filter(lambda text: 0 < len(text) <= 150)
)
instants = st.integers(0, (1 << 40) - 1)
restrictions = st.integers(0, 10**7).map(restriction_of)
portraits = st.none() | st.tuples(st.booleans(), st.integers(0, 580)).map(lambda one: portrait_of(*one))


@st.composite
def birth_dates(draw: st.DrawFn, before: int = 2199) -> BirthDate:
    """Complete, without day, or without day and month."""
    day = draw(st.dates(date(1850, 1, 1), date(before, 12, 31)))
    return draw(st.sampled_from([BirthDate.of(day), BirthDate(day.year, day.month), BirthDate(day.year)]))


@st.composite
def privileges(draw: st.DrawFn) -> tuple[DrivingPrivilege, ...]:
    """One to fifteen categories, none twice."""
    codes = draw(st.lists(st.sampled_from(list(CATEGORY_NUMBERS)), min_size=1, max_size=15, unique=True))
    most = 12 if len(codes) <= 8 else 6
    return tuple(_privilege(draw, code, most) for code in codes)


def _privilege(draw: st.DrawFn, code: str, most: int) -> DrivingPrivilege:
    start = draw(days)
    end = draw(st.one_of(st.none(), st.dates(start, LAST)))
    return DrivingPrivilege(code, start, end, tuple(draw(st.lists(restrictions, max_size=most, unique=True))))


@st.composite
def road_checks(draw: st.DrawFn, issued_at: int) -> RoadCheck:
    """What the police read."""
    issued = draw(days)
    points = st.builds(PointsBalance, st.integers(0, 12), st.integers(0, issued_at))
    entries = st.builds(ListEntry, st.integers(1, 999_999), st.integers(0, LIST_SIZE - 1))
    return RoadCheck(
        draw(names), draw(names), draw(birth_dates(issued.year)),
        draw(st.from_regex(r"[0-9A-Z][0-9A-Z -]{0,19}", fullmatch=True)),
        draw(st.from_regex(r"[0-9A-Z]{5,19}", fullmatch=True)),
        issued, draw(st.dates(issued, LAST)), draw(privileges()),
        draw(st.none() | points), draw(st.none() | entries), draw(st.none() | days), draw(portraits),
    )  # fmt: skip


@st.composite
def proofs(draw: st.DrawFn) -> Proof:
    """What anybody reads."""
    expiry = draw(days)
    return Proof(
        draw(names), draw(names), draw(birth_dates(expiry.year)), draw(privileges()), expiry, draw(portraits)
    )


def nir_of(number: int) -> Nir:
    """A NIR for each number: year, month, place and order from its digits."""
    year, month, department, place, order = (
        number % 100, number // 100 % 12 + 1, number // 1_200 % 95 + 1, number // 114_000 % 990 + 1,
        number // 112_860_000 % 999 + 1,
    )  # fmt: skip
    text = f"{1 + number % 2}{year:02}{month:02}{department:02}{place:03}{order:03}"
    return Nir.parse(text + f"{97 - int(text) % 97:02}")


nirs = st.integers(0, 10**11).map(nir_of)


@st.composite
def rights(draw: st.DrawFn) -> tuple[RightsPeriod, ...]:
    """One to twelve periods in order and apart, the last perhaps open."""
    edges = sorted(draw(st.lists(days, min_size=2, max_size=24, unique=True)))
    periods = [
        RightsPeriod(start, end - timedelta(days=1))
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    ]
    if draw(st.booleans()):
        periods[-1] = RightsPeriod(periods[-1].start)
    return tuple(periods)


@st.composite
def cares(draw: st.DrawFn, issued_at: int) -> Care:
    """What health professionals read."""
    insured, beneficiary = draw(nirs), draw(st.none() | nirs)
    return Care(
        draw(names), draw(names), draw(birth_dates()), insured, None if beneficiary == insured else beneficiary,
        draw(st.from_regex(r"[0-9]{2}", fullmatch=True)), draw(st.from_regex(r"[0-9]{3}", fullmatch=True)),
        draw(st.from_regex(r"[0-9]{4}", fullmatch=True)), draw(rights()), draw(st.integers(0, issued_at)),
        draw(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z ._-]{0,39}", fullmatch=True)), draw(st.booleans()), draw(st.booleans()),
    )  # fmt: skip


@st.composite
def claims(draw: st.DrawFn) -> Claims:
    """Claims of any view, on a phone or on paper."""
    issued_at = draw(st.integers(0, (1 << 40) - 3))
    subject: Subject = draw(
        st.one_of(
            road_checks(issued_at), proofs(), st.builds(AgeOver18, st.booleans(), portraits), cares(issued_at)
        )
    )
    not_before = draw(st.none() | st.integers(issued_at, (1 << 40) - 2))
    start = issued_at if not_before is None else not_before
    expires_at = draw(st.integers(start + 1, (1 << 40) - 1))
    spec = VIEW_BY_SUBJECT[type(subject)]
    bare = isinstance(subject, AgeOver18) and subject.portrait is None
    keys = st.sampled_from(POINTS)
    device_key = draw(st.none() | keys) if spec.paper and not bare else draw(keys)
    uri = draw(st.from_regex(r"[!-~]{1,200}", fullmatch=True))
    reference = StatusReference(uri, draw(st.integers(0, (1 << 32) - 1)))
    return Claims(spec.view, issued_at, expires_at, device_key, reference, subject, not_before)
