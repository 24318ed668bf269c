"""The command line as people and scripts meet it: real processes and files, exit codes, no echo, no traceback."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import qrcode

from credentials.enrolment_file import EnrolmentRequest
from credentials.jws import b64url_decode
from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import INSTANT, SimulatedAuthority, moment, proof, reader, road_check
from tests.simulated_mirror import SimulatedMirror, enrolled, enrolment_claims, sealed_enrolment
from tests.simulated_phone import NONCE, SimulatedPhone
from verifier.__main__ import COMMANDS
from verifier.judging import LINE_BYTES, lines
from verifier.sync import sync

ROOT = Path(__file__).resolve().parents[2]
AUTHORITY = SimulatedAuthority()
PHONE = SimulatedPhone(0)
AT = moment(INSTANT).isoformat()
SECRET_NAME = "KARAMBOLAGE"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A mirror and a police terminal in sync with it."""
    folder = tmp_path_factory.mktemp("home")
    mirror = SimulatedMirror(folder / "mirror")
    mirror.publish(AUTHORITY.publish(status={17: 1}, points={5: 7}))
    store = enrolled(folder / "store", Audience.POLICE, mirror)
    sync(store, str(mirror.area(Audience.POLICE)), at=INSTANT)
    return folder


@pytest.fixture(scope="module")
def store(home):
    """The terminal's folder."""
    return home / "store"


def code(
    view: View = View.PROOF, *, at: int = INSTANT, index: int = 4_242, nonce: bytes | None = None
) -> str:
    """A code of this phone."""
    subject = road_check() if view is View.ROAD_CHECK else proof(family_name=SECRET_NAME)
    issued = AUTHORITY.issue(AUTHORITY.claims(subject, index=index))
    to = reader(Audience.POLICE) if view is View.ROAD_CHECK else None
    return PHONE.show(
        issued, view, audience="anyone" if to is None else "police", at=at, reader=to, nonce=nonce
    )


def run(*arguments: object, text: str | bytes = b"", environment: dict[str, str] | None = None):
    """One run of the command; stdout and stderr as text."""
    given = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    ran = subprocess.run(
        [sys.executable, "-m", "verifier", *map(str, arguments)],
        cwd=ROOT,
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})},
        timeout=60,
    )
    assert b"Traceback" not in ran.stderr
    ran.out, ran.err = ran.stdout.decode("utf-8", "replace"), ran.stderr.decode()
    return ran


def picture(text: str, path: Path) -> Path:
    """The code as a PNG file."""
    symbol = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L, box_size=4, mask_pattern=0)
    symbol.add_data(text, optimize=0)
    symbol.make()
    symbol.make_image().get_image().save(path)
    return path


# --- read and scan ----------------------------------------------------------------------------------------------


def test_read_gives_one_json_object_for_each_line(store):
    """Valid, revoked, stale, garbage: four lines in, four objects out, the worst exit code."""
    texts = [code(), code(index=17), code(at=INSTANT - 240), "hello"]
    ran = run("read", "--json", "--store", store, "--at", AT, text="\r\n".join(texts))
    verdicts = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["reason"] for one in verdicts] == ["OK", "REVOKED", "REPLAY", "NOT_OURS"]
    assert [one["exit_code"] for one in verdicts] == [0, 10, 10, 12]
    assert ran.returncode == 10
    assert ran.err == ""


@pytest.mark.parametrize(
    ("text", "exit_code"), [(code(), 0), (code(index=17), 10), (code(View.ROAD_CHECK), 0), ("x", 12)]
)
def test_exit_code_is_that_of_the_verdict(store, text, exit_code):
    """As verdicts.md section 8 says."""
    assert run("read", "--quiet", "--store", store, "--at", AT, text=text).returncode == exit_code


def test_scan_reads_pictures(store, tmp_path):
    """Several pictures, one without a code and one that is none."""
    good = picture(code(View.ROAD_CHECK), tmp_path / "good.png")
    blank, text = tmp_path / "blank.png", tmp_path / "notes.txt"
    picture("https://example.org", blank)
    text.write_text("no picture")
    ran = run("scan", "--json", "--store", store, "--at", AT, good, blank, text)
    assert [json.loads(line)["reason"] for line in ran.out.splitlines()] == ["OK", "NOT_OURS", "NO_CODE"]
    assert ran.returncode == 12
    assert "image 3: the file is no picture" in ran.err


