"""The command line, run as the program it is."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from credentials import envelope, presentation, qr_text
from credentials.spec import Form
from mobile_sim.__main__ import main
from mobile_sim.wallet import Wallet
from tests.qr_codes import texts_of
from tests.sizes import ISSUED_AT

ROOT = Path(__file__).resolve().parents[2]
AT = "2026-11-01T11:00:00+01:00"


def run(*arguments, prefix=(), stdin=None, env=None):
    return subprocess.run(
        [*prefix, sys.executable, "-m", "mobile_sim", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, input=stdin, env=env, check=False, encoding="utf-8",
    )  # fmt: skip


@pytest.fixture
def folder(phone):
    return phone.wallet._folder


def test_text_alone_goes_to_standard_output(phone, folder, capfd):
    """Data on stdout, words on stderr; the instant asked for is the one signed, offset or not."""
    assert main(["--phone", str(folder), "show", "--view", "proof", "--text", "--at", AT]) == 0
    out, err = capfd.readouterr()
    shown = envelope.decode(qr_text.decode(out.rstrip("\n"))).shown
    assert presentation.read(Form.CBOR, shown.body).binding.issued_at == ISSUED_AT
    assert "Prouver mon permis, Camille" in err
    assert phone.licence.label not in out


def test_png_reads_back_as_a_code_of_the_asked_form_and_nonce(folder, tmp_path, capfd):
    """The picture, its mode 0600, and words that give version and level."""
    picture = tmp_path / "code.png"
    words = ["show", "--view", "proof", "--form", "jwt", "--nonce", "00" * 8, "--png", str(picture)]
    assert main([*words, "--phone", str(folder), "--lang", "en"]) == 0
    with Image.open(picture) as opened:
        (code,) = texts_of(opened)
    shown = envelope.decode(qr_text.decode(code)).shown
    assert presentation.read(Form.JWT, shown.body).binding.nonce == bytes(8)
    assert re.search(r"QR \d+-L, \d+ bytes\. Show this code before", capfd.readouterr().err)
    assert picture.stat().st_mode & 0o777 == 0o600


def test_terminal_drawing_is_the_default(folder, capfd):
    """Half blocks on stdout."""
    assert main(["show", "--view", "age_over_18", "--phone", str(folder)]) == 0
    assert capfd.readouterr().out.startswith("\x1b[38;5;16;48;5;231m")


def test_now_is_the_phones_clock_corrected_by_the_offset(phone, folder, capfd, monkeypatch):
    """The phone is an hour slow; the service's offset makes up for it."""
    issuer = phone.wallet.issuer(phone.licence.issuer)
    phone.wallet.save_issuer(replace(issuer, clock_offset=3600))
    monkeypatch.setattr("mobile_sim.__main__.time.time", lambda: ISSUED_AT + 0.9)
    assert main(["show", "--view", "proof", "--text", "--phone", str(folder)]) == 0
    shown = envelope.decode(qr_text.decode(capfd.readouterr().out.rstrip("\n"))).shown
    assert presentation.read(Form.CBOR, shown.body).binding.issued_at == ISSUED_AT + 3600


