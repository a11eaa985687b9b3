"""What a command of accelsim prints as JSON: the README's tables take it from there."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

from accelsim.errors import InputError


@cache
def output_of(*arguments: str) -> Any:
    """``accelsim ARGUMENTS --json`` as plain values.

    Raises
    ------
    InputError
        If the command fails.
    """
    command = [sys.executable, "-m", "accelsim", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"accelsim {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)
