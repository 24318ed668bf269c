"""credentials/FORMAT.md says what the code does: its tables and its worked example are made anew and compared."""

from __future__ import annotations

from credentials import credential, envelope, presentation, qr_text
from credentials.envelope import Presentation
from credentials.spec import Audience, Form
from tests.format_blocks import FORMAT, SHOWN_AT, SUBJECT, example_stages, filled
from tests.simulated_authority import SimulatedAuthority, moment
from verifier.verify import Verifier


def test_generated_blocks_equal_what_the_code_makes() -> None:
    """Claim table, sizes and example of FORMAT.md are current; else `python -m tests.format_blocks`."""
    text = FORMAT.read_text("utf-8")
    assert filled(text) == text


def test_worked_example_reads_back_to_its_subject() -> None:
    """Walking the printed stages backwards gives the person that went in."""
    stages = example_stages()
    content = envelope.decode(qr_text.decode(stages["Text"]))
    assert isinstance(content, Presentation)
    shown = presentation.read(Form.CBOR, content.shown.body)
    issued = credential.read(Form.CBOR, shown.credential)
    assert shown.credential.hex() == stages["Credential"]
    assert issued.payload.hex() == stages["Payload"]
    assert issued.decode_claims().subject == SUBJECT


def test_worked_example_is_valid_for_a_terminal_that_trusts_its_issuer() -> None:
    """The text printed in FORMAT.md verifies, bytes as printed."""
    printed = "".join(
        FORMAT.read_text("utf-8").rsplit("Text:\n\n```\n", 1)[1].split("\n```", 1)[0].split("\n")
    )
    assert printed == example_stages()["Text"]
    assert Verifier(SimulatedAuthority().snapshot(Audience.ANYONE)).verify(printed, at=moment(SHOWN_AT + 9))
