"""The program that is recorded while it undoes what a power cut left, and then goes on.

Run as ``python -m tests.reliability.recovering_writer FOLDER MARKS IMAGE``. It puts the files of
IMAGE into FOLDER and syncs them, says "created", and opens the ledger there as any program would:
a hot journal is rolled back. It then appends twice to the first trial, and says of each append the
trial and the hashes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from escalation.ledger import open_ledger

from .recorded_writer import CREATED, FILE, TRIALS
from .workload import NAME, batch, moment

__all__ = ["N_APPENDS", "main"]

N_APPENDS = 2


def main(folder: Path, marks: Path, image: Path) -> None:
    """Put the files there, recover, and append."""
    place(image, folder)
    descriptor = os.open(marks, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, f"{CREATED}\n".encode("ascii"))
    trial = TRIALS[0]
    with open_ledger(str(folder / FILE)) as ledger:
        head = len(ledger.entries(trial))
        for number in range(N_APPENDS):
            made = ledger.append(
                trial,
                batch(500 + number, size=2, bulk=5_000),
                after=head,
                recorded_at=moment(5_000 + number),
                recorded_by=NAME,
            )
            head = made[-1].seq
            hashes = " ".join(entry.hash for entry in made)
            os.write(descriptor, f"{trial} {hashes}\n".encode("ascii"))


def place(image: Path, folder: Path) -> None:
    """Copy files so that no power cut can take them away."""
    for source in sorted(image.iterdir()):
        file = os.open(folder / source.name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(file, source.read_bytes())
        os.fsync(file)
        os.close(file)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
