"""What an offer's text may say, and what it may not."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from credentials.spec import DocumentType, Domain
from mobile_sim.errors import OfferRefused
from mobile_sim.offer import Configuration, parse_offer, parse_text

PIN = "ab" * 32
GRANT = {"urn:ietf:params:oauth:grant-type:pre-authorized_code": {"pre-authorized_code": "secret-code"}}
OFFER = {
    "credential_issuer": "https://lp.example",
    "credential_configuration_ids": ["driving_licence.proof.cbor", "driving_licence.proof.jwt.paper"],
    "grants": GRANT,
}


def text(offer=OFFER, pins=f"&lp_root_licence={PIN}"):
    return f"openid-credential-offer://?credential_offer={quote(json.dumps(offer))}{pins}"


def test_offer_names_service_document_and_configurations():
    """And the root that is pinned for its domain."""
    given = parse_text(text())
    offer = parse_offer(given.offer)
    assert given.roots == {Domain.LICENCE: PIN}
    assert (offer.issuer, offer.document_type, offer.code) == (
        "https://lp.example",
        DocumentType.DRIVING_LICENCE,
        "secret-code",
    )
    assert [one.name for one in offer.configurations] == OFFER["credential_configuration_ids"]
    assert not offer.wants_tx_code


@pytest.mark.parametrize(
    "name",
    ["driving_licence.road_check.cbor", "vitale_card.care.jwt", "driving_licence.age_over_18.jwt.paper"],
)
def test_configuration_reads_back(name):
    """The id is the inverse of its parts."""
    assert Configuration.parse(name).name == name


@pytest.mark.parametrize(
    "name",
    ["", "driving_licence", "driving_licence.care.cbor", "vitale_card.care.cbor.paper", "driving_licence.proof.xml",
     "driving_licence.proof.cbor.paper.paper", "driving_licence.proof.cbor.papier", "a.b.c", "driving_licence.PROOF.cbor"],
)  # fmt: skip
def test_unknown_configuration_is_passed_over(name):
    """Not an error: a newer service may issue what this phone does not know."""
    assert Configuration.parse(name) is None
    known = parse_offer(
        json.dumps({**OFFER, "credential_configuration_ids": [name, "driving_licence.proof.cbor"]})
    )
    assert len(known.configurations) == 1


@pytest.mark.parametrize(
    "given",
    [
        "", "LP1:ABC", "https://lp.example/offer", "openid-credential-offer:", "openid-credential-offer://",
        "openid-credential-offer://?", "openid-credential-offer://[", "openid-credential-offer://?a",
        text(pins=""), text(pins="&lp_root_licence=AB"), text(pins=f"&lp_root_licence={PIN.upper()}"),
        text(pins=f"&lp_root_licence={PIN}&lp_root_licence={PIN}"), text() + "&credential_offer=x",
        text() + "&credential_offer_uri=https://lp.example/1", text() + "&x=" * 20, text() + "a" * 9_000,
    ],
)  # fmt: skip
def test_text_that_is_no_offer_is_refused_in_words(given):
    """One sentence; the text, which holds a secret code, is not repeated."""
    with pytest.raises(OfferRefused) as refused:
        parse_text(given)
    assert "secret-code" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"credential_issuer": 5}, {"credential_configuration_ids": "x"}, {"grants": {}}, {"grants": {"authorization_code": {}}},
        {"grants": {next(iter(GRANT)): {}}}, {"grants": {next(iter(GRANT)): {"pre-authorized_code": 5}}},
        {"credential_configuration_ids": []}, {"credential_configuration_ids": ["a.b.c", 5, None]},
        {"credential_configuration_ids": ["driving_licence.proof.cbor", "vitale_card.care.cbor"]},
    ],
)  # fmt: skip
def test_offer_of_another_shape_is_refused_in_words(change):
    """Two documents in one offer included: each has its own."""
    with pytest.raises(OfferRefused) as refused:
        parse_offer(json.dumps({**OFFER, **change}))
    assert "secret-code" not in str(refused.value)


def test_repr_does_not_show_the_code():
    """A traceback must not give the code away."""
    assert "secret-code" not in repr(parse_offer(json.dumps(OFFER)))
