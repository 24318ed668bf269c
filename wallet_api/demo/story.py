"""The story: two documents are issued, shown and judged offline; then the authority acts, and terminals learn of it.

Each verdict is compared with the expected one; the first that differs ends the demonstration.
"""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from .forger import forge
from .programs import DemoFailed, Phone, Service, Terminal, free_port

FOUR_MINUTES: Final = 240
NINE_DAYS: Final = 9 * 86_400
_MARK: Final = {"VALID": "[OK]", "CHECK": "[! ]", "REFUSED": "[X ]", "UNREADABLE": "[? ]"}


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(int(instant), UTC).isoformat().replace("+00:00", "Z")


class Story:
    """One run in one folder."""

    def __init__(self, folder: Path) -> None:
        """Choose the places; nothing is started yet."""
        self.folder = folder
        self.images = folder / "images"
        self.images.mkdir()
        self.service = Service(folder / "service", free_port(), folder / "service.log")
        self.camille, self.ines, self.theo = (
            Phone(folder / "phones" / name) for name in ("camille", "ines", "theo")
        )
        self.police, self.health, self.anyone = (
            Terminal(folder / "terminals" / profile) for profile in ("police", "health", "anyone")
        )
        self.count = 0

    def close(self) -> None:
        """Leave no process behind."""
        self.service.stop()

    def tell(self) -> None:
        """All chapters. Raises `DemoFailed`."""
        self._issue()
        road, care = self._check_offline()
        self._misuse(road, care)
        self._points()
        self._cancel_in_time()
        self._suspend_and_revoke()
        self._old_lists()

    # --- telling ---------------------------------------------------------------------------------------------

    def _say(self, words: str) -> None:
        print(words, flush=True)

    def _expect(self, what: str, verdict: dict[str, Any], outcome: str, reason: str, **more: object) -> None:
        self.count += 1
        found = {"outcome": verdict["outcome"], "reason": verdict["reason"], **_details(verdict, more)}
        self._say(
            f"  {_MARK[verdict['outcome']]} {what} : {verdict['word']['fr']}, {verdict['sentence']['fr']}"
        )
        points = verdict["points"]
        if points is not None:
            self._say(
                f"       points : {points['value']} sur {points['max']}, au {points['as_of']} ({points['source']})"
            )
        if found != {"outcome": outcome, "reason": reason, **more}:
            msg = f"« {what} » devait donner {outcome} {reason} {more}, et a donné {found}"
            raise DemoFailed(msg)

    def _show(self, phone: Phone, name: str, view: str, *options: str) -> Path:
        image = self.images / f"{name}.png"
        phone.call("show", "--view", view, "--png", str(image), *options)
        return image

    # --- chapters --------------------------------------------------------------------------------------------

    def _issue(self) -> None:
        self._say("1. Le service naît, délivre, et enrôle trois terminaux.")
        self.service.home.parent.mkdir(exist_ok=True)
        self.service.call("init", "--demo", "--base-url", self.service.url)
        self.service.start()
        for phone, person, documents in (
            (self.camille, "camille", ("driving_licence", "vitale_card")),
            (self.ines, "ines", ("driving_licence",)),
            (self.theo, "theo", ("driving_licence",)),
        ):
            for document in documents:
                held = phone.add(self.service, person, document)
                self._say(f"     {person} : {held}, en CBOR et en JWT")
        for terminal, profile in ((self.police, "police"), (self.health, "health"), (self.anyone, "anyone")):
            terminal.enrol(self.service, profile)
            self._say(f"     terminal {profile} : listes à jour")
        self.service.stop()
        self._say("     le service est arrêté : tout ce qui suit se fait sans réseau\n")

    def _check_offline(self) -> tuple[Path, Path]:
        self._say("2. Contrôle routier et pharmacie, hors ligne, depuis les images.")
        road, care = (
            self._show(self.camille, "permis-cbor", "road_check"),
            self._show(self.camille, "vitale-cbor", "care"),
        )
        full = {"points": 12}
        self._expect("permis, CBOR", self.police.scan(road), "VALID", "OK", **full)
        rights = {"entitlement": "yes", "points": None}
        self._expect("carte Vitale, CBOR", self.health.scan(care), "VALID", "OK", **rights)
        image = self._show(self.camille, "permis-jwt", "road_check", "--form", "jwt")
        self._expect("permis, JWT", self.police.scan(image), "VALID", "OK", **full)
        image = self._show(self.camille, "vitale-jwt", "care", "--form", "jwt")
        self._expect("carte Vitale, JWT", self.health.scan(image), "VALID", "OK", **rights)
        image = self._show(self.camille, "preuve", "proof")
        self._expect("preuve du permis au guichet", self.anyone.scan(image), "VALID", "OK", points=None)
        self._say("")
        return road, care

    def _misuse(self, road: Path, care: Path) -> None:
        self._say("3. Ce qui ne doit pas passer.")
        nothing = {"claims": None, "points": None}
        self._expect(
            "le permis à la pharmacie", self.health.scan(road), "UNREADABLE", "ROLE_DENIED", **nothing
        )
        self._expect(
            "la carte Vitale à la police", self.police.scan(care), "UNREADABLE", "ROLE_DENIED", **nothing
        )
        later = _iso(road.stat().st_mtime + FOUR_MINUTES)
        verdict = self.police.scan(road, "--at", later)
        self._expect("la même image, quatre minutes plus tard", verdict, "REFUSED", "REPLAY", **nothing)
        text = self.camille.call("show", "--view", "road_check", "--text")
        middle = len(text) // 2
        changed = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
        self._expect_unreadable("un caractère changé", self.police.read(changed))
        trust = (
            self.service.home / "published" / "public" / "targets" / "trust" / "licence.cose"
        ).read_bytes()
        forged = forge(self.ines.folder, trust)
        verdict = self.police.read(forged)
        self._expect("points réécrits, rescellés, somme juste", verdict, "REFUSED", "SIG_INVALID", **nothing)
        self._say("")

    def _expect_unreadable(self, what: str, verdict: dict[str, Any]) -> None:
        if verdict["reason"] not in {"MISREAD", "DAMAGED"}:
            msg = f"« {what} » a donné {verdict['reason']}"
            raise DemoFailed(msg)
        self._expect(what, verdict, "UNREADABLE", verdict["reason"], claims=None)

    def _points(self) -> None:
        self._say("4. Le service revient ; trois points sont retirés à Camille.")
        self.service.start()
        self._act("withdraw", "DECISION-2026-0001", "--points", "3")
        old = self._show(self.camille, "permis-ancien", "road_check")
        verdict = self.police.scan(old)
        self._expect("titre d'avant, après synchronisation", verdict, "CHECK", "SUPERSEDED", points=9)
        self.camille.call("refresh")
        self._expect_now("titre actualisé", "permis-9-points", "VALID", "OK", points=9)
        self._say("")

    def _cancel_in_time(self) -> None:
        self._say("5. Une erreur au guichet : quatre points retirés, annulés dans les cinq minutes.")
        self.service.stop()
        self.service.cancel_seconds = 300
        self.service.start()
        decision = ("--person", "camille", "--decision", "DECISION-2026-0002", "--points", "4")
        act_id = json.loads(self.service.call("authority", "withdraw", *decision))["entry_id"]
        self._publish()
        self._expect_now("pas encore publié", "permis-en-attente", "VALID", "OK", points=9)
        self.service.call("authority", "cancel", "--person", "camille", "--act", act_id)
        self._publish()
        self._expect_now("annulé à temps, jamais publié", "permis-annule", "VALID", "OK", points=9)
        self.service.stop()
        self.service.cancel_seconds = 0
        self.service.start()
        self._say("")

    def _suspend_and_revoke(self) -> None:
        self._say("6. Suspension, levée, révocation à deux.")
        self._act("suspend", "DECISION-2026-0003")
        self._expect_now("permis suspendu", "permis-suspendu", "REFUSED", "SUSPENDED", points=None)
        self._act("lift", "DECISION-2026-0004")
        self._expect_now("suspension levée", "permis-leve", "VALID", "OK", points=9)
        older = self.folder / "older-lists"
        shutil.copytree(self.service.home / "published" / "police", older)
        self._revoke_together("DECISION-2026-0005")
        self._expect_now("permis révoqué", "permis-revoque", "REFUSED", "REVOKED", points=None)
        self.police.sync_refused(older)
        self._expect_now(
            "toujours révoqué, une liste plus ancienne offerte", "permis-encore", "REFUSED", "REVOKED"
        )
        self.service.stop()
        self._say("")

    def _revoke_together(self, decision: str) -> None:
        asked = ("revoke", "--person", "camille", "--decision", decision, "--as", "claire")
        proposal = json.loads(self.service.call("authority", *asked))["proposal_id"]
        self._publish()
        self._expect_now("révocation proposée par Claire, seule", "permis-propose", "VALID", "OK", points=9)
        self.service.refused("authority", "approve", "--proposal", proposal, "--as", "claire")
        self._say("     Claire ne peut pas approuver sa propre proposition ; Denis l'approuve")
        self.service.call("authority", "approve", "--proposal", proposal, "--as", "denis")
        self._publish()

    def _act(self, act: str, decision: str, *options: str) -> None:
        self.service.call("authority", act, "--person", "camille", "--decision", decision, *options)
        self._publish()

    def _publish(self) -> None:
        self.service.call("publish")
        self.police.sync()

    def _expect_now(self, what: str, name: str, outcome: str, reason: str, **more: object) -> None:
        self._expect(
            what, self.police.scan(self._show(self.camille, name, "road_check")), outcome, reason, **more
        )

    def _old_lists(self) -> None:
        self._say("7. Neuf jours sans réseau, avec le permis de Théo.")
        at = _iso(time.time() + NINE_DAYS)
        image = self._show(self.theo, "permis-theo", "road_check", "--at", at)
        verdict = self.police.scan(image, "--at", at)
        self._expect("listes de neuf jours", verdict, "CHECK", "LISTS_STALE")
        age = verdict["params"]["age"]
        if not NINE_DAYS <= age < NINE_DAYS + 3600 or "9 jours" not in verdict["sentence"]["fr"].replace(
            "\u00a0", " "
        ):
            msg = f"l'âge des listes devait être dit : {age}"
            raise DemoFailed(msg)


def _details(verdict: dict[str, Any], wanted: dict[str, object]) -> dict[str, object]:
    """The parts of the verdict that are compared beside outcome and reason."""
    points = verdict["points"]
    parts: dict[str, object] = {
        "points": None if points is None else points["value"],
        "claims": verdict["claims"],
        "entitlement": verdict["entitlement"]["answer"],
    }
    return {name: parts[name] for name in wanted}
