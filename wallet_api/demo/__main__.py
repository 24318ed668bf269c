"""Run the story; exit 0 when every verdict was the expected one."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from .programs import DemoFailed
from .story import Story

_DEFAULT = Path("build") / "demo"


def main() -> int:
    """Tell the story in a fresh folder and say where its images are."""
    parser = argparse.ArgumentParser(
        prog="wallet-api demo", description="Le parcours entier, sur cette machine."
    )
    parser.add_argument("--folder", type=Path, default=_DEFAULT, help="dossier refait à chaque fois")
    folder: Path = parser.parse_args().folder.resolve()
    if folder.exists() and not (folder / "demo").exists() and any(folder.iterdir()):
        print(
            f"{folder} contient autre chose qu'une démonstration : choisissez un autre dossier",
            file=sys.stderr,
        )
        return 2
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "demo").touch()
    start = time.monotonic()
    print("Laissez-passer : démonstrateur, service non officiel, données fictives.\n", flush=True)
    story = Story(folder)
    try:
        story.tell()
    except DemoFailed as failure:
        print(f"\nLa démonstration a échoué : {failure}", file=sys.stderr)
        return 1
    finally:
        story.close()
    print(
        f"\n{story.count} verdicts, tous attendus, en {time.monotonic() - start:.0f} s.\n"
        f"Images : {story.images}\n"
        f"Pour continuer : .venv/bin/wallet-api serve --home {story.service.home}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
