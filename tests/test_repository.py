"""What a repository that strangers open must not hold, and what it must."""

from __future__ import annotations

import re
import subprocess
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.listed_files import listed

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1_048_576
# Written by others and kept as published.
PUBLISHED = ("tests/vectors/", "interop/vectors/")

# Each pattern is written so that it does not find itself.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(
        r"(?:^|[^\w.:/-])/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+|tmp/la[b])/", re.MULTILINE
    ),
    "the address of a package index": re.compile(
        r"-[-](?:extra-)?index-url|pypi[.]org/simple|files[.]pythonhosted|registry[.]npmjs"
    ),
    "a conflict marker": re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE),
}
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KE[Y]-----\s*[A-Za-z0-9+/=]{40,}")


def _tracked() -> list[Path]:
    return [Path(path) for path in listed()]


def _text(path: Path) -> str:
    return (ROOT / path).read_bytes().decode("utf-8", "replace")


def _ours() -> list[Path]:
    return [path for path in _tracked() if not path.as_posix().startswith(PUBLISHED)]


def test_no_file_is_over_a_megabyte():
    """A clone stays small."""
    assert [str(path) for path in _tracked() if (ROOT / path).stat().st_size > MEGABYTE] == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    """Nothing of one machine, of one network, or of a merge left undone."""
    found = [
        f"{path}: {hit.group().strip()}" for path in _ours() if (hit := FORBIDDEN[what].search(_text(path)))
    ]
    assert found == []


def test_forbidden_things_are_recognised():
    """The patterns above can fail."""
    assert FORBIDDEN["a path of somebody's machine"].search("see /" + "work/main/x")
    assert FORBIDDEN["the address of a package index"].search("--" + "index-url x")
    assert PRIVATE_KEY.search("-----BEGIN " + "PRIVATE KEY-----\n" + "A" * 64)


def test_no_private_key_outside_the_tests():
    """Keys of the test domain live under tests/ or in the specimen, and the product refuses them."""
    assert [
        str(path) for path in _ours() if path.parts[0] != "tests" and PRIVATE_KEY.search(_text(path))
    ] == []


def test_top_folder_holds_rooms_and_their_company_only():
    """A new folder at the top needs a reason in CONTRIBUTING.md and a word here."""
    folders = {path.parts[0] for path in _tracked() if len(path.parts) > 1}
    rooms = {"credentials", "verifier", "keys", "wallet_api", "mobile_sim"}
    assert folders <= rooms | {"tests", "docs", "bench", "interop", ".ci"}


def test_scripts_can_be_run():
    """`./run` and `.ci/run` keep their executable bit."""
    for path in ("run", ".ci/run"):
        assert (ROOT / path).stat().st_mode & 0o111


def test_run_is_a_posix_script():
    """The one entry needs no bash; its syntax is read by sh."""
    assert _text(Path("run")).startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", "run"], cwd=ROOT, check=True)


# --- publiccode.yml, by the schema of its version 0.4 -------------------------------------------------------------


@pytest.fixture(scope="module")
def publiccode() -> dict:
    """The file as a catalogue of public software reads it."""
    return yaml.safe_load(_text(Path("publiccode.yml")))


def test_publiccode_has_every_mandatory_key(publiccode):
    """The keys that a crawler refuses to go without."""
    mandatory = {
        "publiccodeYmlVersion", "name", "url", "softwareVersion", "releaseDate", "platforms", "categories",
        "developmentStatus", "softwareType", "description", "legal", "maintenance", "localisation",
    }  # fmt: skip
    assert mandatory <= set(publiccode)
    assert publiccode["publiccodeYmlVersion"] == "0.4"
    assert publiccode["url"].startswith("https://")
    assert publiccode["developmentStatus"] in {"concept", "development", "beta", "stable", "obsolete"}
    assert publiccode["softwareType"] in {
        "standalone/mobile", "standalone/iot", "standalone/desktop", "standalone/web", "standalone/backend",
        "standalone/other", "addon", "library", "configurationFiles",
    }  # fmt: skip
    assert set(publiccode["categories"]) <= {"identity-management", "digital-citizenship"}
    assert publiccode["legal"]["license"] == "Apache-2.0"
    assert publiccode["maintenance"]["type"] == "community"
    assert all(contact["name"] for contact in publiccode["maintenance"]["contacts"])
    assert publiccode["localisation"]["localisationReady"] is True
    assert isinstance(publiccode["releaseDate"], date)


def test_publiccode_describes_in_french_and_english(publiccode):
    """Lengths are those of the schema; French comes first."""
    assert list(publiccode["description"]) == ["fr", "en"]
    assert publiccode["localisation"]["availableLanguages"] == ["fr", "en"]
    for text in publiccode["description"].values():
        assert 0 < len(text["shortDescription"].strip()) <= 150
        assert 500 <= len(text["longDescription"]) <= 10_000
        assert text["features"]


def test_one_version_everywhere(publiccode):
    """pyproject.toml, publiccode.yml and the newest heading of the changelog say the same."""
    version = tomllib.loads(_text(Path("pyproject.toml")))["project"]["version"]
    assert publiccode["softwareVersion"] == version
    headings = re.findall(
        r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?", _text(Path("CHANGELOG.md")), re.MULTILINE
    )
    released = [(name, day) for name, day in headings if name != "Unreleased"]
    assert released[0] == (version, publiccode["releaseDate"].isoformat())
