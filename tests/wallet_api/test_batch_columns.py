"""The columns of a batch: told to who fills the file in, the same that are read, and named where a line is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.wallet_api.conftest import approve
from tests.wallet_api.test_batches import PATH, submit
from wallet_api.__main__ import main
from wallet_api.batch_client import in_words
from wallet_api.batches.columns import ACT_COLUMNS, ALWAYS, COLUMNS, blamed, described, example_of
from wallet_api.batches.read_file import ACTS, read_file
from wallet_api.batches.run import run_batches
from wallet_api.problems import PROBLEMS

PAGE = Path(__file__).resolve().parents[2] / "wallet_api" / "EXPLOITATION.md"
(SAMPLE,) = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
EXAMPLE_ID = "019a4b7c5e2070318a4d6f0b2c9e1d57"
NOT_IN_A_FILE = {"withdrawal": {"offences"}, "suspension": {"ends"}}
"""Members that a table has no cell for, or that speak of another act."""
HEADER = "act,licence_id,decision_reference,committed_on,established_on,points,offence_class,offence,from,until,decided_by,first_day,last_day"
NAMES = HEADER.split(",")
GOOD = {
    "act": "withdrawal",
    "decision_reference": "LOT-1",
    "committed_on": "2026-10-12",
    "established_on": "2026-10-30",
    "points": "3",
    "offence_class": "contravention_4",
}
STOPPED = {"act": "suspension", "decision_reference": "LOT-1", "from": "2026-12-01", "until": "2027-01-01"}
COURSE = {"act": "course", "decision_reference": "LOT-1", "first_day": "2026-10-01", "last_day": "2026-10-02"}


def _file(*lines: dict[str, str]) -> str:
    return "\n".join([HEADER, *(",".join(one.get(name, "") for name in NAMES) for one in lines)])


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
    unknown = submit(licence_authority, SAMPLE, dry_run=True).json()
    assert {(one["code"], *one["columns"]) for one in unknown["problems"]} == {("not-found", "licence_id")}


@pytest.mark.parametrize(
    ("line", "code", "columns"),
    [
        (GOOD | {"established_on": "12/10/2026"}, "content-refused", ["established_on"]),
        (GOOD | {"committed_on": "2026-13-01", "points": "many"}, "content-refused", ["committed_on", "points"]),
        (GOOD | {"decision_reference": "L1"}, "content-refused", ["decision_reference"]),
        (GOOD | {"decision_reference": ""}, "content-refused", ["decision_reference"]),
        (GOOD | {"act": "flogging"}, "content-refused", ["act"]),
        (GOOD | {"licence_id": "ZZ-camille"}, "content-refused", ["licence_id"]),
        (GOOD | {"act": "", "licence_id": ""}, "content-refused", ["act", "licence_id"]),
        (GOOD | {"offence_class": "contravention_9"}, "content-refused", ["offence_class"]),
        (GOOD | {"points": "", "offence_class": ""}, "content-refused", ["offence", "points", "offence_class"]),
        (GOOD | {"decision_reference": "L" * 201}, "content-refused", ["decision_reference"]),
        (GOOD | {"until": "2027-01-01"}, "content-refused", ["until"]),
        (GOOD | {"points": "5", "offence_class": "delit"}, "points-not-of-class", ["points", "offence_class"]),
        (GOOD | {"offence": "no_such_offence"}, "offence-contradicted", ["offence"]),
        (GOOD | {"licence_id": "0" * 32}, "not-found", ["licence_id"]),
        (GOOD | {"decision_reference": "TAKEN-1"}, "decision-already-recorded", ["decision_reference"]),
        (STOPPED | {"until": "20261201000000"}, "content-refused", ["until"]),
        (STOPPED | {"until": "2026-11-20"}, "dates-out-of-order", ["from", "until"]),
        (STOPPED | {"decided_by": "prefect", "until": "2027-12-01"}, "measure-too-long", ["until"]),
        (COURSE | {"last_day": "2026-10-09"}, "course-days", ["first_day", "last_day"]),
    ],
)  # fmt: skip
def test_rehearsal_names_the_columns_of_a_fault(wallet, licence_authority, line, code, columns):
    """By their declared names, and nothing of what they hold; the client prints them."""
    licence_authority.withdraw(wallet.document_id, 1, "TAKEN-1")
    answer = submit(licence_authority, _file({"licence_id": wallet.document_id, **line}), dry_run=True)
    (problem,) = answer.json()["problems"]
    assert (problem["code"], problem["columns"]) == (code, columns)
    spoken = in_words(problem)
    assert spoken.endswith(f"[{', '.join(columns)}]")
    assert problem["en"] in spoken
    held = {cell for name, cell in line.items() if name in columns and len(cell) > 2 and cell not in NAMES}
    assert not [cell for cell in held if cell in answer.text or cell in spoken]


def test_line_of_another_length_names_no_column(wallet, licence_authority):
    """The fault is the line's: nobody knows which cell is missing."""
    content = f"{HEADER}\nwithdrawal,{wallet.document_id}"
    (problem,) = submit(licence_authority, content, dry_run=True).json()["problems"]
    assert (problem["code"], problem["columns"]) == ("content-refused", [])
    assert in_words(problem).endswith("(content-refused)")


def test_batch_under_way_names_the_columns_too(service, wallet, licence_authority, supervisor):
    """A line that became unlawful after its rehearsal."""
    proposed = submit(licence_authority, _file({"licence_id": wallet.document_id, **GOOD}))
    licence_authority.withdraw(wallet.document_id, 2, "LOT-1")
    approve(supervisor, proposed)
    run_batches(service, 10)
    (problem,) = licence_authority.get(f"{PATH}/{proposed.json()['subject_id']}").json()["problems"]
    assert (problem["code"], problem["columns"]) == ("decision-already-recorded", ["decision_reference"])


def test_only_declared_columns_of_the_act_are_blamed():
    """Whatever problem, whatever a table holds for an act."""
    for code in PROBLEMS:
        for act in (*ACT_COLUMNS, "flogging"):
            own = ACT_COLUMNS[act].all if act in ACT_COLUMNS else ALWAYS
            assert {*blamed(code, act)} <= {*own}
