"""The pages people read first: every block runs, every link leads somewhere, both languages say the same."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import tests.test_import_table as import_table
from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import SUBJECTS, SimulatedAuthority
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import terminal

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.en.md")
PAGES = [*sorted(path.name for path in ROOT.glob("*.md")), "verifier/README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _prose(page: str) -> str:
    return BLOCK.sub("", _text(page))


def _words_of_run() -> set[str]:
    usage = subprocess.run(["./run", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  (\w+) {2,}", usage, re.MULTILINE))


def _blocks(language: str) -> list:
    return [
        pytest.param(body, id=f"{page}-{number}")
        for page in PAGES
        for number, (found, body) in enumerate(BLOCK.findall(_text(page)))
        if found == language
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_language_that_is_tried(page):
    """A block in a language that nothing here executes would rot."""
    assert {language for language, _ in BLOCK.findall(_text(page))} <= {"sh", "python", "text"}


@pytest.mark.parametrize("block", _blocks("sh"))
def test_shell_block_holds_words_of_run_only(block):
    """Shell lines shown are words of ./run, which the pipeline executes as they stand."""
    for line in block.splitlines():
        command, word, *rest = shlex.split(line)
        assert (command, rest) == ("./run", [])
        assert word in _words_of_run()


def test_readmes_name_every_word_of_run():
    """The table of commands is the usage of ./run."""
    for page in READMES:
        assert set(re.findall(r"^\| `(\w+)` \|", _text(page), re.MULTILINE)) == _words_of_run(), page


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page):
    """Links to files of the repository resolve, from the folder of the page."""
    targets = [target for target in LINK.findall(_prose(page)) if "://" not in target]
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


def test_french_and_english_readme_have_the_same_shape():
    """Same headings in number and level, same blocks, same tables."""

    def shape(page: str) -> tuple[list[str], list[str], list[int]]:
        text = _prose(page)
        headings = re.findall(r"^(#+) ", text, re.MULTILINE)
        rows = [line.count("|") for line in text.splitlines() if line.startswith("|")]
        return headings, [body for _, body in BLOCK.findall(_text(page))], rows

    assert shape("README.md") == shape("README.en.md")


@pytest.mark.parametrize("page", READMES)
def test_readme_says_that_it_is_a_demonstrator(page):
    """The notice stands before the first heading of the second level."""
    opening = " ".join(_text(page).partition("\n## ")[0].lower().split())
    assert "démonstrateur, service non officiel, données fictives" in opening


@pytest.mark.parametrize("page", [*READMES, "verifier/README.md"])
def test_exit_codes_are_those_of_the_catalogue(page):
    """The table of exit codes names every code of reasons.json and no other."""
    catalogue = json.loads(_text("verifier/reasons.json"))["exit_codes"]
    assert set(re.findall(r"^\| (\d+) \|", _text(page), re.MULTILINE)) == set(catalogue)


def test_contributing_names_every_room_and_every_test_it_cites_exists():
    """The table of rooms has the rooms of the import table; a rule held by a test names a file that is there."""
    text = _text("CONTRIBUTING.md")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == import_table.ROOMS
    cited = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert [path for path in cited if not (ROOT / path).exists()] == []


def test_contributing_grants_what_the_import_table_grants():
    """The row of each room but the service, whose libraries are its extra, names every package allowed to it."""
    for line in _text("CONTRIBUTING.md").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 4 or cells[1].strip("`") not in import_table.ROOMS or cells[1] == "`wallet_api`":
            continue
        room, granted = cells[1].strip("`"), cells[3].replace("Pillow", "PIL")
        extras = {name for rows in import_table.ONLY_IN.values() for name in rows.get(room, ())} - {
            "securesystemslib"
        }
        missing = [name for name in import_table.ALLOWED[room] | extras if name not in granted]
        assert missing == [], line


@pytest.mark.parametrize("block", _blocks("python"))
def test_python_block_runs_as_it_stands(block, tmp_path, instant, at):
    """The example that people copy judges a right code and a broken one, as a program of its own."""
    authority, phone = SimulatedAuthority(), SimulatedPhone()
    terminal(tmp_path / "terminal", Audience.ANYONE, [authority.publish()])
    credential = authority.issue(authority.claims(SUBJECTS[View.PROOF]()))
    shown = phone.show(credential, View.PROOF, audience="anyone", at=instant)
    program = f"{block}\nprint(control({shown!r}, datetime.fromisoformat({at.isoformat()!r})))\n"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        input="LP1:not a code\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    broken, right = ran.stdout.splitlines()
    assert broken.startswith("ILLISIBLE : ")
    assert right.startswith("VALIDE : ")
