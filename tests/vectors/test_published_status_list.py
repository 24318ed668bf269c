"""Token Status List examples, in JSON, CBOR, JWT and CWT, through our own reader and our own signature check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import cbor2
import pytest

from credentials import cbor, sign1, status_list
from credentials.cose_key import from_jwk
from credentials.errors import Malformed, TooLarge
from credentials.spec import ES256
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

FOLDER: Final = Path(__file__).parent / "published/token-status-list"
LISTS: Final = {
    name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("short_1bit", "short_2bit", "long_1bit", "long_4bit")
}


MESSAGE: Final = bytes.fromhex((FOLDER / "status_list_token.cwt.hex").read_text(encoding="ascii").strip())


def _key() -> Any:
    return load_public_key(
        from_jwk(json.loads((FOLDER / "example_public_key.jwk.json").read_text(encoding="utf-8")))
    )


# What our own strict reader does not take in these examples. Our own lists are written and read in deterministic order.
DEVIATIONS: Final = {
    "cbor_status_list_hex": "`bits` before `lst`: a map in another order than RFC 8949, section 4.2.1",
    "status_list_token.cwt": "the key id in the unprotected header, and maps out of order",
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("form", ["json_status_list", "cbor_status_list_hex"])
def test_every_entry(name, form):
    """Each listed index has its value, every other index the rest; width and size agree; both forms say the same."""
    case = LISTS[name]
    embedded = case[form]
    if form in DEVIATIONS:
        with pytest.raises(Malformed):
            cbor.decode(bytes.fromhex(embedded))
        embedded = cbor2.loads(bytes.fromhex(embedded))
    entries = status_list.read_embedded(embedded)
    assert (entries.bits, entries.size) == (case["bits"], case["size"])
    expected = {int(index): value for index, value in case["expected"].items()}
    others = case.get("all_other_indices", 0)
    if entries.size <= 2**17:
        assert [entries.get(index) for index in range(entries.size)] == [
            expected.get(index, others) for index in range(entries.size)
        ]
    else:
        assert {index: entries.get(index) for index in expected} == expected
        rest = entries.with_values(dict.fromkeys(expected, others))
        assert rest == status_list.StatusList.filled(entries.bits, entries.size, others)


@pytest.mark.parametrize("name", LISTS)
def test_packing_gives_the_same_list_again(name):
    """What we pack from the values inflates to the published bytes."""
    case = LISTS[name]
    expected = {int(index): value for index, value in case["expected"].items()}
    packed = status_list.StatusList.filled(case["bits"], case["size"]).with_values(expected)
    assert status_list.inflate(packed.deflate()) == status_list.read_embedded(case["json_status_list"]).packed


def test_jwt():
    """The JWT verifies under the example's key, and its list is that of the first example."""
    text = (FOLDER / "status_list_token.jwt").read_text(encoding="ascii").strip()
    outer = status_list.read_jwt(text)
    assert outer.algorithm == ES256
    verify_signature(_key(), ES256, outer.signature, outer.to_be_signed)
    claims = outer.decode()
    assert (claims.uri, claims.issued_at, claims.ttl) == (
        "https://example.com/statuslists/1",
        1_686_920_170,
        43_200,
    )
    assert claims.entries == status_list.read_embedded(LISTS["short_1bit"]["json_status_list"])
    assert claims.edition == 0


def _cwt(message: bytes) -> tuple[bytes, bytes, bytes]:
    """What is signed, the signature, the payload; read by cbor2, since our own reader refuses it (DEVIATIONS)."""
    with pytest.raises(Malformed):
        status_list.read_cwt(message)
    protected, _, payload, signature = cbor2.loads(message).value
    return sign1.to_be_signed(protected, payload), signature, payload


def test_cwt():
    """The CWT verifies under the example's key, and says the same as the JWT."""
    to_be_signed, signature, payload = _cwt(MESSAGE)
    verify_signature(_key(), ES256, signature, to_be_signed)
    claims = cbor2.loads(payload)
    assert (claims[2], claims[6], claims[65534]) == (
        "https://example.com/statuslists/1",
        1_686_920_170,
        43_200,
    )
    entries = status_list.read_embedded(claims[65533])
    assert entries == status_list.read_embedded(LISTS["short_1bit"]["json_status_list"])


def test_cwt_in_our_own_spelling():
    """The same content, spelt as we spell it, goes through our own reader: order and key id are all that differs."""
    _, _, payload = _cwt(MESSAGE)
    header = sign1.ProtectedHeader(ES256, "application/statuslist+cwt", b"\x12" * 8)
    claims = {key: value for key, value in cbor2.loads(payload).items() if key != 1}
    again = sign1.prepare(header, cbor.encode({**claims, 65533: dict(claims[65533])})).with_signature(
        bytes(64)
    )
    read = status_list.read_cwt(again).decode()
    assert read.entries == status_list.read_embedded(LISTS["short_1bit"]["json_status_list"])


@pytest.mark.parametrize("part", ["payload", "signature"])
def test_an_altered_cwt_is_refused(part):
    """The harness can fail: a flipped bit of payload or signature."""
    to_be_signed, signature, _ = _cwt(MESSAGE)
    if part == "payload":
        to_be_signed = to_be_signed[:-1] + bytes((to_be_signed[-1] ^ 1,))
    else:
        signature = signature[:-1] + bytes((signature[-1] ^ 1,))
    with pytest.raises(SignatureInvalid):
        verify_signature(_key(), ES256, signature, to_be_signed)


def test_a_bitstring_list_is_none_of_ours():
    """W3C's Bitstring Status List is gzip and most significant bit first: refused, never read the wrong way round."""
    import gzip

    packed = gzip.compress(bytes(2_000), mtime=0)
    with pytest.raises(Malformed):
        status_list.read_embedded({"bits": 1, "lst": packed})


def test_t22_a_bomb_is_refused_within_its_bound():
    """512 MiB of zeros behind 521 kB: TooLarge, without holding them."""
    import tracemalloc
    import zlib

    stream = zlib.compressobj(9)
    bomb = b"".join([stream.compress(bytes(1 << 20)) for _ in range(512)] + [stream.flush()])
    tracemalloc.start()
    with pytest.raises(TooLarge):
        status_list.inflate(bomb, at_most=32_768)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
