"""Facts of fictitious verifications, one per view, from which tests compose every verdict."""

from __future__ import annotations

from datetime import date
from typing import Final

from credentials.driving_licence import (
    AgeOver18,
    DrivingPrivilege,
    ListEntry,
    PointsBalance,
    Proof,
    RoadCheck,
)
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import Audience, Form
from credentials.views import View
from credentials.vitale_card import Care, RightsPeriod
from verifier.profile import PROFILES
from verifier.reasons import NoticeCode, Reason, Stage
from verifier.verdict import (
    Answer,
    DocumentShown,
    Entitlement,
    Facts,
    HolderProof,
    ListEdition,
    ListsUsed,
    Params,
    PointsShown,
    SignerShown,
    Source,
    StatusFound,
    StatusWord,
)

AT: Final = 1_795_338_845  # 2026-11-22T09:14:05Z, the instant of the example in verdicts.md
NINE_DAYS: Final = 777_600
POINTS_AS_OF: Final = 1_794_459_600  # 2026-11-12T05:00:00Z
INSURED: Final = Nir.parse("269054958815780")  # the specimen printed on public samples
CHILD: Final = Nir.parse("219097511635444")
PORTRAIT: Final = b"RIFF\x04\x00\x00\x00WEBP"

BORN: Final = BirthDate(1990, 3, 14)
B: Final = DrivingPrivilege("B", date(2010, 6, 2), None, ("01.06",))
C: Final = DrivingPrivilege("C", date(2012, 6, 2), date(2027, 6, 2))

ROAD_CHECK: Final = RoadCheck(
    family_name="MARTIN",
    given_names="Camille Élise",
    birth_date=BORN,
    licence_number="12AB34567",
    neph="210692106990",
    issue_date=date(2021, 6, 2),
    expiry_date=date(2036, 6, 2),
    categories=(B,),
    points=PointsBalance(10, POINTS_AS_OF - 86_400),
    points_entry=ListEntry(7, 31_337),
)
PROOF: Final = Proof("MARTIN", "Camille Élise", BORN, (B, C), date(2036, 6, 2), PORTRAIT)
AGE: Final = AgeOver18(age_over_18=True, portrait=PORTRAIT)
CARE: Final = Care(
    family_name="MARTIN",
    given_names="Léa",
    birth_date=BirthDate(2019, 9),
    insured_nir=INSURED,
    beneficiary_nir=CHILD,
    scheme="01",
    fund="131",
    centre="0001",
    rights=(RightsPeriod(date(2026, 1, 1), date(2026, 12, 31)),),
    rights_as_of=POINTS_AS_OF,
    rights_source="SNGI",
    exemption_ald=True,
    exemption_c2s=False,
)
SUBJECTS: Final = {View.ROAD_CHECK: ROAD_CHECK, View.PROOF: PROOF, View.AGE_OVER_18: AGE, View.CARE: CARE}
SIGNER: Final = SignerShown(bytes.fromhex("5f1c0a9be27d4413"), "Autorité de démonstration, permis")
NINE_DAYS_OLD: Final = ListsUsed(
    ListEdition(41, AT - NINE_DAYS), ListEdition(1182, AT - NINE_DAYS), ListEdition(377, AT - NINE_DAYS)
)
# Every profile with every view it reads.
READINGS: Final = tuple((profile.id, view) for profile in PROFILES.values() for view in sorted(profile.views))

# One value for each parameter that a reason or notice takes.
SPECIMEN_PARAMS: Final[dict[str, int | str | date]] = {
    "age": NINE_DAYS,
    "attested": 10,
    "category": "B",
    "date": date(2026, 11, 12),
    "document": "driving_licence",
    "listed": 8,
    "outcome": "CHECK",
    "restriction": "123.45",
    "source": Source.LIST,
}


def params_of(code: Reason | NoticeCode) -> Params:
    """A full set of parameters for the sentence of this code."""
    return {name: SPECIMEN_PARAMS[name] for name in code.params}


def facts_of(audience: Audience, view: View, *, test: bool = False) -> Facts:
    """A verification that learnt everything there is to learn, whatever the profile may then see."""
    facts = Facts(AT, PROFILES[audience], "default-1", test=test, lists=NINE_DAYS_OLD)
    facts.stage = Stage.ENTITLEMENT
    facts.document = DocumentShown.of(view, Form.CBOR, paper=False)
    facts.signer = SIGNER
    facts.claims = SUBJECTS[view]
    facts.holder_proof = HolderProof.DEVICE
    facts.shown_at = AT - 14
    facts.status = StatusFound(StatusWord.VALID)
    facts.points = PointsShown(8, POINTS_AS_OF, Source.LIST, 10)
    facts.entitlement = Entitlement(Answer.NOT_ASKED, as_of=POINTS_AS_OF)
    return facts


def facts_with_every_notice(audience: Audience, view: View) -> Facts:
    """The same, with every notice of the catalogue, in the wrong order."""
    facts = facts_of(audience, view)
    for code in reversed(NoticeCode):
        if code is not NoticeCode.TEST_MODE:
            facts.notice(code, **params_of(code))
    return facts
