"""Our own vectors, each through the library, the command line and, where it has one, its picture."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from base64 import b64decode
from collections import defaultdict
from pathlib import Path

import pytest

from credentials import claims as claims_codec
from credentials import credential, envelope, presentation, qr_text
from credentials.spec import Form
from tests.vectors import build
from tests.vectors.own_vectors import judge, member, read_all, read_store, set_up_store
from tests.vectors.pictures import draw
from verifier import __main__ as command_line
from verifier.camera import read_image
from verifier.errors import PictureError
from verifier.reasons import Reason

ROOT = Path(__file__).resolve().parent.parent
VECTORS = read_all()
BY_ID = {vector["id"]: vector for vector in VECTORS}
WITH_TEXT = [one["id"] for one in VECTORS if "text" in one["stages"]]
WITH_PICTURE = [one["id"] for one in VECTORS if one["picture"]]
# Reasons that no text and no picture can produce: the keyed text of a reader's burst is judged by the wedge's surface.
WITHOUT_VECTOR = {"LAYOUT"}


@pytest.fixture(scope="session")
def terminals(tmp_path_factory):
    """The folder in which terminals are set up when a case first asks for one."""
    return tmp_path_factory.mktemp("terminals")


def _check(verdict: dict, vector: dict, *, reading: bool = True) -> None:
    expect = vector["expect"]
    assert verdict["reason"] == expect["reason"], vector["description"]
    assert (verdict["outcome"], verdict["exit_code"]) == (expect["outcome"], expect["exit_code"])
    if reading:
        assert verdict["stage"] == expect["stage"]
    assert set(expect["notices"]) <= {notice["code"] for notice in verdict["notices"]}
    assert {path: member(verdict, path) for path in expect["fields"]} == expect["fields"]
    if not verdict["claims"]:
        return
    assert verdict["outcome"] in {"VALID", "CHECK"} or set(verdict["claims"]) == {
        "family_name",
        "given_names",
        "display_names",
    }


# --- library, command line, picture ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_TEXT)
def test_library(name, terminals):
    """The case's reason, outcome, stage, notices and fields; and the same verdict twice."""
    vector = BY_ID[name]
    folder = set_up_store(vector["store"], terminals)
    verdict = judge(vector, folder)
    _check(verdict.to_json(), vector)
    assert bool(verdict) == (vector["expect"]["outcome"] == "VALID")
    assert judge(vector, folder).json_text() == verdict.json_text()


def _lines_of(vectors: list[dict]) -> dict[tuple, list[dict]]:
    """Cases by what a command is told once: instant, nonce, category. A line end cannot be part of a line."""
    groups = defaultdict(list)
    for vector in vectors:
        groups[vector["at"], vector["nonce"], vector["category"]].append(vector)
    return groups


def _arguments(command: str, folder: Path, at: str, nonce: str | None, category: str | None) -> list[str]:
    options = [command, "--store", str(folder), "--json", "--at", at]
    options += [] if nonce is None else ["--nonce", nonce]
    return options + ([] if category is None else ["--category", category])


STORES = sorted({vector["store"] for vector in VECTORS})


@pytest.mark.parametrize("store", STORES)
def test_command_line(store, terminals, monkeypatch, capsys):
    """`verifier read` says the same of every case, one line each, and ends with the worst exit code."""
    folder = set_up_store(store, terminals)
    cases = [
        BY_ID[name] for name in WITH_TEXT if BY_ID[name]["store"] == store and BY_ID[name]["stages"]["text"]
    ]
    for (at, nonce, category), group in _lines_of(cases).items():
        typed = "".join(one["stages"]["text"] + "\n" for one in group).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"))
        code = command_line.main(_arguments("read", folder, at, nonce, category))
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert len(told) == len(group)
        for verdict, vector in zip(told, group, strict=True):
            _check(verdict, vector)
            assert verdict == judge(vector, folder).to_json() or vector["expect"]["exit_code"] == 13
        order = [70, 13, 10, 11, 12, 0]
        assert code == min((one["expect"]["exit_code"] for one in group), key=order.index)


@pytest.mark.parametrize("store", ["police", "health", "anyone"])
def test_command_line_as_a_process(store, terminals):
    """The same by a process of its own, fed through a pipe: what an operator runs."""
    folder = set_up_store(store, terminals)
    cases = [
        BY_ID[name] for name in WITH_TEXT if BY_ID[name]["store"] == store and BY_ID[name]["stages"]["text"]
    ]
    (at, nonce, category), group = max(_lines_of(cases).items(), key=lambda item: len(item[1]))
    ran = subprocess.run(
        [sys.executable, "-m", "verifier", *_arguments("read", folder, at, nonce, category)],
        input="".join(one["stages"]["text"] + "\n" for one in group).encode(),
        capture_output=True, cwd=ROOT, check=False,
    )  # fmt: skip
    told = [json.loads(line) for line in ran.stdout.decode().splitlines()]
    assert ran.returncode == 10
    assert ran.stderr == b""
    for verdict, vector in zip(told, group, strict=True):
        _check(verdict, vector)


def _text_of(image: Path) -> str | Reason:
    try:
        return read_image(image)
    except PictureError as error:
        return error.reason


