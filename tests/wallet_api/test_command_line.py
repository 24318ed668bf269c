"""The commands as an operator types them: real programs on a free port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from credentials import trust_list
from wallet_api.__main__ import main
from wallet_api.clock import rfc3339

pytestmark = pytest.mark.network
SECONDS = 60


def _run(*arguments: object, module: str = "wallet_api", ok: bool = True, **environment: str):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, **environment},
        check=False,
    )
    assert not ok or done.returncode == 0, done.stderr
    return done


@dataclass
class Running:
    """A service that answers."""

    home: Path
    url: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("commands") / "home"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    made = _run("init", "--home", home, "--demo", "--base-url", url)
    assert made.stdout.strip() == str(home)
    log = (home / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "wallet_api", "serve", "--home", str(home)],
        stderr=log,
        text=True,
        env={**os.environ, "LP_LOOP_SECONDS": "1", "LP_PUBLISH_AFTER_ACTS": "1", "LP_CANCEL_SECONDS": "0"},
    )
    try:
        _wait(url, process)
        yield Running(home, url, process)
    finally:
        process.kill()
        process.wait()
        log.close()


def _wait(url: str, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)  # a process that starts tells nobody; nothing else is waited for
    raise AssertionError("the service did not become ready")


def test_offer_is_one_line_and_its_code_stands_apart(running):
    """The offer alone on standard output; transaction code and document on standard error."""
    done = _run(
        "offer", "--home", running.home, "--person", "camille", "--document", "driving_licence", "--tx-code"
    )
    assert done.stdout.startswith("openid-credential-offer://?credential_offer=")
    assert done.stdout.count("\n") == 1
    assert "code à remettre à part : " in done.stderr


def test_offer_in_one_form_lists_that_form_alone(running):
    """`--form` bounds the configurations."""
    done = _run(
        "offer", "--home", running.home, "--person", "lea", "--document", "vitale_card", "--form", "jwt"
    )
    assert "vitale_card.care.jwt" in done.stdout
    assert "cbor" not in done.stdout


def test_authority_commands_act_once_over_http(running):
    """Withdraw twice with one decision: the same answer; suspend and lift without naming the measure; revoke."""
    _run("offer", "--home", running.home, "--person", "yanis", "--document", "driving_licence")
    common = ("--home", running.home, "--person", "yanis", "--decision")
    first = _run("authority", "withdraw", *common, "CLI-1", "--points", 3)
    again = _run("authority", "withdraw", *common, "CLI-1", "--points", 3)
    assert first.stdout == again.stdout
    assert ("--again" in first.stderr, "--again" in again.stderr) == (False, True)
    meant = _run("authority", "withdraw", *common, "CLI-1", "--points", 3, "--again", ok=False)
    assert (meant.returncode, "porte déjà cette référence" in meant.stderr) == (2, True)
    assert json.loads(first.stdout)["balance"] == 5
    other = _run("authority", "withdraw", *common, "CLI-1", "--points", 4, ok=False)
    assert other.returncode == 2
    assert "409" in other.stderr
    annulled = _run("authority", "annul", *common, "CLI-2", "--annuls", "CLI-1")
    assert json.loads(annulled.stdout)["balance"] == 8
    by_code = _run("authority", "withdraw", *common, "CLI-2.bis", "--offence", "phone")
    assert json.loads(by_code.stdout)["balance"] == 5
    days = ("--first-day", "2026-09-04", "--last-day", "2026-09-05")
    course = json.loads(_run("authority", "course", *common, "CLI-2.ter", *days).stdout)
    assert (course["balance"], course["applied"]) == (9, 4)
    _run("authority", "suspend", *common, "CLI-3", "--until", "2099-01-01")
    lifted = json.loads(_run("authority", "lift", *common, "CLI-4").stdout)
    assert lifted["kind"] == "lift"
    assert _run("authority", "lift", *common, "CLI-5", ok=False).returncode == 2
    _run("authority", "revoke", *common, "CLI-6", "--subject", "document")


def test_terminal_is_enrolled_from_the_file_it_wrote(running, tmp_path):
    """The request as `verifier enrol request` prints it; a second answer for another key under its name is refused."""
    asked = _run("enrol", "request", "--store", tmp_path / "store", module="verifier")
    (tmp_path / "request").write_text(asked.stdout)
    out = tmp_path / "answer"
    done = _run(
        "terminal", "enrol", tmp_path / "request", "--home", running.home, "--profile", "police", "--out", out
    )
    assert done.stdout.strip() == str(out)
    _run("enrol", "install", out, "--store", tmp_path / "store", module="verifier")
    terminal = done.stderr.split()[1].rstrip(",")
    _run("terminal", "lost", terminal, "--home", running.home)
    again = _run(
        "terminal",
        "enrol",
        tmp_path / "request",
        "--home",
        running.home,
        "--profile",
        "police",
        "--out",
        tmp_path / "no",
        ok=False,
    )
    assert again.returncode == 2
    assert not (tmp_path / "no").exists()


def test_publish_says_its_edition(running):
    """One line on standard output, the rest is talk."""
    done = _run("publish", "--home", running.home)
    assert done.stdout.startswith("edition ")
    assert done.stdout.count("\n") == 1


def test_check_config_says_what_is_ready(running):
    """Without starting anything."""
    done = _run("serve", "--home", running.home, "--check-config")
    said = json.loads(done.stdout)
    assert {name: said[name] for name in ("database", "keys", "lists")} == dict.fromkeys(
        ("database", "keys", "lists"), True
    )
    assert said["lists_age"] < SECONDS
    assert said["loop"] == "off"  # nothing was started


def test_moved_clock_publishes_lists_of_another_day(running, tmp_path):
    """LP_TEST_NOW in a demonstration home: what is published is of the instant it names."""
    home = tmp_path / "later"
    shutil.copytree(running.home, home)
    later = int(time.time()) + 5 * 86_400
    _run("publish", "--home", home, LP_TEST_NOW=rfc3339(later))
    made = trust_list.read((home / "published/public/targets/trust/licence.cose").read_bytes()).decode()
    assert later <= made.issued_at <= later + SECONDS


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--home", "/nonexistent/home"),
        ("offer", "--home", "/nonexistent/home", "--person", "camille", "--document", "driving_licence"),
        ("publish", "--home", "/nonexistent/home"),
        ("terminal", "enrol", "/nonexistent/file", "--profile", "police", "--out", "/nonexistent/out"),
    ],
)
def test_missing_home_or_file_is_said_in_one_line(capsys, arguments):
    """Exit code 2 and what to do; no traceback."""
    assert main(arguments) == 2
    spoken = capsys.readouterr()
    assert spoken.out == ""
    assert spoken.err.startswith("wallet-api: ")
    assert spoken.err.count("\n") == 1


def test_home_is_not_made_twice(running):
    """init refuses a folder that is a home already, and changes nothing."""
    before = (running.home / "service.json").read_bytes()
    done = _run("init", "--home", running.home, "--demo", ok=False)
    assert done.returncode == 2
    assert (running.home / "service.json").read_bytes() == before


def test_log_lines_are_json_of_allowed_fields(running):
    """What the running service wrote: JSON, known fields, no person."""
    from wallet_api.telemetry import FIELDS

    lines = (running.home / "log").read_text().splitlines()
    assert lines
    for line in lines:
        assert set(json.loads(line)) <= FIELDS
    text = "\n".join(lines)
    assert "MARTIN" not in text
    assert "camille" not in text


def test_service_stops_gracefully(running):
    """SIGTERM ends a second service with exit code 0 once requests are answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "wallet_api", "serve", "--home", str(running.home), "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    _wait(f"http://127.0.0.1:{port}", process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) in {0, -signal.SIGTERM}


