"""The columns of a batch: told to who fills the file in, the same that are read, and named where a line is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.wallet_api.test_batches import PATH, submit
from wallet_api.__main__ import main
from wallet_api.batches.columns import ACT_COLUMNS, ALWAYS, COLUMNS, described, example_of
from wallet_api.batches.read_file import ACTS, read_file

PAGE = Path(__file__).resolve().parents[2] / "wallet_api" / "EXPLOITATION.md"
(SAMPLE,) = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
EXAMPLE_ID = "019a4b7c5e2070318a4d6f0b2c9e1d57"
NOT_IN_A_FILE = {"withdrawal": {"offences"}, "suspension": {"ends"}}
"""Members that a table has no cell for, or that speak of another act."""


def test_columns_that_are_told_are_those_of_the_acts():
    """Each act's members, needed and optional apart, are its columns; nothing else is a column."""
    assert {*ACT_COLUMNS} == {*ACTS}
    for act, body in ACTS.items():
        fields = {one.alias or name: one.is_required() for name, one in body.model_fields.items()}
        for name in NOT_IN_A_FILE.get(act, ()):
            assert fields.pop(name) is False
        told = ACT_COLUMNS[act]
        assert {*told.needed} == {name for name, needed in fields.items() if needed}
        assert {*told.optional} == {name for name, needed in fields.items() if not needed}
    assert {name for one in ACT_COLUMNS.values() for name in one.all} == COLUMNS


@pytest.mark.parametrize("act", ACT_COLUMNS)
def test_example_of_each_act_is_a_file(act):
    """As it is shown."""
    (line,) = read_file(example_of(act).encode())
    assert (line.act, line.licence_id, line.problem) == (act, EXAMPLE_ID, None)
    assert {*json.loads(line.content)} <= {*ACT_COLUMNS[act].all}


def test_help_tells_columns_and_examples_in_both_languages(capsys):
    """`wallet-api batch --help`."""
    with pytest.raises(SystemExit):
        main(["batch", "--help"])
    told = capsys.readouterr().out
    assert described() in told
    for act, one in ACT_COLUMNS.items():
        assert (one.fr in told, one.en in told) == (True, True)
        assert all(line in told for line in example_of(act).splitlines())
    assert all(re.search(rf"^  {name} +\S", told, re.MULTILINE) for name in COLUMNS)


def test_description_of_the_interface_tells_the_columns(application):
    """As the command line does."""
    operation = application.openapi()["paths"][PATH]["post"]
    told = operation["requestBody"]["content"]["text/csv"]["schema"]["description"]
    for act, one in ACT_COLUMNS.items():
        assert f"| {act} | {', '.join((*ALWAYS, *one.needed))} | {', '.join(one.optional)} |" in told


@pytest.mark.postgres
def test_sample_of_the_page_is_a_batch(wallet, licence_authority):
    """The operator's page shows a file whose every line would be done, once it names a licence of this service."""
    assert EXAMPLE_ID in SAMPLE
    answer = submit(licence_authority, SAMPLE.replace(EXAMPLE_ID, wallet.document_id), dry_run=True)
    assert (answer.status_code, answer.json()["problems"]) == (200, [])
