"""Verdicts as terminal text: panel, one line, plain lines, and pure ASCII where the output cannot say é."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from credentials.person import BirthDate
from credentials.spec import Audience
from credentials.views import View
from tests.verdict_specimens import (
    AT,
    CARE,
    CHILD,
    INSURED,
    READINGS,
    ROAD_CHECK,
    facts_of,
    facts_with_every_notice,
    params_of,
)
from verifier.plain import ascii_text, mark, one_line, panel, plain
from verifier.reasons import NoticeCode, Outcome, Reason
from verifier.verdict import Answer, Entitlement, StatusFound, StatusWord, compose, conclude

RENDERINGS = (panel, plain, one_line)


def test_panel_of_a_valid_road_check():
    """Word and sentence, then one labelled line for each fact, then what to do."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.notice(NoticeCode.NO_PORTRAIT)
    assert panel(conclude(facts)).splitlines() == [
        "VALIDE  Titre authentique, non révoqué.",
        "  Titulaire     MARTIN Camille Élise, 14/03/1990",
        "  Catégories    B (01.06)",
        "  Fin du titre  02/06/2036",
        "  Permis n°     12AB34567",
        "  NEPH          210692106990",
        "  Points        8/12 au 12/11/2026",
        "  Titre         permis de conduire",
        "  Listes        13/11/2026 10:14 (il y a 9 jours)",
        "  Avis          Pas de photo dans ce code.",
        "  À faire       Comparez avec une pièce d'identité.",
    ]


def test_panel_of_a_refusal_names_its_code_and_nobody():
    """The code stands beside the word; only what to do and the age of the lists follow."""
    verdict = compose(facts_of(Audience.ANYONE, View.PROOF), Reason.SIG_INVALID)
    assert panel(verdict, "en").splitlines() == [
        "REFUSED  SIG_INVALID  Altered, or not official.",
        "  Lists         13/11/2026 10:14 (9 days ago)",
        "  To do         Suspect a forgery.",
    ]


def test_plain_has_the_word_alone_then_labelled_lines():
    """For a screen reader or a Braille line: no frame, no symbol, one `label : value` a line."""
    facts = facts_of(Audience.HEALTH, View.CARE)
    facts.entitlement = Entitlement(Answer.YES, "rights", (), CARE.rights_as_of)
    first, *rest = plain(conclude(facts)).splitlines()
    assert first == "VALIDE"
    assert all(line.count("\u00a0: ") == 1 for line in rest)
    assert rest[:2] == ["Motif\u00a0: OK", "Phrase\u00a0: Titre authentique, non révoqué."]
    assert "Titulaire\u00a0: MARTIN Léa, 09/2019" in rest
    assert "Droits\u00a0: ouverts jusqu'au 31/12/2026, connus au 12/11/2026" in rest
    assert "Régime\u00a0: 01-131-0001" in rest
    assert "Exonération\u00a0: ALD" in rest
    assert "NIR assuré\u00a0: 2 69 05 •• ••• ••• ••" in rest


@pytest.mark.parametrize("outcome", Outcome)
def test_ascii_puts_a_mark_before_the_word(outcome):
    """Without UTF-8 the outcome is told by word and mark, in bytes that any terminal takes."""
    marks = {"VALID": "[OK]", "CHECK": "[!]", "REFUSED": "[X]", "UNREADABLE": "[?]"}
    words = {"VALID": "VALIDE", "CHECK": "A VERIFIER", "REFUSED": "REFUSE", "UNREADABLE": "ILLISIBLE"}
    reason = next(one for one in Reason if one.outcome is outcome)
    verdict = compose(facts_of(Audience.POLICE, View.ROAD_CHECK), reason, params_of(reason))
    for rendering in RENDERINGS:
        text = rendering(verdict, ascii_only=True)
        assert text.isascii()
        assert text.startswith(f"{marks[outcome]} {words[outcome]}")
    assert mark(outcome) == marks[outcome]


