"""The catalogue in code, in `reasons.json` and on the design page say the same, in words that fit a handheld."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.verdict_specimens import params_of
from verifier.catalogue import Bilingual, catalogue, filled, notice_sentence, written_age, written_date
from verifier.reasons import (
    EXIT_INTERNAL,
    EXIT_USAGE,
    EXITS_WORST_FIRST,
    About,
    Exposes,
    NoticeCode,
    Outcome,
    Reason,
    Severity,
    worst_exit,
)
from verifier.verdict import NO_PARAMS, Notice

ROOT = Path(__file__).resolve().parents[2]
DATA = json.loads((ROOT / "verifier" / "reasons.json").read_bytes())
DESIGN = ROOT.parent / "shared" / "design" / "reasons.json"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Every text that somebody reads, as (where, language, text).
TEXTS = [
    (f"{row['code']}.{name}", language, text)
    for group in ("outcomes", "reasons", "notices")
    for row in DATA[group]
    for name, value in row.items()
    if isinstance(value, dict)
    for language, text in value.items()
]


def test_data_equals_the_design_page():
    """The packaged file is the design's file, where that is at hand."""
    if not DESIGN.exists():
        pytest.skip("the design folder is not beside this checkout")
    assert json.loads(DESIGN.read_bytes()) == DATA


def test_reasons_in_code_equal_the_data():
    """Code, outcome, rank, exit, about, exposes and parameters, in the order of the file."""
    in_code = [
        (one.value, one.outcome, one.rank, one.exit_code, one.about, one.exposes, list(one.params))
        for one in Reason
    ]
    columns = ("code", "outcome", "rank", "exit", "about", "exposes", "params")
    assert in_code == [tuple(row[column] for column in columns) for row in DATA["reasons"]]


def test_notices_in_code_equal_the_data():
    """Code, severity, the reason it decides, parameters and place, in the order of the file."""
    in_code = [(one.value, one.severity, one.decides, list(one.params), one.place) for one in NoticeCode]
    columns = ("code", "severity", "decides", "params")
    assert in_code == [
        (*(row[column] for column in columns), place) for place, row in enumerate(DATA["notices"])
    ]


def test_outcomes_and_exits_in_code_equal_the_data():
    """The four outcomes, the exit codes and their order from worst to best."""
    assert [one.value for one in Outcome] == [row["code"] for row in DATA["outcomes"]]
    assert list(EXITS_WORST_FIRST) == DATA["exit_worst_first"]
    assert {str(code) for code in (*EXITS_WORST_FIRST, EXIT_USAGE)} == set(DATA["exit_codes"])
    assert EXIT_INTERNAL in EXITS_WORST_FIRST
    assert {one.value for one in About} == {row["about"] for row in DATA["reasons"]}
    assert {one.value for one in Exposes} == {row["exposes"] for row in DATA["reasons"]}
    assert {one.value for one in Severity} == {row["severity"] for row in DATA["notices"]}


def test_names_of_members_are_their_codes():
    """`Reason["OK"]` and `Reason.OK.value` agree, so that either finds the texts."""
    for kind in (Outcome, Reason, NoticeCode):
        assert all(one.name == one.value for one in kind)


def test_texts_as_read_equal_the_data():
    """What the catalogue serves is what the file holds, optional wordings included."""
    for row in DATA["reasons"]:
        served = catalogue().reasons[Reason[row["code"]]]
        for name in ("title", "sentence", "action", "sentence_without_params", "action_without_portrait"):
            text = getattr(served, name)
            assert (None if text is None else text.as_json()) == row.get(name)
        assert served.when == row["when"]
    for row in DATA["notices"]:
        assert catalogue().notices[NoticeCode[row["code"]]].sentence.as_json() == row["sentence"]
    for row in DATA["outcomes"]:
        served_outcome = catalogue().outcomes[Outcome(row["code"])]
        assert served_outcome.word.as_json() == row["word"]
        assert [served_outcome.ascii, served_outcome.shape, served_outcome.border] == [
            row["ascii"],
            row["shape"],
            row["border"],
        ]
        assert list(served_outcome.vibration_ms) == row["vibration_ms"]
    assert {str(code): text for code, text in catalogue().exit_codes.items()} == DATA["exit_codes"]


def test_ranks_are_unique_and_every_refusal_precedes_every_check():
    """Precedence is one order, and a check never hides a refusal."""
    ranks = [one.rank for one in Reason]
    assert ranks == sorted(set(ranks))
    refused = [one.rank for one in Reason if one.outcome is Outcome.REFUSED]
    check = [one.rank for one in Reason if one.outcome is Outcome.CHECK]
    assert max(refused) < min(check)
    assert max(check) < Reason.OK.rank
    assert [one for one in Reason if one.outcome is Outcome.VALID] == [Reason.OK]


def test_exit_code_follows_from_the_outcome():
    """Each reason has the exit code of its outcome; a missing or broken store has its own."""
    exits = {Outcome.VALID: 0, Outcome.CHECK: 11, Outcome.REFUSED: 10, Outcome.UNREADABLE: 12}
    for reason in Reason:
        store = reason in (Reason.TRUST_MISSING, Reason.TRUST_BROKEN)
        assert reason.exit_code == (13 if store else exits[reason.outcome]), reason


def test_french_fits_a_handheld():
    """A title has at most 28 characters, a sentence at most 56, as written and filled in."""
    for row in DATA["reasons"]:
        full = filled(Bilingual(**row["sentence"]), params_of(Reason[row["code"]]))
        assert len(row["title"]["fr"]) <= 28, row["code"]
        assert max(len(row["sentence"]["fr"]), len(full.fr)) <= 56, row["code"]


