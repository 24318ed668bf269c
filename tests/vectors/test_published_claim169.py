"""MOSIP Claim 169 codes, read by interop/readers/claim169.py: our Base45, our CBOR gate, our signature check."""

from __future__ import annotations

import json
from base64 import b64decode
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from credentials import cbor
from credentials.errors import CredentialFormatError
from interop.readers import claim169
from tests.simulated_authority import INSTANT, SimulatedAuthority, moment
from verifier.reasons import Reason
from verifier.signatures import SignatureInvalid
from verifier.verify import Verifier

FOLDER = Path(__file__).parent / "published/claim-169"
CASES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/*.json"))}
# What our own gate does not take, and why.
DEVIATIONS = {"encrypted-aes256": "tag 16, COSE_Encrypt0, is in no format of ours"}
# Where the file's expectation is not what its code holds: one picture is left out, the other was passed through text, which
# made `ff fd fe e0` of the `ff d8 ff e0` that every JPEG begins with. Both pictures are compared by their beginning.


def _read(case: dict[str, Any]) -> claim169.Reading:
    signing, opening = case.get("signing_key"), case.get("encryption_key")
    return claim169.read(
        case["qr_data"],
        public_key=bytes.fromhex(signing["public_key_hex"]) if signing else None,
        secret=bytes.fromhex(opening["symmetric_key_hex"]) if opening else None,
    )


def test_the_set_is_whole():
    """Nine files: six good, one past its end, two bad."""
    assert len(CASES) == 9


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "expected_claim169" in case])
def test_read_as_expected(name):
    """Claims and registered claims are those of the file; where it publishes a key, the signature verifies."""
    case, reading = CASES[name], _read(CASES[name])
    assert dict(reading.meta) == case["expected_cwt_meta"]
    found, expected = reading.named(), deepcopy(case["expected_claim169"])
    for one, told in zip(found.get("face", ()), expected.get("face", ()), strict=True):
        assert b64decode(one.pop("data"))[:4] in {b"RIFF", b"\xff\xd8\xff\xe0"}
        told.pop("data", None)
    assert found == expected
    assert reading.signed is (True if "signing_key" in case else None)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "expected_error" in case])
def test_refused_as_expected(name):
    """The step that must fail does."""
    with pytest.raises(claim169.Refused, match=CASES[name]["expected_error"]):
        _read(CASES[name])


def test_deviations():
    """Our strict gate takes every other one: these codes are deterministic CBOR."""
    loose = {name for name, case in CASES.items() if "expected_error" not in case and not _read(case).strict}
    assert loose == set(DEVIATIONS)


def test_expired_at_our_instant():
    """The one past its end is: our instant lies after its `exp`."""
    assert _read(CASES["expired"]).meta["expiresAt"] < INSTANT


def test_another_key_or_an_altered_payload_is_refused():
    """The signature check of the set's signed file can fail."""
    case = CASES["ed25519-signed"]
    with pytest.raises(SignatureInvalid):
        claim169.read(
            case["qr_data"],
            public_key=bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
        )


@pytest.mark.parametrize("name", CASES)
def test_our_terminal_calls_it_another_code(name):
    """A terminal of ours answers NOT_OURS to every one of them, and never reads them as a document."""
    from credentials.spec import Audience

    verifier = Verifier(SimulatedAuthority().snapshot(Audience.ANYONE))
    assert verifier.verify(CASES[name]["qr_data"], at=moment(INSTANT)).reason is Reason.NOT_OURS
    verdict = verifier.verify("LP1:" + CASES[name]["qr_data"], at=moment(INSTANT))
    assert verdict.outcome == "UNREADABLE"


def test_our_gate_refuses_what_it_should():
    """The gate behind `strict` is the product's."""
    with pytest.raises(CredentialFormatError):
        cbor.decode(b"\xd0\x80")
