"""Reads damaged files in a process of its own.

``python -m tests.fuzz.worker READER SEED COUNT FOLDER``; the same words give the same files.
Prints one JSON object: how many were read, refused, and each failure. Limits: 30 s a file, 4 GB of
addresses (so that a huge allocation is an error at once), and the memory used is measured.
"""

from __future__ import annotations

import json
import resource
import shutil
import signal
import sys
import traceback
import warnings
from pathlib import Path
from random import Random

from accelsim.errors import AccelsimError
from tests.fuzz.mutate import damage
from tests.fuzz.readers import READERS

SECONDS_A_FILE = 30
ADDRESS_BYTES = 4 << 30


class TooLongError(BaseException):
    """Not an Exception, so that no reader takes it for its own."""


def too_long(*_: object) -> None:
    raise TooLongError


def work(name: str, seed: int, count: int, folder: Path) -> dict[str, object]:
    """Damage and read ``count`` files."""
    reader = READERS[name]
    sound = folder / "sound"
    sound.mkdir()
    sources = reader.make(sound)
    for source in sources:
        copy = folder / f"whole{source.suffix}"
        damage_nothing(source, copy)
        reader.read(copy)
    begin_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES + begin_kb * 1024, used))
    signal.signal(signal.SIGALRM, too_long)
    read, refused, failures = 0, 0, []
    for index in range(count):
        rng = Random(f"{name} {seed} {index}")
        source = rng.choice(sources)
        target = folder / f"damaged{source.suffix}"
        damage(source, target, rng)
        (folder / "index").write_text(str(index))
        signal.alarm(SECONDS_A_FILE)
        try:
            reader.read(target)
            read += 1
        except AccelsimError as problem:
            refused += 1
            if "\n" in str(problem) or not str(problem):
                failures.append({"index": index, "what": f"not one line: {problem}"})
        except (Exception, TooLongError):
            failures.append({"index": index, "what": traceback.format_exc(limit=-4)})
        finally:
            signal.alarm(0)
        remove(target)
        for left in folder.glob("damaged*"):
            remove(left)
        if len(failures) >= 20:
            break
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begin_kb
    return {"read": read, "refused": refused, "failures": failures, "grown_kb": grown_kb}


def damage_nothing(source: Path, target: Path) -> None:
    (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    warnings.simplefilter("error", RuntimeWarning)
    name, seed, count, folder = sys.argv[1:]
    print(json.dumps(work(name, int(seed), int(count), Path(folder))))
