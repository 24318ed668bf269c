"""Which tables are about people. A test compares it with the tables: a new one must say what it is.

A row is told whole but for columns that are named here with a reason. Names, birth dates and numbers are in no table:
they stay with the registries, which are asked each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Table

from wallet_api import tables
from wallet_api.retention.periods import PERIODS, Kept, Period


class Whose(StrEnum):
    """What the naming column of a table holds."""

    DOCUMENT = "document"
    WALLET = "wallet"
    CREDENTIAL = "credential"
    CITIZEN = "citizen"
    ANYTHING = "anything"
    """The id of the person's pseudonym, or of any row that is told."""


SECRET: Final = "un secret, gardé comme empreinte · a secret, kept as a hash"  # noqa: S105 - a reason, not a secret
PEOPLE: Final = "désigne une autre personne · names another person"
TECHNICAL: Final = "ne dit rien de personne · says nothing about anybody"
AHEAD: Final = "suit des actes qui ne comptent pas encore et peuvent être annulés · moves with acts that do not count yet and can be cancelled"


@dataclass(frozen=True, slots=True)
class About:
    """A table about people: the column that names whom, the rule behind it, the member under which its rows are told.

    `ends_fr` and `ends_en` say how long rows are kept where no `Period` does; `refused` is the rule of what was refused.
    """

    table: Table
    column: str
    whose: Whose
    kept: Kept | None
    kept_back: Mapping[str, str]
    ends_fr: str = ""
    ends_en: str = ""
    refused: Kept | None = None

    @property
    def what(self) -> str:
        """The member of the answer."""
        return str(self.table.name)

    @property
    def source(self) -> str:
        """The article behind the period."""
        return "RGPD 5-1 e" if self.kept is None else PERIODS[self.kept].source

    def period(self, lang: str) -> str:
        """How long such a row is kept, in words."""
        if self.kept is None:
            return self.ends_fr if lang == "fr" else self.ends_en
        rules = (self.kept,) if self.refused is None else (self.kept, self.refused)
        return (" ; " if lang == "fr" else "; ").join(_words(PERIODS[one], lang) for one in rules)

    def rule_of(self, row: Mapping[str, object]) -> Kept | None:
        """The rule of one row."""
        return self.refused if self.refused and row["outcome"] != "approved" else self.kept


def _words(period: Period, lang: str) -> str:
    length = period.length(lang)
    return f"{length} : {period.fr}" if lang == "fr" else f"{length}: {period.en}"


ABOUT: Final = (
    About(
        tables.document,
        "document_id",
        Whose.DOCUMENT,
        Kept.DOCUMENTS,
        {"version": AHEAD},
    ),
    About(
        tables.offer,
        "document_id",
        Whose.DOCUMENT,
        Kept.OFFERS,
        {"code_hash": SECRET, "tx_code_hash": SECRET},
    ),
    About(tables.wallet, "document_id", Whose.DOCUMENT, Kept.PHONES, {"thumbprint": SECRET}),
    About(
        tables.grant,
        "wallet_id",
        Whose.WALLET,
        None,
        {"token_hash": SECRET},
        "jusqu’à son échéance",
        "until it expires",
    ),
    About(
        tables.credential,
        "document_id",
        Whose.DOCUMENT,
        Kept.CREDENTIALS,
        {"device_key_hash": SECRET, "signer_key_id": TECHNICAL},
    ),
    About(tables.status_cause, "credential_id", Whose.CREDENTIAL, Kept.CREDENTIALS, {}),
    About(
        tables.activation,
        "document_id",
        Whose.DOCUMENT,
        Kept.ACTIVATIONS,
        {"code_hash": SECRET, "second_hash": SECRET, "actor_id": PEOPLE},
    ),
    About(tables.mandate, "document_id", Whose.DOCUMENT, Kept.MANDATES, {"second_hash": SECRET}),
    About(tables.measure, "document_id", Whose.DOCUMENT, Kept.MEASURES, {"actor_id": PEOPLE}),
    About(tables.points_entry, "document_id", Whose.DOCUMENT, Kept.POINTS, {"actor_id": PEOPLE}),
    About(
        tables.points_balance,
        "document_id",
        Whose.DOCUMENT,
        Kept.POINTS,
        {"version": AHEAD, "as_of": AHEAD, "next_change_at": AHEAD},
    ),
    About(
        tables.act_proposal,
        "subject_id",
        Whose.DOCUMENT,
        Kept.PROPOSALS,
        {"proposer_id": PEOPLE, "proposer_role": PEOPLE, "decided_by": PEOPLE},
        refused=Kept.REFUSALS,
    ),
    About(tables.act_batch_line, "document_id", Whose.DOCUMENT, Kept.BATCHES, {"digest": TECHNICAL}),
    About(
        tables.idempotency,
        "actor_id",
        Whose.CITIZEN,
        None,
        {"key_hash": SECRET, "request_hash": SECRET, "answer": TECHNICAL},
        "deux jours",
        "two days",
    ),
    About(
        tables.audit_entry,
        "subject_id",
        Whose.ANYTHING,
        Kept.AUDIT,
        {"actor_id": PEOPLE, "previous": TECHNICAL, "digest": TECHNICAL},
    ),
)
"""In the order in which ids are found: documents, then what hangs on them, then the journal about all of it."""

ABOUT_NOBODY: Final = {
    tables.nonce.name: "freshness of a protocol",
    tables.dpop_proof.name: "freshness of a protocol",
    tables.list_fill.name: "counts",
    tables.list_tombstone.name: "entries whose credential nobody knows any more",
    tables.act_batch.name: "who submitted a file of acts; its lines are told",
    tables.terminal.name: "readers",
    tables.publication.name: "editions",
    tables.lease.name: "processes",
    tables.audit_head.name: "chain",
    tables.audit_checkpoint.name: "chain",
    tables.service_hour.name: "counts",
    tables.terminal_day.name: "counts",
    tables.terminal_report.name: "that a day of some reader was counted",
    tables.opinion_count.name: "counts",
}
"""The other tables, and what they hold."""
