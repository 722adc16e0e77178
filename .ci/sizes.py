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
# What each may be until it is below those limits, stripped and zipped: docs/decisions/0031-release-builds.md says why.
ALLOWED = {
    "poll-channels": (14.8, 5.7),
    "receive-marketplace-notification": (13.1, 5.3),
    "receive-store-webhook": (12.8, 5.1),
    "send-alerts": (16.6, 6.4),
    "sweep": (14.7, 5.7),
    "sync-order": (16.8, 6.5),
}


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
