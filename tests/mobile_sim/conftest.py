"""A phone with a licence and a Vitale card, and the readers that may open its codes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from credentials.driving_licence import AgeOver18
from credentials.spec import Audience, Domain, Form
from mobile_sim.wallet import Document, Wallet
from tests.mobile_sim.authority import Authority, Reader, received, stock
from tests.sizes import care, proof, road_check


@dataclass(frozen=True)
class Phone:
    """What the tests of showing need."""

    wallet: Wallet
    licence: Document
    vitale: Document
    police: Reader
    health: Reader
    authority: Authority


@pytest.fixture
def phone(tmp_path) -> Phone:
    """A phone holding two credentials of each view and form, and the paper form of `proof`."""
    wallet = Wallet.create(tmp_path / "phone")
    licence_authority, health_authority = Authority(), Authority(Domain.HEALTH)
    police, health = Reader(Audience.POLICE), Reader(Audience.HEALTH)
    subjects = [
        received(licence_authority, subject, form, index=index)
        for index, (subject, form) in enumerate(
            (subject, form)
            for subject in (road_check(3), proof(3), AgeOver18(age_over_18=True))
            for form in Form
            for _ in range(2)
        )
    ]
    subjects += [received(licence_authority, proof(3), form, paper=True) for form in Form]
    licence = stock(wallet, licence_authority, subjects, readers=[police])
    cards = [received(health_authority, care(), form) for form in Form]
    vitale = stock(wallet, health_authority, cards, readers=[health], label="Léa")
    return Phone(wallet, licence, vitale, police, health, licence_authority)
