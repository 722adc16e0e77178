"""Prints how large each function is, stripped and zipped, and fails beyond the limits.

Usage: sizes.py --programs FOLDER   (where cargo put the release build)
"""

import argparse
import io
import pathlib
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Megabytes (10^6 bytes): what a cold start has to load, and what Lambda has to fetch.
STRIPPED, RECEIVER, ZIPPED = 5.0, 3.5, 2.2
# Functions that are over a limit today, and by how much they may be: docs/decisions/0028-proven-privileges.md.
ALLOWED = {}


def zipped(program):
    """The size of the archive that SAM would make of it."""
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(program, "bootstrap")
    return len(place.getvalue())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True, type=pathlib.Path)
    programs, wrong = parser.parse_args().programs, []
    for function in sorted(path.name for path in (ROOT / "functions").iterdir()):
        program = programs / function
        stripped, packed = program.stat().st_size / 1e6, zipped(program) / 1e6
        most = RECEIVER if function == "receive-store-webhook" else STRIPPED
        most, most_packed = ALLOWED.get(function, (most, ZIPPED))
        limits = f"at most {most:.1f} and {most_packed:.1f}"
        print(f"   {function:36} {stripped:5.2f} MB stripped, {packed:5.2f} zipped ({limits})")
        if stripped > most or packed > most_packed:
            wrong.append(function)
    if wrong:
        print(f"too large: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