@pytest.mark.parametrize(("audience", "view"), READINGS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_verdict_can_be_written(audience, view, language):
    """Each reason with every notice: one line stays one, no placeholder, no number, no person where none may be."""
    for reason in Reason:
        verdict = compose(facts_with_every_notice(audience, view), reason, params_of(reason))
        for rendering in RENDERINGS:
            for ascii_only in (False, True):
                text = rendering(verdict, language, ascii_only=ascii_only)
                assert "{" not in text, reason
                assert INSURED.value not in text
                assert CHILD.value not in text
                if not hasattr(verdict, "claims") and not getattr(verdict, "names", None):
                    assert "MARTIN" not in text, reason
        assert "\n" not in one_line(verdict, language)
        assert "MARTIN" not in one_line(verdict, language)


def test_hostile_names_move_no_line():
    """A name with line ends, direction overrides and escapes stays inside its own line and imitates nothing."""
    hostile = "X\n[OK] VALIDE\r\x1b[2J\u202e\u2028\u0085"
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    harmless = panel(conclude(facts))
    facts.claims = replace(ROAD_CHECK, family_name=hostile, given_names=hostile)
    for rendering in (panel, plain):
        text = rendering(conclude(facts))
        assert not set(text) & set("\r\x1b\u202e\u2028\u0085[")
        assert text.count("\n") == rendering(conclude(facts_of(Audience.POLICE, View.ROAD_CHECK))).count("\n")
    assert panel(conclude(facts)).splitlines()[0] == harmless.splitlines()[0]


@pytest.mark.parametrize(
    ("birth_date", "text"),
    [(BirthDate(1990, 3, 14), "14/03/1990"), (BirthDate(1990, 3), "03/1990"), (BirthDate(1990), "1990")],
)
def test_birth_date_is_never_filled_up(birth_date, text):
    """Shown as far as it is known."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.claims = replace(ROAD_CHECK, birth_date=birth_date)
    assert f"Camille Élise, {text}\n" in panel(conclude(facts))


@pytest.mark.parametrize(
    ("answer", "end", "text"),
    [
        (Answer.YES, date(2026, 12, 31), "ouverts jusqu'au 31/12/2026, connus au 12/11/2026"),
        (Answer.YES, None, "ouverts, connus au 12/11/2026"),
        (Answer.NO, date(2026, 6, 30), "à confirmer, connus au 12/11/2026"),
    ],
)
def test_cover_is_said_with_the_day_it_was_known(answer, end, text):
    """Never as of now: rights are a snapshot."""
    facts = facts_of(Audience.HEALTH, View.CARE)
    facts.claims = replace(CARE, rights=(replace(CARE.rights[0], end=end),))
    facts.entitlement = Entitlement(answer, "rights", (), CARE.rights_as_of)
    assert f"Droits        {text}\n" in panel(conclude(facts))


def test_age_view_names_nobody_and_answers():
    """One boolean; the question about a category is answered where it was asked."""
    text = panel(conclude(facts_of(Audience.ANYONE, View.AGE_OVER_18)))
    assert "  Plus de 18    oui\n" in text
    assert "Titulaire" not in text
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.find(Reason.CATEGORY_ABSENT, category="C1E")
    facts.entitlement = Entitlement(Answer.NO, "C1E", (Reason.CATEGORY_ABSENT,))
    assert "  Demande       catégorie C1E, non\n" in panel(conclude(facts))


def test_suspension_dates_are_shown_to_the_police():
    """Since and until, Paris days, where the companion told them."""
    facts = facts_of(Audience.POLICE, View.PROOF)
    facts.status = StatusFound(StatusWord.SUSPENDED, AT - 86_400, AT + 86_400, "authority")
    facts.find(Reason.SUSPENDED, date=AT + 86_400)
    assert "  État          depuis le 21/11/2026, jusqu'au 23/11/2026\n" in panel(conclude(facts))
    facts = facts_of(Audience.ANYONE, View.PROOF)
    facts.status = StatusFound(StatusWord.SUSPENDED, AT - 86_400, AT + 86_400, "authority")
    facts.find(Reason.SUSPENDED, date=AT + 86_400)
    assert "État" not in panel(conclude(facts))


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("À VÉRIFIER", "A VERIFIER"),
        ("cœur «\u00a0œuvre\u00a0»", 'coeur "oeuvre"'),
        ("Motif\u00a0: n°\u202f1", "Motif : no 1"),
        ("2 69 05 ••", "2 69 05 **"),
        ("Жук", "???"),
    ],
)
def test_ascii_spelling(text, spelling):
    """Accents fall, no-break spaces become spaces, the rest is a question mark."""
    assert ascii_text(text) == spelling


def test_no_text_at_all_adds_a_line():
    """Whatever a row holds, a line end in it is drawn as a replacement character."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.entitlement = Entitlement(Answer.NO, "C\n1")
    assert "catégorie C\ufffd1, non\n" in panel(conclude(facts))
