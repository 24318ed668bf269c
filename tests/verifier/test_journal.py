"""The journal: one line for each verdict, in a private file, and nobody in it."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from credentials.nir import Nir
from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import HOUR, INSTANT, SimulatedAuthority, care, proof, reader, road_check
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import terminal
from verifier.errors import EnrolmentError
from verifier.journal import JOURNAL, SHIFT_SECONDS, Journal
from verifier.store import TerminalStore

AUTHORITY = SimulatedAuthority()
PHONE = SimulatedPhone(0)
CANARY = "ZWXVQKARAMBOLAGE"
NIR = "255081416802538"
INDEX = 131_071
FIELDS = (
    "at", "terminal", "agent", "profile", "document", "view", "outcome", "reason", "trust", "status", "points", "signer",
    "digest",
)  # fmt: skip


def _at(instant: int = INSTANT) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def _store(folder, profile: Audience, **lists) -> TerminalStore:
    return terminal(folder, profile, [AUTHORITY.publish(**lists)])


def _shown(view: View, subject, *, at: int = INSTANT) -> str:
    issued = AUTHORITY.issue(AUTHORITY.claims(subject, index=INDEX))
    audience = {View.ROAD_CHECK: Audience.POLICE, View.CARE: Audience.HEALTH}.get(view, Audience.ANYONE)
    to = None if audience is Audience.ANYONE else reader(audience)
    return PHONE.show(issued, view, audience=audience, at=at, reader=to)


def _lines(store: TerminalStore) -> list[dict]:
    with open(f"{store.folder}/{JOURNAL}", encoding="ascii") as journal:  # noqa: PTH123
        return [json.loads(line) for line in journal]


def test_line_says_what_and_by_which_lists(tmp_path):
    """Every field of the row in verdicts.md, in its order."""
    store = _store(tmp_path / "store", Audience.POLICE, at=INSTANT - HOUR)
    journal = Journal(store.folder, store.enrolment.terminal_id, "A-1042")
    text = _shown(View.ROAD_CHECK, road_check())
    journal.record(store.verifier().verify(text, at=_at()), text)
    [line] = _lines(store)
    assert tuple(line) == FIELDS
    digest, signer = line.pop("digest"), line.pop("signer")
    assert line == {
        "at": "2026-11-01T10:00:00Z",
        "terminal": store.enrolment.terminal_id,
        "agent": "A-1042",
        "profile": "police",
        "document": "driving_licence",
        "view": "road_check",
        "outcome": "VALID",
        "reason": "OK",
        "trust": [1, HOUR],
        "status": [1, HOUR],
        "points": [1, HOUR],
    }
    assert len(bytes.fromhex(digest)) == len(bytes.fromhex(signer)) == 8


def test_absent_things_are_null(tmp_path):
    """A code that is no code."""
    store = _store(tmp_path / "store", Audience.ANYONE)
    Journal(store.folder, "t").record(store.verifier().verify("hello", at=_at()), None)
    [line] = _lines(store)
    assert [name for name in FIELDS if line[name] is None] == [
        "agent", "document", "view", "trust", "status", "points", "signer", "digest",
    ]  # fmt: skip


@pytest.mark.parametrize("status", [{}, {INDEX: 1}, {INDEX: 2}])
@pytest.mark.parametrize("late", [0, 240, 20 * 86_400])
def test_nobody_is_in_the_journal(tmp_path, status, late):
    """Canaries in every field of every view, valid, revoked, suspended, replayed and expired: none gets in."""
    licence = {
        "family_name": CANARY,
        "given_names": f"{CANARY} {CANARY}",
        "licence_number": "77QZ66YX5",
        "neph": "889977665544",
    }
    shown = {
        Audience.POLICE: [
            _shown(View.ROAD_CHECK, road_check(**licence)),
            _shown(View.PROOF, proof(family_name=CANARY, given_names=CANARY)),
        ],
        Audience.HEALTH: [_shown(View.CARE, care(family_name=CANARY, insured_nir=Nir.parse(NIR)))],
        Audience.ANYONE: [_shown(View.PROOF, proof(family_name=CANARY, given_names=CANARY))],
    }
    for profile, texts in shown.items():
        store = _store(tmp_path / profile, profile, status=status, health_status=status)
        journal = Journal(store.folder, store.enrolment.terminal_id)
        for text in (*texts, *(text[:-1] + "A" for text in texts), CANARY, f"LP1:{CANARY}"):
            journal.record(store.verifier().verify(text, at=_at(INSTANT + late)), text)
        with open(f"{store.folder}/{JOURNAL}", "rb") as written:  # noqa: PTH123
            content = written.read()
        assert content.count(b"\n") == 2 * len(texts) + 2
        for secret in (CANARY, NIR, "77QZ66YX5", "889977665544", str(INDEX), *texts):
            assert not [form for form in _forms(secret) if len(form) > 5 and form in content]


def _forms(secret: str) -> list[bytes]:
    raw = secret.encode()
    return [
        raw,
        raw.lower(),
        raw[4:40],
        base64.b64encode(raw)[:-4] or raw,
        raw.hex().encode(),
        sha256(raw).hexdigest()[:16].encode(),
    ]


def test_same_code_is_recognised_within_a_shift_only(tmp_path):
    """The digest is keyed by the shift: equal within it, another one after it, another one on another terminal."""
    store, other = (_store(tmp_path / name, Audience.ANYONE) for name in ("one", "two"))
    text = _shown(View.PROOF, proof())
    instants = [INSTANT, INSTANT + 60, INSTANT + SHIFT_SECONDS - 1, INSTANT + SHIFT_SECONDS, INSTANT - 1]
    for at in instants:  # a fresh journal each time, as each run of the command has
        Journal(store.folder, "t").record(store.verifier().verify(text, at=_at(at)), text)
    Journal(other.folder, "t").record(other.verifier().verify(text, at=_at()), text)
    digests = [line["digest"] for line in (*_lines(store), *_lines(other))]
    assert digests[0] == digests[1] == digests[2]
    assert len({digests[0], *digests[3:]}) == 4


def test_file_is_private_and_only_grows(tmp_path):
    """Mode 0600, lines kept as they were."""
    store = _store(tmp_path / "store", Audience.ANYONE)
    verdict = store.verifier().verify("x", at=_at())
    journal = Journal(store.folder, "t")
    journal.record(verdict, "x")
    path = tmp_path / "store" / JOURNAL
    before = path.read_bytes()
    journal.record(verdict, "x")
    assert path.read_bytes() == before * 2
    for name in (JOURNAL, "shift"):
        assert stat.S_IMODE((tmp_path / "store" / name).stat().st_mode) == 0o600


def test_journal_does_not_follow_a_link(tmp_path):
    """A link planted in its place does not make it write elsewhere."""
    store = _store(tmp_path / "store", Audience.ANYONE)
    (tmp_path / "store" / JOURNAL).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        Journal(store.folder, "t").record(store.verifier().verify("x", at=_at()), "x")
    assert not (tmp_path / "elsewhere").exists()


def test_damaged_shift_begins_a_new_one(tmp_path):
    """Nothing depends on the salt's survival."""
    store = _store(tmp_path / "store", Audience.ANYONE)
    for content in (b"", b"short", bytes(24), bytes(10_000)):
        (tmp_path / "store" / "shift").write_bytes(content)
        Journal(store.folder, "t").record(store.verifier().verify("x", at=_at()), "x")
    assert len({line["digest"] for line in _lines(store)}) == 4


@pytest.mark.parametrize("agent", ["", "Jean Dupont", 'x","reason":"OK', "é", "a" * 41, "a\nb"])
def test_agent_is_a_pseudonym(tmp_path, agent):
    """Letters, digits, dot, hyphen and underscore: nothing that could end the field."""
    with pytest.raises(EnrolmentError, match="pseudonym"):
        Journal(str(tmp_path), "t", agent)
