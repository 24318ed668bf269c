"""What an examination of the journal can find, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wallet_api.clock import rfc3339


class Fault(StrEnum):
    """Kinds of tampering."""

    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    REWRITTEN = "rewritten"
    HEAD = "head"
    CHECKPOINT = "checkpoint"
    ACT_EDITED = "act_edited"
    ACT_MISSING = "act_missing"
    ACT_UNTOLD = "act_untold"
    ACT_TWICE = "act_twice"
    LIST_ENTRY = "list_entry"
    PHONE = "phone"
    TERMINAL = "terminal"
    DEVICE_EDITED = "device_edited"
    DEVICE_MISSING = "device_missing"
    DEVICE_UNTOLD = "device_untold"
    DEVICE_OF_ANOTHER = "device_of_another"
    ENTITLEMENT_EDITED = "entitlement_edited"
    ENTITLEMENT_UNTOLD = "entitlement_untold"
    ENTITLEMENT_UNMADE = "entitlement_unmade"
    DOCUMENT = "document"
    BATCH = "batch"
    BALANCE = "balance"


_WORDS: Final = {
    Fault.EDITED: (
        "modifiée ({differs} ne correspond plus à la suite du journal)",
        "edited ({differs} no longer fits the journal)",
    ),
    Fault.MISSING: ("absente", "missing"),
    Fault.INSERTED: ("ajoutée après coup", "inserted afterwards"),
    Fault.REORDERED: ("déplacée : inscrite comme ligne {recorded}", "moved: recorded as row {recorded}"),
    Fault.REWRITTEN: (
        "réécrite : le point de contrôle signé le {moment} atteste une autre empreinte",
        "rewritten: the checkpoint signed at {moment} attests another digest",
    ),
    Fault.HEAD: ("n'est pas celle que la tête du journal annonce", "is not what the journal's head says"),
    Fault.CHECKPOINT: ("point de contrôle {differs}", "checkpoint {differs}"),
    Fault.ACT_EDITED: (
        "l'acte {subject} n'est plus celui qu'elle dit ({differs})",
        "the act {subject} is not the one that it tells ({differs})",
    ),
    Fault.ACT_MISSING: ("l'acte {subject} qu'elle dit a disparu", "the act {subject} that it tells is gone"),
    Fault.ACT_UNTOLD: ("aucune ligne ne dit l'acte {subject}", "no row tells the act {subject}"),
    Fault.ACT_TWICE: (
        "l'acte {subject} répète une décision déjà enregistrée, ou son rang parmi ceux de sa référence est faux",
        "the act {subject} repeats a decision that is recorded already, or its number among those of its reference is wrong",
    ),
    Fault.LIST_ENTRY: (
        "l'état de l'attestation {subject} n'est pas celui que les actes lui donnent ({differs})",
        "the state of credential {subject} is not what the acts make of it ({differs})",
    ),
    Fault.PHONE: (
        "le téléphone {subject} n'est plus dans l'état que le journal dit ({differs})",
        "the phone {subject} is not in the state that the journal tells ({differs})",
    ),
    Fault.DEVICE_EDITED: (
        "l'appareil {subject} n'est plus celui qu'elle enrôle ({differs})",
        "the device {subject} is not the one that it enrols ({differs})",
    ),
    Fault.DEVICE_MISSING: (
        "l'appareil {subject} qu'elle enrôle a disparu, et aucun effacement ne le dit",
        "the device {subject} that it enrols is gone, and no erasure tells of it",
    ),
    Fault.DEVICE_UNTOLD: (
        "aucune ligne n'enrôle l'appareil {subject}",
        "no row enrols the device {subject}",
    ),
    Fault.DEVICE_OF_ANOTHER: (
        "ce que tient le téléphone {subject} n'est pas d'un téléphone enrôlé pour ce dossier ({differs})",
        "what the phone {subject} holds is not of a phone enrolled for that file ({differs})",
    ),
    Fault.ENTITLEMENT_EDITED: (
        "ce qui donnait droit à un téléphone, {subject}, n'est plus ce qu'elle dit ({differs})",
        "what entitled a phone, {subject}, is not what it tells ({differs})",
    ),
    Fault.ENTITLEMENT_UNTOLD: (
        "aucune ligne ne dit ce qui donnerait droit à un téléphone, {subject} ({differs})",
        "no row tells of what would entitle a phone, {subject} ({differs})",
    ),
    Fault.ENTITLEMENT_UNMADE: (
        "elle emploie ce que personne n'a fait, ou qui a déjà servi : {subject} ({differs})",
        "it uses what nobody made, or what was used before: {subject} ({differs})",
    ),
    Fault.DOCUMENT: (
        "le dossier {subject} n'est plus celui qui fut ouvert ({differs})",
        "the file {subject} is not the one that was opened ({differs})",
    ),
    Fault.TERMINAL: (
        "le terminal {subject}, que le journal dit perdu, ne l'est plus",
        "the terminal {subject}, which the journal tells lost, is so no more",
    ),
    Fault.BATCH: (
        "le lot {subject} n'est plus ce que deux personnes ont décidé, ou ce que ses actes en disent ({differs})",
        "the batch {subject} is not what two people decided on, or what its acts say of it ({differs})",
    ),
    Fault.BALANCE: (
        "le solde gardé du permis {subject} n'est pas celui de ses mouvements ({differs})",
        "the stored balance of licence {subject} is not that of its changes ({differs})",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that is not as it was written: its journal and number; `last` where it is a run of rows.

    `differs` says what does not fit, `recorded` under which number a moved row was written, `moment` when the
    checkpoint was signed that convicts (UTC seconds). Where an act or a licence does not fit the journal, `subject` is
    its opaque id, and the number 0 if no row speaks of it.
    """

    authority_id: str
    sequence: int
    fault: Fault
    last: int | None = None
    differs: str | None = None
    recorded: int | None = None
    moment: int | None = None
    subject: str | None = None

    def words(self, language: str = "fr") -> str:
        """One sentence for people."""
        place = f"{self.sequence}" if self.last in {None, self.sequence} else f"{self.sequence}-{self.last}"
        template = _WORDS[self.fault][language != "fr"]
        moment = "?" if self.moment is None else rfc3339(self.moment)
        said = template.format(
            differs=self.differs, recorded=self.recorded, moment=moment, subject=self.subject
        )
        if self.sequence == 0 and self.subject is not None:
            return f"{self.authority_id}{' :' if language == 'fr' else ':'} {said}"
        noun = "ligne" if language == "fr" else "row"
        return (
            f"{self.authority_id}, {noun} {place} : {said}"
            if language == "fr"
            else f"{self.authority_id}, {noun} {place}: {said}"
        )

    def members(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "authority": self.authority_id,
            "sequence": self.sequence,
            "fault": self.fault.value,
            "last": self.last,
            "differs": self.differs,
            "recorded_as": self.recorded,
            "subject": self.subject,
            "checkpoint_at": None if self.moment is None else rfc3339(self.moment),
        }
