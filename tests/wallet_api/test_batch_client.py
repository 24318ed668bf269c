"""The clerk follows a batch: what is drawn is what the service counts."""

from __future__ import annotations

import pytest

from tests.wallet_api.conftest import approve
from tests.wallet_api.test_batches import PATH, submit
from wallet_api.batch_client import follow
from wallet_api.batches.run import run_batches
from wallet_api.official_client import Caller

HEADER = "act,licence_id,decision_reference,committed_on,established_on,offence_class,points"


class Here(Caller):
    """A clerk's connection to the application of the test, which moves on between two looks."""

    def __init__(self, authority) -> None:
        self._authority = authority

    def get(self, path):
        """As the service answers."""
        return self._authority.get(path).json()


def _lines(licence_id: str, count: int) -> str:
    rows = (
        f"withdrawal,{licence_id},LOT-{one},2026-10-12,2026-10-30,contravention_4,1" for one in range(count)
    )
    return "\n".join([HEADER, *rows])


def _drawn(capsys) -> list[str]:
    return [one.partition("] ")[2] for one in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("count", "drawn"),
    [
        (3, ["  0 %  0/3", " 33 %  1/3", " 66 %  2/3", "100 %  3/3"]),
        (7, ["  0 %  0/7", " 14 %  1/7", " 28 %  2/7", " 42 %  3/7", " 57 %  4/7", " 71 %  5/7", " 85 %  6/7", "100 %  7/7"]),
    ],
)  # fmt: skip
def test_count_that_is_drawn_is_that_of_the_lines_done(
    service, wallet, licence_authority, supervisor, capsys, count, drawn
):
    """However the share is rounded."""
    proposed = submit(licence_authority, _lines(wallet.document_id, count))
    approve(supervisor, proposed)
    batch_id = proposed.json()["subject_id"]
    follow(Here(licence_authority), batch_id, pause=lambda _: run_batches(service, 1))
    assert _drawn(capsys)[: count + 1] == drawn


def test_refused_lines_are_counted_and_told(service, wallet, licence_authority, supervisor, capsys):
    """A line that failed is behind us too: the count reaches the total, and says how many."""
    proposed = submit(licence_authority, _lines(wallet.document_id, 2))
    licence_authority.withdraw(wallet.document_id, 1, "LOT-0")
    approve(supervisor, proposed)
    run_batches(service, 10)
    follow(Here(licence_authority), proposed.json()["subject_id"])
    assert _drawn(capsys) == ["100 %  2/2, 1 refusées · refused"]


def test_cancelled_lines_are_counted_as_such(service, wallet, licence_authority, supervisor, capsys):
    """While a batch is undone, the share is of what was looked at, and the count of what was cancelled."""
    proposed = submit(licence_authority, _lines(wallet.document_id, 3))
    approve(supervisor, proposed)
    batch = f"{PATH}/{proposed.json()['subject_id']}"
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    follow(Here(licence_authority), proposed.json()["subject_id"], pause=lambda _: run_batches(service, 1))
    assert _drawn(capsys)[:2] == ["  0 %  0/3 annulées · cancelled", " 33 %  1/3 annulées · cancelled"]