@pytest.mark.parametrize("name", WITH_PICTURE)
def test_picture(name, terminals, tmp_path, capsys):
    """The case drawn as a picture: the camera reads its text, and `verifier scan` gives the same verdict."""
    vector = BY_ID[name]
    folder = set_up_store(vector["store"], terminals)
    description = vector["stages"].get("picture") or {"codes": [vector["stages"]["text"]]}
    image = tmp_path / "code"
    image.write_bytes(draw(description))
    text = _text_of(image)
    if isinstance(text, Reason):
        assert text == vector["expect"]["reason"]
    else:
        assert text == vector["stages"].get("text", text)
        _check(judge(vector, folder, text).to_json(), vector, reading="text" in vector["stages"])
    arguments = _arguments("scan", folder, vector["at"], vector["nonce"], vector["category"])
    code = command_line.main([*arguments, str(image)])
    _check(json.loads(capsys.readouterr().out), vector, reading="text" in vector["stages"])
    assert code == vector["expect"]["exit_code"]


# --- each arrow by itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [one["id"] for one in VECTORS if one["id"].startswith("valid/")])
def test_stages(name):
    """Each stage of a good case leads to the next: text, envelope, presentation, credential, claims."""
    stages = BY_ID[name]["stages"]
    content = envelope.decode(qr_text.decode(stages["text"]))
    if isinstance(content, envelope.Sealed):
        shown = envelope.decode_shown(b64decode(stages["sealed_content"]))
    else:
        shown = content.shown
        assert envelope.encode(content) == qr_text.decode(stages["text"])
    assert shown.body == b64decode(stages["presentation"])
    proof = presentation.read(shown.form, shown.body)
    assert proof.credential == b64decode(stages["credential"])
    issued = credential.read(shown.form, proof.credential)
    if "claims" in stages:
        spelt = json.loads(claims_codec.encode_json(issued.decode_claims()))
        assert spelt == stages["claims"]
        if shown.form is Form.JWT:
            assert json.loads(issued.payload) == stages["claims"]


# --- the set as a whole ---------------------------------------------------------------------------------------------


def test_rebuilding_leaves_no_difference():
    """tests/vectors/build.py makes exactly these files: keys, instants, signatures and seals are fixed."""
    assert build.differences(build.files()) == []


def test_a_changed_file_is_a_difference(tmp_path):
    """The comparison above can fail."""
    made = {"valid/a.json": "{}\n", "valid/b.json": "{}\n"}
    (tmp_path / "valid").mkdir()
    (tmp_path / "valid/a.json").write_text("{ }\n")
    (tmp_path / "valid/c.json").write_text("{}\n")
    assert build.differences(made, tmp_path) == ["valid/a.json", "valid/b.json", "valid/c.json"]


def test_the_set_is_large_and_mostly_negative():
    """At least 150 cases, at least 70 % of them not VALID."""
    negative = [one for one in VECTORS if one["expect"]["outcome"] != "VALID"]
    assert len(VECTORS) >= 150
    assert len(negative) / len(VECTORS) >= 0.7


def test_every_reason_has_a_case():
    """Every reason of the catalogue is produced by a case."""
    assert {one["expect"]["reason"] for one in VECTORS} == set(map(str, Reason)) - WITHOUT_VECTOR


@pytest.mark.parametrize("reason", sorted(set(map(str, Reason)) - WITHOUT_VECTOR - {"OK"}))
def test_every_reason_has_a_valid_sibling(reason):
    """Some case of each reason differs by one fault from a case that is VALID."""
    siblings = {one["sibling"] for one in VECTORS if one["expect"]["reason"] == reason}
    assert any(name is not None and BY_ID[name]["expect"]["outcome"] == "VALID" for name in siblings)


def test_every_named_thing_exists():
    """Siblings, stores and profiles are those of the set."""
    for vector in VECTORS:
        assert vector["sibling"] is None or vector["sibling"] in BY_ID, vector["id"]
        assert read_store(vector["store"])["profile"] == vector["profile"]


VARIANTS = {
    "hash seed 0": ({"PYTHONHASHSEED": "0"}, []),
    "hash seed 1, Kiribati": ({"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"}, []),
    "optimised, another locale": ({"LC_ALL": "tr_TR.UTF-8", "TZ": "America/New_York"}, ["-OO"]),
    "C locale, no UTF-8 mode": ({"LC_ALL": "C", "PYTHONUTF8": "0"}, []),
}


def test_verdicts_are_the_same_everywhere(terminals):
    """The JSON of the whole set has one digest under hash seeds, `-OO`, time zones, locales, Pythons (T53)."""
    for store in STORES:
        set_up_store(store, terminals)
    # Other interpreters where `./run test` made their environments; `verifier` alone must be there, so all they need is.
    others = {str(one): ({}, [], one) for one in sorted(ROOT.glob(".venv-3.*/bin/python"))}
    variants = {name: (*variant, sys.executable) for name, variant in VARIANTS.items()} | others
    found = {}
    for name, (changes, options, python) in variants.items():
        ran = subprocess.run(
            [str(python), *options, "-m", "tests.vectors.own_vectors", str(terminals)],
            env=os.environ | changes, cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found[name] = ran.stdout
    assert len(set(found.values())) == 1, found