def test_batch_is_rehearsed_submitted_approved_and_followed(running, tmp_path):
    """A clerk sends a file, a supervisor approves it; the loop of the service does it while the clerk watches."""
    offered = _run("offer", "--home", running.home, "--person", "theo", "--document", "driving_licence")
    licence_id = offered.stderr.split("document ")[1].split()[0]
    file = tmp_path / "lot.csv"
    header = "act,licence_id,decision_reference,committed_on,established_on,offence_class,points\n"
    good = f"withdrawal,{licence_id},LOT-CLI-1,2026-01-05,2026-02-03,contravention_4,1\n"
    file.write_text(f"{header}{good}withdrawal,{licence_id},LOT-CLI-2,2026-01-05,2026-02-03,delit,1\n")
    refused = _run("batch", file, "--dry-run", "--home", running.home, ok=False)
    assert (refused.returncode, json.loads(refused.stdout)["refused"]) == (2, 1)
    assert refused.stderr.startswith("ligne · line 3 : ")
    file.write_text(header + good)
    proposal = json.loads(_run("batch", file, "--home", running.home).stdout)
    waiting = _run("authority", "proposals", "--home", running.home).stdout.splitlines()
    assert proposal["proposal_id"] in {json.loads(one)["proposal_id"] for one in waiting}
    early = _run("batch", "--follow", proposal["subject_id"], "--home", running.home, ok=False)
    assert (early.returncode, "approbation" in early.stderr or "approval" in early.stderr) == (2, True)
    _run("authority", "approve", "--proposal", proposal["proposal_id"], "--home", running.home)
    followed = _run("batch", "--follow", proposal["subject_id"], "--home", running.home)
    assert json.loads(followed.stdout)["done"] == 1
    assert "100 %" in followed.stderr
