"""Where the Verilog (``rtl``) and the trained networks (``traces``) that come with accelsim lie.

In a checkout they lie beside the package, in an installed wheel inside of it; the environment
variable ``ACCELSIM_DATA`` names a folder that holds both and goes before either.
"""

from __future__ import annotations

import os
from pathlib import Path

from accelsim.errors import InputError

VARIABLE = "ACCELSIM_DATA"
FOLDERS = ("rtl", "traces")

_PACKAGE = Path(__file__).parent
INSTALLED = _PACKAGE / "_shipped"
"""Where pyproject.toml puts both in a wheel."""


def data_folder(name: str) -> Path:
    """The folder ``"rtl"`` or ``"traces"``.

    Raises
    ------
    InputError
        If it is neither with the package nor where ``ACCELSIM_DATA`` says.
    """
    if name not in FOLDERS:
        raise InputError(f"'{name}' does not come with accelsim; there are {' and '.join(FOLDERS)}")
    given = os.environ.get(VARIABLE)
    places = [Path(given)] if given else [INSTALLED, _PACKAGE.parent]
    for place in places:
        if (place / name).is_dir():
            return place / name
    where = f"{VARIABLE}={given} holds no folder '{name}'" if given else f"no folder '{name}' here"
    raise InputError(f"{where}; set {VARIABLE} to a folder that holds {' and '.join(FOLDERS)}")


def located(path: str | Path) -> Path:
    """``path``, or what comes with accelsim under that name: ``traces/...`` that is not there.

    So the commands of the documents run in any folder. What is there goes first.
    """
    named = Path(path)
    if named.is_absolute() or named.parts[:1] != FOLDERS[1:] or os.path.exists(named):
        return named
    try:
        shipped = data_folder(named.parts[0]).joinpath(*named.parts[1:])
    except InputError:
        return named
    return shipped if os.path.exists(shipped) else named
