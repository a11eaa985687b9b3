"""Messages as the command line says them: what Python calls ``bias='column'`` is an option here."""

from __future__ import annotations

import re

_OF_COMPRESS = ("bias", "init", "values")  # options that not every command has that compresses
_PHRASES = (("(-l, names=)", "(-l)"), ("(input_shape=(3, 224, 224); on the command line --inputs)",
                                       "(--inputs of one)"))
_SETTING = re.compile(r"(?<![\w.(-])([a-z][a-z0-9_]*)='([\w.-]+)'")


def as_options(text: str) -> str:
    """A message with the remedies of Python in the words of the command line.

    ``lowering='im2col'`` becomes ``--lowering im2col``, ``bias='column'`` ``compress --bias
    column``, ``capacity='stream'``, a value of the machine, ``--set capacity=stream``, and
    ``names=`` beside ``-l`` goes.
    """
    for python, shell in _PHRASES:
        text = text.replace(python, shell)
    return _SETTING.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    key, value = found.groups()
    if key in _OF_COMPRESS:
        return f"compress --{key} {value}"
    return f"--lowering {value}" if key == "lowering" else f"--set {key}={value}"
