"""EU Digital COVID Certificate test data, read by interop/readers/hc1.py: our Base45, COSE frame and ES256, our camera.

All of common/ and FR/, raw and PNG; results agree with EXPECTEDRESULTS, at the clock of each file's TESTCTX.
"""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from interop.readers import hc1
from verifier.camera import read_image
from verifier.errors import PictureError

FOLDER: Final = Path(__file__).parent / "published/eu-dcc"
CASES: Final = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted([*FOLDER.glob("common/*.json"), *FOLDER.glob("FR/raw/*.json")])
}
PNGS: Final = {path.stem: path for path in sorted(FOLDER.glob("FR/png/*.png"))}
# Steps in the order in which the reader takes them; what a file does not name it does not test.
STEPS: Final = (
    "EXPECTEDUNPREFIX", "EXPECTEDB45DECODE", "EXPECTEDCOMPRESSION", "EXPECTEDDECODE", "EXPECTEDVERIFY",
    "EXPECTEDEXPIRATIONCHECK", "EXPECTEDSCHEMAVALIDATION", "EXPECTEDKEYUSAGE",
)  # fmt: skip
# What our own strict reader does not take in certificates that are VALID, each with its reason. All of it is refused in
# our own codes, where a second spelling of the same content would be one too many.
DEVIATIONS: Final = {
    "CO1": "PS256: a signature of 256 bytes",
    "CO12": "protected header out of order",
    "CO15": "protected header out of order",
    "CO18": "protected header out of order",
    "CO20": "algorithm and key id in the unprotected header",
    "CO28": "the tag of a CWT around the message",
    "CO3": "protected header out of order",
    "DGC3": "protected header out of order",
    "DGC5": "protected header out of order",
    "Q1": "protected header out of order; its picture is what is broken",
    "vaccin_ok": "protected header out of order",
    **{f"DCC_Test_{number}": "claims out of order" for number in ("0001", "0003", "0005", "0007", "0011", "0013", "0015", "0017")},
}  # fmt: skip


def _at(case: dict[str, Any]) -> datetime | None:
    """The file's clock; None where it does not test windows (vaccin_ok's clock lies a day before its issue)."""
    told = case["EXPECTEDRESULTS"]
    if "EXPECTEDEXPIRATIONCHECK" not in told and told.get("EXPECTEDVALIDOBJECT"):
        return None
    return datetime.fromisoformat(case["TESTCTX"]["VALIDATIONCLOCK"])


def _read(case: dict[str, Any], text: str | None = None) -> hc1.Reading:
    signer = b64decode(case["TESTCTX"]["CERTIFICATE"])
    return hc1.read(case["PREFIX"] if text is None else text, signer, _at(case))


def _failed(case: dict[str, Any]) -> str | None:
    """The step at which the reader refuses, None when it does not."""
    try:
        _read(case)
    except hc1.Refused as refused:
        return refused.step
    return None


def test_the_set_is_whole():
    """22 files of common/, 18 raw and 18 pictures of FR/."""
    assert (len(CASES), len(PNGS)) == (40, 18)


@pytest.mark.parametrize("name", CASES)
def test_results_agree(name):
    """The reader gets past every step that must succeed, and refuses at the one that must fail."""
    case = CASES[name]
    expected = {step: value for step, value in case["EXPECTEDRESULTS"].items() if step in STEPS}
    must_fail = [step for step in STEPS if expected.get(step) is False]
    failed = _failed(case)
    if must_fail:
        assert failed == must_fail[0]
        return
    assert failed is None
    if "JSON" in case and expected.get("EXPECTEDVALIDJSON", True):
        certificate = json.loads(json.dumps(_read(case).certificate, default=str))
        told = json.loads(case["JSON"]) if isinstance(case["JSON"], str) else case["JSON"]
        assert certificate["nam"] == told["nam"]
        assert certificate["dob"] == told["dob"]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if "BASE45" in case and case["EXPECTEDRESULTS"].get("EXPECTEDB45DECODE", True)
    ],
)
def test_each_stage(name):
    """Base45 and zlib give the bytes that the file holds at that stage."""
    case = CASES[name]
    compressed = hc1.decode(case["BASE45"])
    if "COMPRESSED" in case:
        assert compressed == bytes.fromhex(case["COMPRESSED"])
    if "COSE" in case:
        assert hc1.decompress(compressed) == bytes.fromhex(case["COSE"])


def _raw_of(picture: str) -> str:
    return picture if picture in CASES else f"{picture}_Raw"


@pytest.mark.parametrize("name", PNGS)
def test_picture_is_read_by_our_camera(name):
    """Each PNG of FR/ gives the text of its raw file, and what it holds verifies."""
    case = CASES[_raw_of(name)]
    text = read_image(PNGS[name])
    assert text == case["PREFIX"]
    assert _read(case, text).certificate["nam"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "2DCODE" in case])
def test_embedded_picture(name):
    """The picture inside a raw file: read where it must be, no text where it is broken on purpose."""
    case = CASES[name]
    picture = b64decode(case["2DCODE"])
    if case["EXPECTEDRESULTS"].get("EXPECTEDPICTUREDECODE", True):
        assert read_image(picture) == case["PREFIX"]
    else:
        with pytest.raises(PictureError):
            read_image(picture)


def test_deviations():
    """Nine of the French ones pass our own strict reader whole; the other valid ones do not, each for its reason."""
    valid = [name for name in CASES if _failed(CASES[name]) is None]
    assert {name for name in valid if not _read(CASES[name]).strict} == set(DEVIATIONS)
    assert len(valid) - len(DEVIATIONS) == 9


@pytest.mark.parametrize("name", ["CO3", "DCC_Test_0001"])
def test_an_altered_certificate_is_refused(name):
    """The harness can fail: one byte of the payload changed under the same signature is refused at EXPECTEDVERIFY."""
    import zlib

    from credentials import base45

    message = hc1.decompress(hc1.decode(hc1.unprefix(CASES[name]["PREFIX"])))
    place = message.index(b"dob") + 6
    altered = message[:place] + bytes((message[place] ^ 1,)) + message[place + 1 :]
    text = "HC1:" + base45.encode(zlib.compress(altered))
    with pytest.raises(hc1.Refused) as refused:
        _read(CASES[name], text)
    assert refused.value.step == "EXPECTEDVERIFY"
