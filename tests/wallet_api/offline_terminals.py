"""Phones that show what the service issued, and enrolled terminals that judge it: the product's own code at both ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credentials import envelope, qr_text
from credentials.claims import Claims
from credentials.envelope import Paper, Presentation, Shown
from credentials.spec import Audience, Form
from credentials.stages import CredentialBytes
from credentials.views import VIEW_SPECS, View
from mobile_sim.present import audience_of, present
from mobile_sim.seal import seal
from tests.simulated_keys import sign
from tests.wallet_api.simulated_wallet import Key, SimulatedWallet, claims_of, credential_bytes
from verifier.enrolment import install, request
from verifier.store import TerminalStore
from verifier.sync import sync
from wallet_api.publication.run import publish_now
from wallet_api.terminals.enrol import enrol_terminal
from wallet_api.wiring import Service

POLICE, ANYONE = Audience.POLICE, Audience.ANYONE


@dataclass(frozen=True)
class Held:
    """A credential on a phone, or on paper when it has no key."""

    form: Form
    content: bytes
    claims: Claims
    key: Key | None

    @property
    def view(self) -> View:
        """The view that it shows."""
        return self.claims.view


def collect(wallet: SimulatedWallet, configuration: str, *, portrait: bool = False) -> Held:
    """One credential from the service, with its device key unless it is for paper."""
    key = Key()
    answer = wallet.ask(configuration, [key], portrait=portrait)
    assert answer.status_code == 200, answer.text
    text = answer.json()["credentials"][0]["credential"]
    form, content = credential_bytes(configuration, text)
    on_paper = configuration.endswith(".paper")
    return Held(form, content, claims_of(configuration, text), None if on_paper else key)


@dataclass
class Roadside:
    """A police terminal and one of anybody, without any network but for the syncs asked for."""

    service: Service
    folder: Path
    clock: Any
    stores: dict[Audience, TerminalStore] = field(default_factory=dict)

    def learn(self) -> None:
        """Publish, and let both terminals sync from the folder."""
        publish_now(self.service)
        for profile in (POLICE, ANYONE):
            area = "public" if profile is ANYONE else profile.value
            source = str(self.service.settings.published_folder / area)
            sync(self._store(profile), source, at=self.clock.instant)

    def judge(self, held: Held, profile: Audience) -> dict[str, Any]:
        """The verdict on a code drawn now, as the terminal prints it."""
        at = datetime.fromtimestamp(self.clock.instant, UTC)
        verdict = self._store(profile).verifier().verify(self._text(held), at=at)
        found: dict[str, Any] = json.loads(verdict.json_text())
        return found

    def reasons(self, held: Held) -> tuple[str, str]:
        """What police and anybody conclude; a sealed view opens to the police alone."""
        police, anyone = (self.judge(held, profile)["reason"] for profile in (POLICE, ANYONE))
        return police, anyone

    def _text(self, held: Held) -> str:
        if held.key is None:
            return qr_text.encode(
                envelope.encode(Paper(Shown(held.form, held.view, CredentialBytes(held.content))))
            )
        private, audience = held.key.private, audience_of(held.view)
        shown = present(
            held.form,
            held.view,
            held.content,
            lambda message: sign(private, message),
            at=self.clock.instant,
            audience=audience,
        )
        if not VIEW_SPECS[held.view].sealed:
            return qr_text.encode(envelope.encode(Presentation(shown)))
        reader = self.service.keys.reader_records(audience, self.clock.instant)[0]
        return qr_text.encode(envelope.encode(seal(shown, reader.public_key, audience)))

    def _store(self, profile: Audience) -> TerminalStore:
        if profile not in self.stores:
            folder = self.folder / profile.value
            answer = enrol_terminal(self.service, request(folder), profile, test_mode=False)
            self.stores[profile] = install(folder, answer)
        return self.stores[profile]
