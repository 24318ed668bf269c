"""T37 over random sequences of acts, issues and pauses, interleaved on as many licences, read back as published.

After each round the audit finds nothing, and in the state that a publication would sign: what was revoked stays revoked, no superseded credential
grants more than the newer one in its place, and no older credential is plainly valid beside a newer one, whatever was
lifted, voided, cancelled or resumed. Only signing is left out: credentials are reserved and judged by the product.
`LP_TEST_SEQUENCES` says how many; 10,000 take about three minutes.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from sqlalchemy import Connection, insert

from credentials.driving_licence import DrivingPrivilege
from credentials.paris_day import paris_day
from credentials.spec import DocumentType, Domain, Form, StatusValue
from credentials.views import View
from tests.wallet_api.population import tell_enrolled
from tests.wallet_api.simulated_wallet import Key
from wallet_api import tables
from wallet_api.access import Actor
from wallet_api.audit.acts import compare
from wallet_api.authority import measures as acts
from wallet_api.authority import store as measures
from wallet_api.authority.driving_measures import (
    Suspension,
    annul,
    lose_title,
    restrict,
    retain,
    suspend_right,
    void,
)
from wallet_api.authority.kinds import ImposedBy, MeasureKind, MeasureSubject, VoidingGround
from wallet_api.issuance import issue as issuing
from wallet_api.issuance import store as issuance
from wallet_api.issuance.grants import Grants
from wallet_api.issuance.supersede import supersede_older
from wallet_api.openid4vci.configurations import Configuration
from wallet_api.openid4vci.store import WalletRow
from wallet_api.problems import WalletError
from wallet_api.publication.store import read_state
from wallet_api.registries.adapters import ISSUING_LICENCE
from wallet_api.registries.fictitious import FictitiousLicences, licence_references
from wallet_api.roles import AccessRole
from wallet_api.wallets import life

SEQUENCES, ROUNDS, SHARES = int(os.environ.get("LP_TEST_SEQUENCES", "1600")), 6, 4
HOUR, DAY = 3_600, 86_400
CLERK = Actor("licence", AccessRole.CLERK, "0" * 32)
LIFTED = frozenset(MeasureKind)
Place = tuple[int, int]


@dataclass
class Licence:
    """One sequence: a document on one phone, and what was issued of it, in order, by view."""

    number: int
    wallet: WalletRow
    issued: dict[View, list[tuple[Place, Grants]]] = field(default_factory=dict)
    imposed: list[str] = field(default_factory=list)
    paused: bool = False


class World:
    """All sequences of one share, acted on in rounds."""

    def __init__(self, service, clock, seed: int, count: int) -> None:
        self.service, self.clock, self.random = service, clock, random.Random(seed)
        self.record = FictitiousLicences(service.settings.home).find(licence_references()[0], ISSUING_LICENCE)
        self.acts = 0
        self.done: Counter[str] = Counter()
        self.before: dict[Place, int] = {}
        self.licences = [self._open(number) for number in range(count)]

    def _open(self, number: int) -> Licence:
        document_id, wallet_id = f"{number:032x}", f"{number + (1 << 64):032x}"
        row = WalletRow(
            "licence",
            wallet_id,
            document_id,
            DocumentType.DRIVING_LICENCE,
            f"dossier-{number:08}",
            "0" * 64,
            False,
            False,
        )
        mine = {"authority_id": "licence", "document_id": document_id}
        document = {
            "document_type": row.document_type,
            "registry_reference": row.registry_reference,
            "opened_at": 0,
        }
        phone = {**mine, "wallet_id": wallet_id, "thumbprint": row.thumbprint, "enrolled_at": 0}
        with self.service.database.write() as connection:
            connection.execute(insert(tables.document).values(**mine, **document))
            connection.execute(insert(tables.wallet).values(**phone))
            tell_enrolled(connection, [phone])
        return Licence(number, row)

    def round(self) -> None:
        """One operation on every licence, at one instant."""
        self.clock.instant += self.random.choice([0, 1, 299, HOUR, DAY])
        with self.service.database.write() as connection:
            for licence in self.licences:
                operation = self.random.choices(*OPERATIONS)[0]
                try:
                    operation(self, connection, licence)
                    self.done[operation.__name__] += 1
                except WalletError as refusal:
                    self.done[refusal.problem.code] += 1

    # --- operations ------------------------------------------------------------------------------------------

    def act(self, licence: Licence) -> acts.Act:
        """An act with or without a window."""
        self.acts += 1
        now = self.clock.instant
        released = now + self.random.choice([0, 0, 300])
        return acts.Act(CLERK, licence.wallet.document_id, f"D-{self.acts}", now, released)

    def issue(self, connection: Connection, licence: Licence) -> None:
        """Reserve as the endpoint does, and judge what is older. Now and then the registry knows a smaller right."""
        if licence.paused:
            raise WalletError("wallet-paused")
        view = self.random.choice([View.ROAD_CHECK, View.PROOF, View.PROOF, View.AGE_OVER_18])
        categories: tuple[DrivingPrivilege, ...] = self.record.categories
        if self.random.random() < 0.2:
            categories = categories[:2]
        elif self.random.random() < 0.1:
            categories = (*categories[:2], replace(categories[2], valid_to=date(2027, 1, 1)))
        order = issuing.Order(
            Configuration(view, Form.CBOR, paper=False),
            (Key().public,),
            portrait=False,
        )
        held = measures.open_measures(connection, "licence", licence.wallet.document_id, self.clock.instant)
        if any(issuing.touches(one, view) and issuing.refuses(one, self.clock.instant) for one in held):
            raise WalletError("credential-denied")
        record = replace(self.record, categories=categories)
        batch = issuing._reserve(
            self.service, connection, licence.wallet, order, record, bytes(8), held, self.clock.instant
        )
        issuance.mark(connection, "licence", batch.credential_ids, "issued")
        now = self.clock.instant
        supersede_older(connection, "licence", licence.wallet.document_id, batch.newest, now, paris_day(now))
        status = batch.claims[0].status
        place = (int(status.uri.rpartition("/")[2]), status.index)
        licence.issued.setdefault(view, []).append((place, Grants.from_text(batch.newest.grants)))

    def suspend(self, connection: Connection, licence: Licence) -> None:
        """By the prefect or a court, now or later, now and then in place of an administrative measure."""
        act, court = self.act(licence), self.random.random() < 0.5
        start = act.now + self.random.choice([0, 0, DAY])
        ends = self.random.choice([*licence.imposed, None]) if court and start == act.now else None
        by = ImposedBy.COURT if court else ImposedBy.PREFECT
        until = start + self.random.choice([HOUR, 3 * DAY, 100 * DAY])
        made = suspend_right(connection, act, Suspension(by, start, until, ends_id=ends))
        licence.imposed.append(made.measure_id)

    def retain(self, connection: Connection, licence: Licence) -> None:
        """For 72 or 120 hours."""
        made = retain(connection, self.act(licence), None, verifications=self.random.random() < 0.5)
        licence.imposed.append(made.measure_id)

    def restrict(self, connection: Connection, licence: Licence) -> None:
        """To interlocks, now or from later on."""
        act = self.act(licence)
        start = act.now + self.random.choice([0, 0, 1, DAY])
        until = start + self.random.choice([2 * DAY, 90 * DAY])
        licence.imposed.append(restrict(connection, act, start, until).measure_id)

    def end_right(self, connection: Connection, licence: Licence) -> None:
        """An annulment or a revocation."""
        if self.random.random() < 0.5:
            licence.imposed.append(annul(connection, self.act(licence)).measure_id)
        else:
            made = acts.revoke(connection, self.act(licence), self.random.choice(list(MeasureSubject)))
            licence.imposed.append(made.measure_id)

    def lose_title(self, connection: Connection, licence: Licence) -> None:
        """Lost or stolen."""
        made = lose_title(connection, self.act(licence), stolen=self.random.random() < 0.5)
        licence.imposed.append(made.measure_id)

    def lift(self, connection: Connection, licence: Licence) -> None:
        """Anything that was ever recorded, liftable or not."""
        made = acts.lift(connection, self.act(licence), self._one_of(licence), LIFTED)
        licence.imposed.append(made.measure_id)

    def void(self, connection: Connection, licence: Licence) -> None:
        """By a court's answer."""
        ground = self.random.choice(list(VoidingGround))
        made = void(connection, self.act(licence), self._one_of(licence), ground)
        licence.imposed.append(made.measure_id)

    def cancel(self, connection: Connection, licence: Licence) -> None:
        """Within the window or too late."""
        acts.cancel(connection, self.act(licence), self._one_of(licence))

    def pause(self, connection: Connection, licence: Licence) -> None:
        """By the holder."""
        life.pause(connection, replace(licence.wallet, paused=licence.paused), self.clock.instant)
        licence.paused = True

    def resume(self, connection: Connection, licence: Licence) -> None:
        """By the holder."""
        life.resume(connection, replace(licence.wallet, paused=licence.paused), self.clock.instant)
        licence.paused = False

    def _one_of(self, licence: Licence) -> str:
        return self.random.choice(licence.imposed[-3:]) if licence.imposed else "0" * 32

    # --- what must hold --------------------------------------------------------------------------------------

    def check(self) -> None:
        """Read what a publication at this instant would say, and compare it with the reading before."""
        with self.service.database.read() as connection:
            state = read_state(connection, self.service.settings.base_url, 1, self.clock.instant)
            assert list(compare(connection, "licence", self.clock.instant)) == []
        found = {
            (number, index): int(value)
            for number, values in state.status[Domain.LICENCE].items()
            for index, value in values.items()
        }
        revived = {
            place
            for place, value in self.before.items()
            if (value == StatusValue.REVOKED and found.get(place) != StatusValue.REVOKED)
            or (value == StatusValue.SUPERSEDED and place not in found)
        }
        assert not revived
        for licence in self.licences:
            for issued in licence.issued.values():
                _check_place(issued, found)
        self.before = found


