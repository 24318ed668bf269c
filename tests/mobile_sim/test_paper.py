"""The card to print: its code reads back, its modules are large enough, its words are there."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageStat

from credentials import envelope, qr_text
from credentials.credential import read
from credentials.driving_licence import AgeOver18
from credentials.envelope import Paper
from credentials.spec import Form
from credentials.views import View
from mobile_sim.errors import NothingToShow, TooDense
from mobile_sim.paper import _LEAST_MODULE, Page, _letters, _lines, draw_page
from mobile_sim.portrait import portrait_within
from mobile_sim.show import paper_code
from tests.qr_codes import texts_of
from tests.sizes import ISSUED_AT, claims_of, envelope_of, proof


def page_of(form, subject, page):
    return draw_page(qr_text.encode(envelope_of(form, subject, paper=True)), claims_of(subject, None), page)


def face() -> bytes:
    picture = Image.linear_gradient("L").resize((400, 500))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return portrait_within(written.getvalue())


@pytest.mark.parametrize("page", list(Page))
@pytest.mark.parametrize("form", list(Form))
def test_paper_code_reads_back_and_has_no_device_key(phone, form, page):
    """Scanned from the printed page, it is the paper credential as received."""
    code, claims = paper_code(phone.wallet, phone.licence, View.PROOF, form, at=ISSUED_AT)
    printed = draw_page(code.text, claims, page)
    with Image.open(io.BytesIO(printed.png)) as picture:
        found = texts_of(picture)
        assert round(float(picture.info["dpi"][0])) in (300, 600)
    assert found == [code.text]
    wrapped = envelope.decode(qr_text.decode(found[0]))
    assert isinstance(wrapped, Paper)
    assert read(form, wrapped.shown.body).decode_claims().device_key is None
    assert printed.module >= _LEAST_MODULE


def test_card_has_the_size_of_a_card():
    """85.6 x 54 mm at 600 dots an inch."""
    with Image.open(io.BytesIO(page_of(Form.CBOR, proof(3), Page.CARD).png)) as picture:
        assert picture.size == (2022, 1276)


def test_portrait_fits_on_card_and_page():
    """450 bytes more: a lower level on the card, the highest on A4, both readable."""
    subject = AgeOver18(age_over_18=True, portrait=face())
    for page in Page:
        printed = page_of(Form.CBOR, subject, page)
        with Image.open(io.BytesIO(printed.png)) as picture:
            assert len(texts_of(picture)) == 1
        assert printed.module >= _LEAST_MODULE


def test_code_too_dense_for_a_card_is_refused_and_a4_takes_it():
    """Modules never fall under 0.4 mm."""
    subject = proof(15, face())
    with pytest.raises(TooDense):
        page_of(Form.JWT, subject, Page.CARD)
    assert page_of(Form.JWT, subject, Page.A4).module >= _LEAST_MODULE


def test_longest_names_stay_on_the_card():
    """150 characters without a space, a portrait, fifteen categories: words shrink, and none runs into the code."""
    longest = replace(proof(15, face()), family_name="W" * 150, given_names="É" * 150)
    code = draw_page(qr_text.encode(envelope_of(Form.CBOR, proof(1), paper=True)), claims_of(longest, None))
    with Image.open(io.BytesIO(code.png)) as picture:
        assert len(texts_of(picture)) == 1
        assert ImageStat.Stat(
            picture.crop((0, picture.height - 12, 700, picture.height)).convert("L")
        ).mean == [255]


def test_words_say_who_until_when_and_never_that_it_is_valid():
    """Name, both ends, the advice, in French and in English."""
    words = " ".join(_lines(claims_of(proof(3), None)))
    for expected in (
        "MARTIN Camille Jeanne",
        "13 mai 2039",
        "13 May 2039",
        "30 avril 2027",
        "30 April 2027",
        "avec une pièce d'identité",
    ):
        assert expected in words
    assert "VALIDE" not in words.upper().replace("VALABLE", "")


def test_accents_are_drawn_above_and_below_their_letters():
    """Letters of French and of its neighbours keep their marks; what has none is shown as itself."""
    assert _letters("Éç") == [("E", "\u0301"), ("c", "\u0327")]
    assert "".join(letter for letter, _ in _letters("Œuvre « ł »")) == "OEuvre « l »"
    assert _letters("語") == [("?", "")]


def test_view_without_paper_form_is_not_there(phone):
    """Nothing of the Vitale card is printed."""
    with pytest.raises(NothingToShow, match="version papier"):
        paper_code(phone.wallet, phone.vitale, View.CARE, Form.CBOR, at=ISSUED_AT)
