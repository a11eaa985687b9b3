"""Messages as the command line says them: what Python calls ``bias='column'`` is an option here."""

from __future__ import annotations

import re

_OPTIONS = ("bias", "init", "lowering", "values")
_PHRASES = (("(-l, names=)", "(-l)"), ("(input_shape=(3, 224, 224); on the command line --inputs)",
                                       "(--inputs of one)"))
_SETTING = re.compile(r"(?<![\w.(-])([a-z][a-z0-9_]*)='([\w.-]+)'")


def as_options(text: str) -> str:
    """A message with the remedies of Python in the words of the command line.

    ``lowering='im2col'`` becomes ``--lowering im2col``, ``capacity='stream'``, a value of the
    machine, ``--set capacity=stream``, and ``names=`` beside ``-l`` goes.
    """
    for python, shell in _PHRASES:
        text = text.replace(python, shell)
    return _SETTING.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    key, value = found.groups()
    return f"--{key} {value}" if key in _OPTIONS else f"--set {key}={value}"
