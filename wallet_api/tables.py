"""The tables. SQL that works on SQLite and on PostgreSQL alike: no triggers, stored functions or sequences.

- The authority id comes first in every primary key, unique and foreign key, so that authorities can be spread over
  machines. Protocol freshness (nonces, DPoP proofs) belongs to no authority and is keyed by a hash.
- Instants are UTC seconds, civil days are ISO texts.
- `points_entry`, `measure` and `audit_entry` are append-only: a mistake is put right by another row.
- No table holds a name, a NIR, a NEPH or a licence number; `registry_reference` is the registry's own opaque key, and
  the two domains share none (france.md, section 11).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_ID: Final = String(32)
_HASH: Final = String(64)
_WORD: Final = String(32)
_REFERENCE: Final = String(80)
_DAY: Final = String(10)


def _authority() -> Column[str]:
    return Column("authority_id", _WORD, nullable=False)


document: Final = Table(
    "document",
    metadata,
    _authority(),
    Column("document_id", _ID, nullable=False),
    Column("document_type", _WORD, nullable=False),
    Column("registry_reference", _REFERENCE, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    PrimaryKeyConstraint("authority_id", "document_id"),
    UniqueConstraint("authority_id", "document_type", "registry_reference"),
)
"""A licence or a card that the service may issue. Every act of authority on it raises `version`."""


def _of_document() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["authority_id", "document_id"], ["document.authority_id", "document.document_id"]
    )


offer: Final = Table(
    "offer",
    metadata,
    _authority(),
    Column("offer_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("code_hash", _HASH, nullable=False),
    Column("tx_code_hash", _HASH),
    Column("attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("taken_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "offer_id"),
    UniqueConstraint("authority_id", "code_hash"),
    _of_document(),
    Index("ix_offer_document", "authority_id", "document_id"),
)

wallet: Final = Table(
    "wallet",
    metadata,
    _authority(),
    Column("wallet_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("thumbprint", _HASH, nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("paused_at", BigInteger),
    Column("lost_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "wallet_id"),
    _of_document(),
    Index("ix_wallet_document", "authority_id", "document_id"),
)
"""One phone that took up one document; its DPoP key by thumbprint. Two documents on one phone are two rows."""

grant: Final = Table(
    "access_grant",
    metadata,
    _authority(),
    Column("token_hash", _HASH, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("wallet_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "token_hash"),
    ForeignKeyConstraint(["authority_id", "wallet_id"], ["wallet.authority_id", "wallet.wallet_id"]),
    Index("ix_access_grant_expires_at", "expires_at"),
    Index("ix_access_grant_wallet", "authority_id", "wallet_id"),
)
"""Access and refresh tokens (RFC 6749), hashed; a refresh token is used once."""

nonce: Final = Table(
    "nonce",
    metadata,
    Column("nonce_hash", _HASH, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("nonce_hash"),
    Index("ix_nonce_expires_at", "expires_at"),
)

dpop_proof: Final = Table(
    "dpop_proof",
    metadata,
    Column("proof_hash", _HASH, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("proof_hash"),
    Index("ix_dpop_proof_expires_at", "expires_at"),
)
"""DPoP proofs seen (key and `jti`, RFC 9449 section 11.1), kept as long as they could be played again."""

credential: Final = Table(
    "credential",
    metadata,
    _authority(),
    Column("credential_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("wallet_id", _ID, nullable=False),
    Column("batch_id", _ID, nullable=False),
    Column("view", _WORD, nullable=False),
    Column("form", Integer, nullable=False),
    Column("paper", Integer, nullable=False),
    Column("device_key_hash", _HASH),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("points_list", Integer),
    Column("points_index", Integer),
    Column("signer_key_id", LargeBinary(8), nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("grants", Text, nullable=False),
    PrimaryKeyConstraint("authority_id", "credential_id"),
    UniqueConstraint("authority_id", "status_list", "status_index"),
    UniqueConstraint("authority_id", "points_list", "points_index"),
    UniqueConstraint("authority_id", "device_key_hash"),
    _of_document(),
    ForeignKeyConstraint(["authority_id", "wallet_id"], ["wallet.authority_id", "wallet.wallet_id"]),
    CheckConstraint("state IN ('reserved', 'issued', 'unissued')", name="state"),
    Index("ix_credential_document", "authority_id", "document_id"),
    Index("ix_credential_wallet", "authority_id", "wallet_id"),
    Index("ix_credential_expires_at", "authority_id", "expires_at"),
)
"""One row for each credential, written before it is signed. A row left `reserved` or `unissued` keeps its indexes."""

list_fill: Final = Table(
    "list_fill",
    metadata,
    _authority(),
    Column("kind", _WORD, nullable=False),
    Column("list_number", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    PrimaryKeyConstraint("authority_id", "kind", "list_number"),
)
"""How many indexes of each list are taken; a list that is half full is followed by the next."""

status_cause: Final = Table(
    "status_cause",
    metadata,
    _authority(),
    Column("cause_id", _ID, nullable=False),
    Column("credential_id", _ID, nullable=False),
    Column("cause_class", _WORD, nullable=False),
    Column("value", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("reason_class", _WORD),
    Column("origin_id", _ID, nullable=False),
    Column("lifted_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "cause_id"),
    UniqueConstraint("authority_id", "credential_id", "origin_id"),
    ForeignKeyConstraint(
        ["authority_id", "credential_id"], ["credential.authority_id", "credential.credential_id"]
    ),
    CheckConstraint("value IN (1, 2, 3)", name="value"),
    Index("ix_status_cause_origin", "authority_id", "origin_id"),
    # What changed lately is asked for all authorities at once, by the background loop.
    Index("ix_status_cause_since", "since"),
    Index("ix_status_cause_until", "until"),
    Index("ix_status_cause_lifted_at", "lifted_at"),
)
"""Why a credential is not plainly valid. Its status entry is the gravest cause in force, recomputed each time."""

measure: Final = Table(
    "measure",
    metadata,
    _authority(),
    Column("measure_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("decision_reference", _REFERENCE, nullable=False),
    Column("reuse", Integer, nullable=False, server_default="0"),
    Column("subject", _WORD, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("reason_class", _WORD),
    Column("imposed_by", _WORD),
    Column("lifts_id", _ID),
    Column("attempt", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("released_at", BigInteger, nullable=False),
    Column("actor_id", _ID, nullable=False),
    PrimaryKeyConstraint("authority_id", "measure_id"),
    UniqueConstraint("authority_id", "decision_reference", "reuse"),
    UniqueConstraint("authority_id", "lifts_id", "attempt"),
    _of_document(),
    CheckConstraint(
        "kind IN ('suspension', 'revocation', 'retention', 'restriction', 'annulment', 'title_loss',"
        " 'title_theft', 'lift', 'voiding', 'cancellation')",
        name="kind",
    ),
    Index("ix_measure_document", "authority_id", "document_id"),
    Index("ix_measure_released_at", "released_at"),
)
"""Acts on the right or the title; append-only. A row counts from `released_at` on, unless a `cancellation` names it in
`lifts_id` before. A measure is lifted once, by a lift or by a court's measure, and may be voided afterwards; `attempt`
counts the earlier rows that name it, `reuse` the cancelled ones with its reference (`decided_once.py`). `imposed_by` tells the police's, the prefect's and a court's measures apart."""