@pytest.mark.parametrize("view", ["road_check", "proof", "age_over_18", "care"])
def test_showing_works_in_an_empty_network_namespace(folder, view):
    """No interface at all, not even loopback: sealed and unsealed codes are made."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("an empty network namespace needs root and unshare")
    shown = run("show", "--view", view, "--text", "--phone", folder, "--at", AT, prefix=("unshare", "-n"))
    assert (shown.returncode, shown.stdout[:4]) == (0, "LP1:"), shown.stderr


def test_showing_loads_no_http_code(folder):
    """`client.py` alone speaks HTTP, and showing does not import it."""
    script = (
        "import sys; from mobile_sim.__main__ import main; "
        f"main(['show', '--view', 'road_check', '--text', '--phone', {str(folder)!r}, '--at', {AT!r}]); "
        "print([name for name in ('httpx2', 'http.client', 'mobile_sim.client') if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("LP1:")
    assert ran.stderr.splitlines()[-1] == "[]"


def test_paper_is_printed_with_its_banner_and_reads_back(folder, tmp_path, capfd):
    """A card by default."""
    assert main(["paper", "--png", str(tmp_path / "card.png"), "--phone", str(folder)]) == 0
    with Image.open(io.BytesIO((tmp_path / "card.png").read_bytes())) as opened:
        assert len(texts_of(opened)) == 1
    assert re.search(r"QR \d+-[QML], modules de 0\.\d\d mm", capfd.readouterr().err)


def test_list_names_documents_and_never_points(folder, capfd):
    """Ids, given names, views, uses; no points, no number, no secret."""
    assert main(["list", "--phone", str(folder)]) == 0
    out = capfd.readouterr().out
    assert "permis-1\tdriving_licence\tCamille" in out
    assert "vitale-1\tvitale_card\tLéa" in out
    assert "points" not in out
    assert "rrrr" not in out


def test_phone_never_says_valid(folder, capfd, tmp_path):
    """Neither word on any stream of any command that shows something."""
    for words in (
        ["show", "--view", "proof", "--text"],
        ["list"],
        ["paper", "--png", str(tmp_path / "x.png")],
    ):
        for language in ("fr", "en"):
            main([*words, "--phone", str(folder), "--lang", language])
    captured = capfd.readouterr()
    assert not re.search(r"\bvalid", (captured.out + captured.err).lower())


@pytest.mark.parametrize(
    "words",
    [
        ["show", "--view", "care", "--document", "permis-1", "--text"],
        ["show", "--view", "road_check", "--audience", "anyone", "--text"],
        ["show", "--view", "proof", "--document", "nobody", "--text"],
        ["show", "--view", "road_check", "--at", "2036-01-01T00:00:00Z", "--text"],
        ["show", "--view", "proof", "--png", "/nowhere/code.png"],
        ["paper", "--png", "/nowhere/card.png"],
        ["refresh"],
        ["pause"],
        ["add", "LP1:SECRET"],
        ["portrait", "/nowhere.png", "--out", "/nowhere.webp"],
    ],
)
def test_refusal_is_one_sentence_and_exit_3(folder, words, capfd):
    """No traceback; nothing on stdout; the offer's text is not repeated."""
    assert main([*words, "--phone", str(folder)]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert "SECRET" not in err
    assert err.strip()


@pytest.mark.parametrize(
    "words",
    [
        [], ["dance"], ["show"], ["show", "--view", "points"], ["show", "--view", "proof", "--at", "yesterday"],
        ["show", "--view", "proof", "--at", "2026-11-01T11:00:00"], ["show", "--view", "proof", "--nonce", "00"],
        ["show", "--view", "proof", "--form", "xml"], ["add", "x", "--batch", "0"], ["paper", "--view", "road_check", "--png", "x"],
    ],
)  # fmt: skip
def test_misspelt_command_is_exit_2(words, capfd):
    """argparse's own words."""
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage" in capfd.readouterr().err


def test_failed_show_leaves_no_half_written_picture(folder, tmp_path):
    """A sealed view past the reader key's end writes nothing."""
    picture = tmp_path / "code.png"
    words = ["show", "--view", "road_check", "--at", "2036-01-01T00:00:00Z", "--png", str(picture)]
    assert main([*words, "--phone", str(folder)]) == 3
    assert list(tmp_path.glob("*.png")) == []


def test_words_survive_a_machine_without_locale(folder):
    """LC_ALL=C: French words still come out as UTF-8."""
    shown = run(
        "show",
        "--view",
        "proof",
        "--text",
        "--phone",
        folder,
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
    )
    assert shown.returncode == 0
    assert "Présentez ce code" in shown.stderr


def test_offer_can_come_from_standard_input(tmp_path):
    """So that its secret code does not stand in the list of processes."""
    refused = run("add", "-", "--phone", tmp_path / "new", stdin="openid-credential-offer://?x")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert Wallet.open(tmp_path / "new").documents() == ()