def test_placeholders_are_the_declared_parameters():
    """A sentence holds exactly its parameters, except the one that WRONG_DOCUMENT names beside its sentence."""
    for group in ("reasons", "notices"):
        for row in DATA[group]:
            for language, text in row["sentence"].items():
                held = set(PLACEHOLDER.findall(text))
                assert held == set(row["params"]) - {"document"}, (row["code"], language)
    for where, language, text in TEXTS:
        assert where.endswith(".sentence") or "{" not in text, (where, language)


def test_spaces_around_punctuation_are_those_of_the_language():
    """French has a no-break space before `: ; ? !` and inside guillemets; English has none; nobody has two."""
    wrong = {"fr": r"[^\u00a0\u202f][:;?!»]|«[^\u00a0\u202f]", "en": r"\s[:;?!]|[«»\u00a0\u202f]"}
    for where, language, text in TEXTS:
        assert not re.search(wrong[language], text), (where, language, text)
        assert "  " not in text, (where, language)
        assert text == text.strip(), (where, language)


def test_spaces_survive_the_formatter():
    """A filled French sentence keeps its no-break spaces and gains no plain one before punctuation."""
    for code in NoticeCode:
        text = notice_sentence(Notice(code, params_of(code))).fr
        assert not re.search(r"[^\u00a0\u202f][:;?!»]", text)


def test_every_sentence_can_be_filled():
    """With its declared parameters a sentence has no placeholder left, in either language."""
    for reason in Reason:
        full = filled(catalogue().reasons[reason].sentence, params_of(reason))
        assert "{" not in full.fr + full.en, reason
    for code in NoticeCode:
        full = notice_sentence(Notice(code, params_of(code)))
        assert "{" not in full.fr + full.en, code


@pytest.mark.parametrize(
    ("seconds", "french", "english"),
    [
        (-5, "0 s", "0 s"),
        (0, "0 s", "0 s"),
        (40, "40 s", "40 s"),
        (59, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (12 * 60 + 59, "12 min", "12 min"),
        (3_600, "1 h", "1 h"),
        (2 * 3_600, "2 h", "2 h"),
        (86_399, "23 h", "23 h"),
        (86_400, "1 jour", "1 day"),
        (2 * 86_400 - 1, "1 jour", "1 day"),
        (777_600, "9 jours", "9 days"),
    ],
)
def test_age_is_written_in_the_largest_whole_unit(seconds, french, english):
    """Seconds, minutes, hours or days, never two units, singular where it is one."""
    assert (written_age(seconds, "fr"), written_age(seconds, "en")) == (french, english)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 1, 2), "02/01/2026"),
        (1_793_490_300, "01/11/2026"),  # 2026-10-31T23:05:00Z: already November in Paris, winter time
        (1_782_857_100, "01/07/2026"),  # 2026-06-30T22:05:00Z: already July in Paris, summer time
        (1_782_856_700, "30/06/2026"),
    ],
)
def test_date_is_the_paris_day(value, text):
    """An instant shows the civil day of Europe/Paris, a date itself, both JJ/MM/AAAA."""
    assert written_date(value) == text
    sentence = filled(Bilingual("le {date}.", "on {date}."), {"date": value})
    assert sentence == Bilingual(f"le {text}.", f"on {text}.")


@pytest.mark.parametrize("name", ["category", "restriction"])
@pytest.mark.parametrize("code", ["B", "C1E", "01.06", "12345678"])
def test_licence_code_of_the_plain_form_enters_a_sentence(name, code):
    """Capitals, digits and dots, at most eight, are written as they are."""
    assert filled(Bilingual(f"{{{name}}}", f"{{{name}}}"), {name: code}) == Bilingual(code, code)


@pytest.mark.parametrize("name", ["category", "restriction"])
@pytest.mark.parametrize(
    "code", ["", "b", "VALIDE !", "123456789", "{date}", "B\n", "É", "\u0662", "95(31.12.2027)"]
)
def test_other_text_never_enters_a_sentence(name, code):
    """What is not of the plain form is left out: a claim cannot imitate a verdict."""
    shown = filled(Bilingual(f"[{{{name}}}]", f"[{{{name}}}]"), {name: code})
    assert shown == Bilingual("[…]", "[…]")


def test_missing_parameter_is_a_programming_error():
    """A sentence is never shown with a hole in it."""
    with pytest.raises(KeyError):
        notice_sentence(Notice(NoticeCode.PROBATION, NO_PARAMS))


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([0], 0),
        ([0, 12], 12),
        ([12, 11], 11),
        ([11, 10, 12], 10),
        ([10, 13], 13),
        ([13, 70, 0], 70),
        ([0, 0], 0),
    ],
)
def test_exit_of_several_inputs_is_the_worst(codes, worst):
    """70, 13, 10, 11, 12, 0 in this order, however the inputs came."""
    assert worst_exit(codes) == worst == worst_exit(codes[::-1])


@pytest.mark.parametrize("codes", [[], [2], [1, 0]])
def test_exit_of_nothing_or_of_no_verdict_is_refused(codes):
    """No input has no exit; 2 judged nothing and 1 is never a verdict."""
    with pytest.raises(ValueError):
        worst_exit(codes)


def test_judging_loads_no_text():
    """Importing the verdict and composing one reads neither the catalogue nor `json`."""
    script = (
        "import sys\n"
        "from verifier.verdict import Facts, Reason, compose\n"
        "verdict = compose(Facts(0, None, 'default-1'), Reason.TRUST_MISSING)\n"
        "assert not {'json', 'verifier.catalogue', 'verifier.verdict_json', 'zoneinfo'} & set(sys.modules)\n"
        "assert verdict.texts.word.fr == 'ILLISIBLE'\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