def test_category_and_nonce_reach_the_verifier(store):
    """The caller's questions."""
    options = ("read", "--json", "--store", store, "--at", AT)
    asked = json.loads(run(*options, "--category", "b", text=code()).out)
    assert asked["entitlement"]["asked"] == "B"
    assert json.loads(run(*options, "--category", "D", text=code()).out)["reason"] == "CATEGORY_ABSENT"
    assert json.loads(run(*options, "--nonce", NONCE.hex(), text=code()).out)["reason"] == "NONCE_MISMATCH"
    shown = json.loads(run(*options, "--nonce", NONCE.hex(), text=code(nonce=NONCE)).out)
    assert shown["holder_proof"] == "device_nonce"


def test_plain_and_piped_text(store):
    """The word alone on the first line when plain; one line, naming nobody, when piped."""
    plain = run("read", "--plain", "--store", store, "--at", AT, text=code()).out.splitlines()
    piped = run("read", "--store", store, "--at", AT, text=code()).out.splitlines()
    assert plain[0] == "VALIDE"
    assert len(piped) == 1
    assert piped[0].startswith("VALIDE  OK")
    assert SECRET_NAME not in piped[0]


def test_panel_on_a_terminal(store):
    """On a terminal several lines, with what may be shown."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "verifier", "read", "--store", str(store), "--at", AT]
    subprocess.run(command, cwd=ROOT, input=code().encode(), stdout=terminal, check=True, timeout=60)
    os.close(terminal)
    written = b""
    while True:
        try:
            chunk = os.read(controller, 4096)
        except OSError:
            break
        if not chunk:
            break
        written += chunk
    os.close(controller)
    shown = written.decode().splitlines()
    assert shown[0].startswith("VALIDE")
    assert any(SECRET_NAME in line for line in shown[1:])


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "LANG": ""},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "en_GB.UTF-8", "TERM": "dumb", "NO_COLOR": "1"},
    ],
)
def test_any_locale_works(store, environment):
    """Text falls back to ASCII, JSON stays UTF-8 and byte for byte the same."""
    text = "\n".join([code(), code(index=17), "x"])
    options = ("--store", store, "--at", AT)
    for form in ("--plain", "--quiet"):
        ran = run("read", form, *options, text=text, environment=environment)
        assert ran.returncode == 10
        assert ran.err == ""
    usual, here = (
        run("read", "--json", *options, text=text),
        run("read", "--json", *options, text=text, environment=environment),
    )
    assert usual.stdout == here.stdout
    assert run("explain", "SUSPENDED", environment=environment).returncode == 0


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize("seed", ["0", "7"])
def test_verdict_does_not_depend_on_the_machine(store, zone, seed):
    """Time zone, hash seed and -O leave every byte as it is."""
    text = "\n".join([code(), code(index=17), code(at=INSTANT - 240), "x"])
    options = ("read", "--json", "--store", store, "--at", AT)
    usual = run(*options, text=text).stdout
    environment = {"TZ": zone, "PYTHONHASHSEED": seed, "PYTHONOPTIMIZE": "1"}
    assert run(*options, text=text, environment=environment).stdout == usual


# --- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"LP1:",
        b"LP1:" + b"\xff" * 50,
        b"\xff\xfe\x00",
        b"LP1:" + "é".encode() * 9,
        b"\x1b[2J\x1b]0;title\x07",
        b"LP1:" + b"A" * 5_000,
        b"\xed\xa0\x80",
        b"\r",
        b" ",
    ],
)
def test_any_line_gives_one_verdict_without_an_echo(store, content):
    """Control characters, broken UTF-8, too much: one UNREADABLE, nothing of it repeated."""
    ran = run("read", "--json", "--store", store, "--at", AT, text=content + b"\n")
    if content == b"\r":
        assert ran.returncode == 2
        return
    [verdict] = map(json.loads, ran.out.splitlines())
    assert verdict["outcome"] == "UNREADABLE"
    assert ran.returncode == 12
    assert content.strip() not in ran.stdout + ran.stderr or content == b" "


def test_hundred_megabytes_in_a_line_are_not_held(store):
    """One TOO_BIG, and no more memory than a usual code takes."""
    script = f"head -c 100000000 /dev/zero | tr '\\0' A | {sys.executable} -m verifier read --store {store} --at {AT}"
    measured = (
        f"import resource, subprocess; r = subprocess.run({script!r}, shell=True, capture_output=True);"
    )
    measured += (
        "print(r.returncode, r.stdout.decode(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", measured], cwd=ROOT, capture_output=True, text=True, check=True
    )
    exit_code, *_, kilobytes = ran.stdout.split()
    assert exit_code == "12"
    assert "TOO_BIG" in ran.stdout
    assert int(kilobytes) < 60_000


def test_lines_come_whole_however_the_stream_is_cut():
    """Chunks of any size, the last line without an end, empty lines left out, long ones cut."""
    content = b"one\n\ntwo\r\n" + b"x" * (3 * LINE_BYTES) + b"\nlast"
    for size in (1, 2, 3, 7, 1_000, 10**6):
        stream = io.BytesIO(content)
        stream_of_size = type(
            "Stream", (), {"read": lambda _, __, size=size, stream=stream: stream.read(size)}
        )()
        assert list(lines(stream_of_size)) == ["one", "two", "x" * LINE_BYTES, "last"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "LP1:SECRET"],
        ["scan", "LP1:SECRET"],
        ["LP1:SECRET"],
        ["read", "--nonce", "LP1:SECRET"],
        ["read", "--category", "LP1:SECRET"],
        ["read", "--at", "LP1:SECRET"],
        ["read", "--agent", "LP1:SECRET"],
        ["read", "--LP1:SECRET"],
        ["explain", "LP1:SECRET"],
        ["enrol", "LP1:SECRET"],
        ["scan", "/"],
        ["scan"],
        ["enrol", "install"],
        ["enrol", "request", "file"],
        ["explain"],
        [],
        ["read", "--at", "2026-11-01T10:00:00"],
        ["read", "--nonce", "00"],
        ["read", "--sto", "x"],
    ],
)
def test_usage_errors_judge_nothing_and_repeat_nothing(store, arguments):
    """Exit 2 (1 for a name that is no pseudonym), one line of words, and a code that went astray is not in it."""
    ran = run(*arguments, *(["--store", store] if arguments and arguments[0] in COMMANDS else []))
    assert ran.returncode in {2, 1 if "--agent" in arguments else 2}
    assert "SECRET" not in ran.out + ran.err
    assert (ran.out == "") == bool(arguments)


def test_mistyped_names_get_a_suggestion():
    """One, and only when it is near."""
    assert "did you mean `verifier scan`?" in run("scna").err
    assert "did you mean REPLAY?" in run("explain", "REPLY").err
    assert "did you mean" not in run("xyzzy").err


def test_no_input_is_a_usage_error(store):
    """Nothing was judged, so nothing was valid."""
    assert run("read", "--store", store).returncode == 2


def test_internal_error_is_70_and_names_nobody(store):
    """A bug is told by its place, without the text that met it."""
    script = (
        "import verifier.verify, verifier.__main__ as m, sys\n"
        "def broken(*_, **__): raise KeyError('SECRET')\n"
        "verifier.verify.Verifier.verify = broken\n"
        f"sys.exit(m.main(['read', '--store', {str(store)!r}]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, input=b"LP1:X", capture_output=True, check=False
    )
    assert ran.returncode == 70
    assert b"internal error (KeyError at" in ran.stderr
    assert b"SECRET" not in ran.stderr + ran.stdout


def test_closed_pipe_and_interrupt_leave_quietly(store):
    """`| head` and Ctrl-C."""
    command = [sys.executable, "-m", "verifier", "read", "--store", str(store)]
    script = f"yes hello | head -n 3000 | {' '.join(command)} | head -n 1"
    ran = subprocess.run(["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert ran.stderr == b""
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reading:
        assert reading.stdin is not None
        assert reading.stdout is not None
        reading.stdin.write(b"hello\n")
        reading.stdin.flush()
        assert b"NOT_OURS" in reading.stdout.readline()  # a verdict comes before the stream ends
        reading.send_signal(signal.SIGINT)
        _, err = reading.communicate(timeout=30)
    assert (reading.returncode, err) == (130, b"")


# --- without trust ----------------------------------------------------------------------------------------------


def test_no_store_is_trust_missing_for_every_input(tmp_path):
    """Nothing is decoded; one verdict each, exit 13."""
    ran = run("read", "--json", "--store", tmp_path / "none", text=code() + "\nx\n")
    assert [json.loads(line)["reason"] for line in ran.out.splitlines()] == ["TRUST_MISSING"] * 2
    assert ran.returncode == 13
    assert "not enrolled" in ran.err
    assert run("status", "--store", tmp_path / "none").returncode == 13


def test_damaged_store_is_trust_broken(store, tmp_path):
    """At opening, or when a list is looked up: the verdict is TRUST_BROKEN, and stays it."""
    broken = shutil.copytree(store, tmp_path / "store")
    for path in broken.glob("snapshots/1/s*.bin"):
        path.write_bytes(b"")
    ran = run("read", "--json", "--store", broken, "--at", AT, text=f"x\n{code()}\nx\n")
    reasons = [json.loads(line)["reason"] for line in ran.out.splitlines()]
    assert reasons == ["NOT_OURS", "TRUST_BROKEN", "TRUST_BROKEN"]
    assert ran.returncode == 13
    (broken / "floor.cbor").unlink()
    assert json.loads(run("status", "--json", "--store", broken).out) == {"state": "TRUST_BROKEN"}
    assert run("sync", "--store", broken, tmp_path).returncode == 1


def test_read_only_store_still_judges(store, tmp_path):
    """A journal that cannot be written is told once and stops no verdict."""
    full = shutil.copytree(store, tmp_path / "store")
    (full / "journal.jsonl").unlink(missing_ok=True)
    (full / "journal.jsonl").mkdir()
    ran = run("read", "--json", "--store", full, "--at", AT, text=f"{code()}\n{code()}\n")
    assert ran.returncode == 0
    assert ran.err.count("journal") == 1


# --- looking after the terminal ---------------------------------------------------------------------------------


def test_from_request_to_first_verdict(home, tmp_path):
    """Enrol, install, sync from a folder, status, read: the whole beginning of a terminal."""
    store, asked = tmp_path / "terminal", tmp_path / "request.cbor"
    assert run("enrol", "request", "--out", asked, "--store", store).returncode == 0
    request = EnrolmentRequest.decode(asked.read_bytes())
    assert (
        EnrolmentRequest.decode(b64url_decode(run("enrol", "request", "--store", store).out.strip()))
        == request
    )
    assert run("read", "--store", store, text="x").returncode == 13
    mirror = SimulatedMirror(home / "mirror")
    answer = tmp_path / "answer"
    answer.write_bytes(
        sealed_enrolment(enrolment_claims(request.terminal_id, Audience.ANYONE, mirror), request.public_key)
    )
    installed = run("enrol", "install", "--store", store, answer)  # options may stand anywhere
    assert (installed.returncode, installed.out.count("SHA-256")) == (0, 2)
    assert run("enrol", "install", answer, "--store", store).returncode == 1
    assert run("sync", "--store", store).returncode == 1
    synced = run("sync", "--json", "--store", store, home / "mirror", "--at", AT)
    assert json.loads(synced.out)["lists"] == 4
    state = json.loads(run("status", "--json", "--store", store, "--at", AT).out)
    assert (state["state"], state["profile"], state["test"], len(state["lists"])) == ("OK", "anyone", True, 4)
    assert run("status", "--store", store).out.startswith("state: OK")
    assert run("read", "--store", store, "--at", AT, text=code()).returncode == 0
    journal = (store / "journal.jsonl").read_text().splitlines()
    assert json.loads(journal[-1])["reason"] == "OK"


def test_refused_sync_says_why_and_changes_nothing(home, tmp_path):
    """Exit 1, one line, and the lists in force stay."""
    store = shutil.copytree(home / "store", tmp_path / "store")
    late = moment(INSTANT + 40 * 86_400).isoformat()
    ran = run("sync", "--store", store, home / "mirror", "--at", late)
    assert ran.returncode == 1
    assert ran.err.count("\n") == 1
    assert "too old" in ran.err
    assert run("read", "--store", store, "--at", AT, text=code()).returncode == 0


def test_explain_tells_both_languages():
    """Every code, in any case."""
    told = json.loads(run("explain", "--json", "lists_stale").out)
    assert (told["code"], told["exit"], told["title"]["fr"]) == ("LISTS_STALE", 11, "Listes anciennes")
    assert "fr  Listes anciennes." in run("explain", "LISTS_STALE").out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_three_examples(command):
    """What a person wants first."""
    told = run(command, "--help")
    assert told.returncode == 0
    head = told.out.split("Examples:")[1].splitlines()[1:4]
    assert all(line.startswith("  verifier ") for line in head)
    assert command in run("--help").out


def test_version_is_told():
    """Name and number of the distribution."""
    assert run("--version").out == "laissez-passer-verifier 0.1.0\n"


@pytest.mark.parametrize("option", ["--json", "--plain", "--quiet"])
def test_value_given_to_a_flag_is_not_echoed(option):
    """`--json=CODE` is a mistake whose words must not hold the code."""
    done = subprocess.run(
        [sys.executable, "-m", "verifier", "read", f"{option}=LP1:SECRETCODE"],
        input=b"",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"SECRETCODE" not in done.stdout + done.stderr


def test_agent_that_is_no_pseudonym_is_a_usage_error():
    """Exit 1 is for sync and enrolment alone; a name is refused as usage and not repeated."""
    done = subprocess.run(
        [sys.executable, "-m", "verifier", "read", "--agent", "Camille MARTIN"],
        input=b"",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"MARTIN" not in done.stdout + done.stderr