def _check_place(issued: list[tuple[Place, Grants]], found: dict[Place, int]) -> None:
    newest = issued[-1][1].entries
    for place, granted in issued[:-1]:
        value = found.get(place, 0)
        assert value != StatusValue.VALID, "an older credential came back"
        if value == StatusValue.SUPERSEDED:
            for right, (_, end, restrictions) in granted.entries.items():
                assert right in newest, "a superseded credential grants a right that the newer one lacks"
                assert newest[right][1] >= end
                assert set(newest[right][2]) <= set(restrictions)


OPERATIONS = (
    [
        World.issue, World.suspend, World.retain, World.restrict, World.end_right, World.lose_title, World.lift,
        World.void, World.cancel, World.pause, World.resume,
    ],
    [8, 1, 1, 2, 0.2, 0.4, 3, 1, 1, 0.4, 0.4],
)  # fmt: skip


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("share", range(SHARES))
def test_revoked_only_grows_and_nothing_older_comes_back(service, clock, share):
    """Every operation happens, every invariant holds after each of the rounds."""
    world = World(service, clock, 20_261_125 + share, SEQUENCES // SHARES)
    for _ in range(ROUNDS):
        world.round()
        world.check()
    assert all(world.done[operation.__name__] for operation in OPERATIONS[0])
    assert Counter(world.before.values()).keys() == {1, 2, 3}
