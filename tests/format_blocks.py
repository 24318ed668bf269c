"""The generated blocks of credentials/FORMAT.md: the claim table, the sizes, the worked example.

`python -m tests.format_blocks` writes them; tests/credentials/test_format.py compares them byte for byte.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from credentials import claims, credential, envelope, presentation, qr_text
from credentials.claim_table import ROWS, VIEW_ROWS
from credentials.claims import Claims, StatusReference
from credentials.cose_key import key_id
from credentials.driving_licence import DrivingPrivilege, Proof
from credentials.envelope import Presentation, Shown
from credentials.person import BirthDate
from credentials.presentation import KeyBinding
from credentials.spec import ES256, Audience, Form
from credentials.views import View
from tests import simulated_keys, sizes

FORMAT: Final = Path(__file__).parent.parent / "credentials" / "FORMAT.md"
ISSUED_AT: Final = 1_793_491_200  # 2026-11-01T00:00:00Z
SHOWN_AT: Final = 1_793_527_191  # 2026-11-01T09:59:51Z
SUBJECT: Final = Proof(
    "MARTIN",
    "Camille Élise",
    BirthDate(1990, 3, 14),
    (DrivingPrivilege("B", date(2010, 6, 2), None, ("01.06",)), DrivingPrivilege("A1", date(2012, 4, 1))),
    date(2036, 6, 2),
)


def claim_table() -> str:
    """Every claim of every document, from the rows that make both codecs."""
    lines = [
        "| CBOR | JSON | Type | Views (optional in brackets) | ISO 18013-5 | Source |",
        "|---|---|---|---|---|---|",
    ]
    for row in ROWS.values():
        views = ", ".join(
            f"({view})" if row.field in rows.optional else str(view)
            for view, rows in VIEW_ROWS.items()
            if row in rows.rows
        )
        lines.append(
            f"| {row.key} | `{row.field}` | {row.type.name} | {views} | {row.iso or '-'} | {row.source} |"
        )
    return "\n".join(lines)


def example_stages() -> dict[str, str]:
    """Name -> what stands at that arrow, as hexadecimal or text."""
    issuer, phone = simulated_keys.signer_key("licence documents"), simulated_keys.phone_key(0)
    statement = Claims(
        View.PROOF,
        ISSUED_AT,
        ISSUED_AT + 14 * 86_400,
        simulated_keys.point_of(phone),
        StatusReference("https://lp.example/s/l/1", 77_777),
        SUBJECT,
    )
    unsigned = credential.prepare(
        Form.CBOR, statement, algorithm=ES256, key_id=key_id(simulated_keys.public_of(issuer))
    )
    issued = unsigned.with_signature(simulated_keys.sign(issuer, unsigned.to_be_signed))
    shown = presentation.prepare(Form.CBOR, issued, KeyBinding(Audience.ANYONE, SHOWN_AT))
    presented = shown.with_signature(simulated_keys.sign(phone, shown.to_be_signed))
    content = envelope.encode(Presentation(Shown(Form.CBOR, View.PROOF, presented)))
    return {
        "Payload": claims.encode_cbor(statement).hex(),
        "To be signed by the issuer": unsigned.to_be_signed.hex(),
        "Credential": issued.hex(),
        "To be signed by the device": shown.to_be_signed.hex(),
        "Presentation": presented.hex(),
        "Envelope": content.hex(),
        "Text": qr_text.encode(content),
    }


def example() -> str:
    """The worked example as Markdown."""
    issuer = simulated_keys.public_of(simulated_keys.signer_key("licence documents"))
    parts = [
        (
            f"Issuer key id `{key_id(issuer).hex()}`, device key `{simulated_keys.point_of(simulated_keys.phone_key(0)).hex()}`;"
            " shown at 2026-11-01T09:59:51Z."
        )
    ]
    for name, text in example_stages().items():
        wrapped = "\n".join(text[at : at + 96] for at in range(0, len(text), 96))
        parts.append(f"{name}:\n\n```\n{wrapped}\n```")
    return "\n\n".join(parts)


BLOCKS: Final[dict[str, Callable[[], str]]] = {
    "claims": claim_table,
    "sizes": sizes.table,
    "example": example,
}


def filled(text: str) -> str:
    """The file's text with each generated block made anew."""
    for name, make in BLOCKS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        block = f"{begin}\n\n{textwrap.dedent(make())}\n\n{end}"
        text = pattern.sub(lambda _, block=block: block, text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    FORMAT.write_text(filled(FORMAT.read_text("utf-8")), "utf-8")
