"""One code of a vector, stage by stage, with one fault where a case asks for it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from credentials import claims as claims_codec
from credentials import envelope
from credentials.claims import Claims
from credentials.envelope import Shown
from credentials.spec import Audience, Form
from credentials.views import VIEW_BY_SUBJECT, VIEW_SPECS, Subject, View
from tests.simulated_authority import (
    DAY,
    INSTANT,
    SimulatedAuthority,
    SimulatedReader,
    SimulatedSigner,
    reader,
)
from tests.simulated_phone import SimulatedPhone, enveloped, sealed_to, text_of

AUTHORITY: Final = SimulatedAuthority()
YESTERDAY: Final = INSTANT - DAY
Stages = dict[str, Any]


def show(
    subject: Subject,
    *,
    form: Form = Form.CBOR,
    paper: bool = False,
    phone: int = 0,
    shown_by: int | None = None,
    audience: str | None = None,
    shown_at: int = INSTANT,
    nonce: bytes | None = None,
    signer: SimulatedSigner | None = None,
    seal_to: Audience | SimulatedReader | None = None,
    unsealed: bool = False,
    claims: Mapping[str, Any] | None = None,
    issue: Mapping[str, Any] | None = None,
    present: Mapping[str, Any] | None = None,
    seal: Mapping[str, Any] | None = None,
    content: Callable[[bytes], bytes] | None = None,
    announce: Mapping[str, Any] | None = None,
    items: Callable[[list[Any]], Any] | None = None,
    envelope_bytes: Callable[[bytes], bytes] | None = None,
    text: Callable[[str], str] | None = None,
    other: Subject | None = None,
) -> Stages:
    """The stages of a code. Views that travel sealed are sealed to their audience unless `unsealed`.

    `claims`, `issue`, `present` and `seal` go to the simulated authority and phone. `announce` replaces view or form in
    the envelope, `content` changes what is sealed, `items` the envelope's array in place, `envelope_bytes` and `text` what
    comes after. `other` is presented in place of the credential after the phone has signed.
    """
    spec = VIEW_BY_SUBJECT[type(subject)]
    facts: dict[str, Any] = {"issued_at": YESTERDAY, "phone": None if paper else phone} | dict(claims or {})
    statement = AUTHORITY.claims(subject, **facts)
    credential = AUTHORITY.issue(statement, form, signer=signer, **(issue or {}))
    stages: Stages = {}
    if not {"edit", "raw_payload", "shown_payload"} & (issue or {}).keys():
        stages["claims"] = claims_json(statement)
    stages["credential"] = _text(credential)
    body: bytes = credential
    if not paper:
        faults = dict(present or {})
        if other is not None:
            swapped = AUTHORITY.claims(other, **facts)
            faults["shown_credential"] = AUTHORITY.issue(swapped, form, signer=signer)
        holder = SimulatedPhone(phone if shown_by is None else shown_by)
        body = holder.present(
            credential, form, audience=audience or spec.audience, at=shown_at, nonce=nonce, **faults
        )
        stages["presentation"] = _text(body)
    kind = 1 if paper else 2
    announced = {"form": int(form), "view": spec.number} | dict(announce or {})
    if (spec.sealed or seal_to is not None) and not unsealed:
        key = seal_to if isinstance(seal_to, SimulatedReader) else reader(seal_to or spec.audience)
        plain = envelope.encode_shown(Shown(form, spec.view, body))
        plain = plain if content is None else content(plain)
        stages["sealed_content"] = _text(plain)
        whole = bytes(sealed_to(key, plain, **(seal or {})))
        if items is not None:
            whole = _edited(whole, items)
    else:
        array = [1, kind, announced["form"], announced["view"], body]
        replaced = None if items is None else items(array)
        whole = bytes(enveloped(array if replaced is None else replaced))
    whole = whole if envelope_bytes is None else envelope_bytes(whole)
    spelt = str(text_of(whole))
    stages["text"] = spelt if text is None else text(spelt)
    return stages


def _edited(whole: bytes, items: Callable[[list[Any]], Any]) -> bytes:
    from credentials import cbor

    array: Any = cbor.decode(whole[:-4])
    replaced = items(array)
    return bytes(enveloped(array if replaced is None else replaced))


def claims_json(statement: Claims) -> Any:
    """The claims as the JWT form spells them, whichever form is signed."""
    return json.loads(claims_codec.encode_json(statement))


def view_number(view: View) -> int:
    """The number of a view in envelopes."""
    return VIEW_SPECS[view].number


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")