act_proposal: Final = Table(
    "act_proposal",
    metadata,
    _authority(),
    Column("proposal_id", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("subject_id", _REFERENCE, nullable=False),
    Column("payload", Text, nullable=False),
    Column("proposer_id", _ID, nullable=False),
    Column("proposer_role", _WORD, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("decided_by", _ID),
    Column("decided_at", BigInteger),
    Column("outcome", _WORD),
    Column("act_id", _ID),
    Column("released_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "proposal_id"),
    CheckConstraint("outcome IN ('approved', 'refused')", name="outcome"),
    Index("ix_act_proposal_subject", "authority_id", "subject_id"),
)
"""Acts that wait for a second person. `payload` is canonical JSON; `act_id` is what the approval recorded."""

act_batch: Final = Table(
    "act_batch",
    metadata,
    _authority(),
    Column("batch_id", _ID, nullable=False),
    Column("proposer_id", _ID, nullable=False),
    Column("proposer_role", _WORD, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("total", Integer, nullable=False),
    Column("approved_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("cancelled_at", BigInteger),
    Column("cancelled_by", _ID),
    PrimaryKeyConstraint("authority_id", "batch_id"),
)
"""Many acts that one person submitted together; they are done once a second person approved.

From `cancelled_at` on its lines are undone as far as their acts can still be cancelled, and no other line is done.
"""

act_batch_line: Final = Table(
    "act_batch_line",
    metadata,
    _authority(),
    Column("batch_id", _ID, nullable=False),
    Column("line", Integer, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("act", _WORD, nullable=False),
    Column("content", Text, nullable=False),
    Column("outcome", _WORD),
    Column("problem", _WORD),
    Column("act_id", _ID),
    Column("digest", _HASH),
    PrimaryKeyConstraint("authority_id", "batch_id", "line"),
    ForeignKeyConstraint(["authority_id", "batch_id"], ["act_batch.authority_id", "act_batch.batch_id"]),
    CheckConstraint("outcome IN ('done', 'failed', 'cancelled')", name="outcome"),
    Index("ix_act_batch_line_document", "authority_id", "document_id"),
)
"""A line of a batch by its number in the file. `outcome` is written in the transaction that records the act; `digest` is of
what it asks (`batches/digests.py`), None in one of an older release."""

mandate: Final = Table(
    "mandate",
    metadata,
    _authority(),
    Column("mandate_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("giver_id", _ID, nullable=False),
    Column("aidant_id", _ID, nullable=False),
    Column("second_hash", _HASH, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "mandate_id"),
    _of_document(),
    # An aidant's mandates are asked for with both authorities at once.
    Index("ix_mandate_aidant", "aidant_id"),
    Index("ix_mandate_document", "authority_id", "document_id"),
    Index("ix_mandate_giver", "authority_id", "giver_id"),
)
"""What a person lets an aidant do about one document. `giver_id` is the person's pseudonym with this authority;
`second_hash` that of the second part of every activation code made under it."""

activation: Final = Table(
    "activation",
    metadata,
    _authority(),
    Column("activation_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("code_hash", _HASH, nullable=False),
    Column("second_hash", _HASH),
    Column("attempts", Integer, nullable=False),
    Column("mandate_id", _ID),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("actor_id", _ID, nullable=False),
    PrimaryKeyConstraint("authority_id", "activation_id"),
    UniqueConstraint("authority_id", "code_hash"),
    _of_document(),
    Index("ix_activation_document", "authority_id", "document_id"),
    Index("ix_activation_mandate", "authority_id", "mandate_id"),
    Index("ix_activation_actor", "authority_id", "actor_id", "created_at"),
)
"""Codes on paper, worth one offer until `expires_at` or `ended_at`: used, replaced or withdrawn. `attempts` counts wrong
second parts."""

points_entry: Final = Table(
    "points_entry",
    metadata,
    _authority(),
    Column("entry_id", _ID, nullable=False),
    Column("document_id", _ID, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("decision_reference", _REFERENCE, nullable=False),
    Column("reuse", Integer, nullable=False, server_default="0"),
    Column("points", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("first_day", _DAY),
    Column("last_day", _DAY, nullable=False),
    Column("offence_class", _WORD),
    Column("offence", _WORD),
    Column("stop_reference", _REFERENCE),
    Column("terms", _WORD),
    Column("annuls_id", _ID),
    Column("attempt", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("released_at", BigInteger, nullable=False),
    Column("actor_id", _ID, nullable=False),
    PrimaryKeyConstraint("authority_id", "entry_id"),
    UniqueConstraint("authority_id", "decision_reference", "reuse"),
    UniqueConstraint("authority_id", "annuls_id", "attempt"),
    UniqueConstraint("authority_id", "document_id", "sequence"),
    _of_document(),
    CheckConstraint(
        "kind IN ('opening', 'loss', 'course', 'training', 'annulment', 'category_added', 'earlier_zero', "
        "'invalidation_notified', 'handed_in', 'cancellation', 'settled')",
        name="kind",
    ),
    CheckConstraint("points >= 0 AND points <= 12", name="points"),
    Index("ix_points_entry_released_at", "released_at"),
)
"""The ledger, in the order of `sequence` for each licence; append-only. A row counts from `released_at` on, unless a
`cancellation` names it in `annuls_id`; `attempt` counts the earlier rows that name the same one, `reuse` the cancelled ones
with its reference (`decided_once.py`).

`last_day` is the Paris day from which the law knows of it: a loss is established, a course ends. `first_day` is that of
the offence, of the course, or, of an opening, of the licence. `terms` is the regime of an opening, or category and way of
learning of a `category_added`. `points` of an opening are those missing of which nothing else is known. `applied` is the
change of the balance that the row made when it was recorded; the balance follows from the facts, not from its sum.
Rows of kind `settled` were written before the ledger knew the law; the opening carries what they amounted to.
"""

points_balance: Final = Table(
    "points_balance",
    metadata,
    _authority(),
    Column("document_id", _ID, nullable=False),
    Column("balance", Integer, nullable=False),
    Column("cap", Integer, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("invalid_since", BigInteger),
    Column("probation_end", _DAY),
    Column("next_change_at", BigInteger),
    Column("as_of", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("authority_id", "document_id"),
    _of_document(),
    CheckConstraint("balance >= 0 AND balance <= cap AND cap <= 12", name="balance"),
    CheckConstraint("state IN ('VALIDE', 'INVALIDE')", name="state"),
    Index("ix_points_balance_next_change_at", "authority_id", "next_change_at"),
)
"""What the engine said of each licence at `as_of` (Code de la route L223-1). It holds until `next_change_at`: the next
milestone of the law or the next release of a row, NULL for never. `probation_end` is NULL outside probation."""

terminal: Final = Table(
    "terminal",
    metadata,
    _authority(),
    Column("terminal_id", _REFERENCE, nullable=False),
    Column("profile", _WORD, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("mirror_hash", _HASH),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("lost_at", BigInteger),
    PrimaryKeyConstraint("authority_id", "terminal_id"),
    UniqueConstraint("authority_id", "mirror_hash"),
)

publication: Final = Table(
    "publication",
    metadata,
    _authority(),
    Column("edition", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("holder", _REFERENCE),
    Column("fencing", BigInteger),
    PrimaryKeyConstraint("authority_id", "edition"),
)
"""Editions of the published lists; a number is never used twice, even when publishing failed. `holder` and `fencing`
are those of the lease under which the number was taken."""

list_tombstone: Final = Table(
    "list_tombstone",
    metadata,
    _authority(),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "status_list", "status_index"),
)
"""Entries that were published as revoked by a service that was then restored from an older backup: of the act, and often
of the credential, nothing is known here, and the entry stays revoked."""

lease: Final = Table(
    "lease",
    metadata,
    _authority(),
    Column("name", _WORD, nullable=False),
    Column("holder", _REFERENCE, nullable=False),
    Column("fencing", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "name"),
)
"""What one process at a time does: who (machine, process, a random word), under which number, until when by the
database's own clock."""

idempotency: Final = Table(
    "idempotency",
    metadata,
    _authority(),
    Column("key_hash", _HASH, nullable=False),
    Column("request_hash", _HASH, nullable=False),
    Column("actor_id", _ID, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "key_hash"),
    Index("ix_idempotency_actor", "authority_id", "actor_id", "recorded_at"),
)
"""Answers to requests that must act once, kept for two days; `counted` is 1 for a single act of its actor."""

audit_entry: Final = Table(
    "audit_entry",
    metadata,
    _authority(),
    Column("sequence", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("actor_id", _ID, nullable=False),
    Column("act", _WORD, nullable=False),
    Column("subject_id", _REFERENCE, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", _HASH, nullable=False),
    Column("digest", _HASH, nullable=False),
    PrimaryKeyConstraint("authority_id", "sequence"),
    Index("ix_audit_entry_subject", "authority_id", "subject_id"),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    _authority(),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", _HASH, nullable=False),
    PrimaryKeyConstraint("authority_id"),
)
"""Last link of each chain; locking this row orders those who append."""

audit_checkpoint: Final = Table(
    "audit_checkpoint",
    metadata,
    _authority(),
    Column("edition", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", _HASH, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("message", LargeBinary, nullable=False),
    PrimaryKeyConstraint("authority_id", "edition"),
)
"""How far each chain had come at a publication, signed (FORMAT.md, section 8)."""

service_hour: Final = Table(
    "service_hour",
    metadata,
    _authority(),
    Column("hour", BigInteger, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("subject", _WORD, nullable=False),
    Column("value", _WORD, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "hour", "kind", "subject", "value"),
)
"""What the processes answered, by hour: `answer` and `latency` of a group of addresses, and each `minute` that was lived."""

terminal_day: Final = Table(
    "terminal_day",
    metadata,
    _authority(),
    Column("day", _DAY, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("profile", _WORD, nullable=False),
    Column("value", _WORD, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "day", "kind", "profile", "value"),
)
"""Sums of what terminals reported of their own accord: verdicts by reason, opinions by mark."""

terminal_report: Final = Table(
    "terminal_report",
    metadata,
    _authority(),
    Column("mark", _HASH, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "mark"),
)
"""That a terminal's day was counted: a digest of its secret, which nobody else knows, and the day."""

opinion_count: Final = Table(
    "opinion_count",
    metadata,
    _authority(),
    Column("day", _DAY, nullable=False),
    Column("topic", _WORD, nullable=False),
    Column("note", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("authority_id", "day", "topic", "note"),
)
"""Opinions of the public by day, topic and note; of whom they are is nowhere."""
