"""Value change dumps read back: what every signal showed in every cycle."""

from vcd.reader import TokenKind, tokenize


def read_waves(path, first_cycle, start_time=None, ticks=2):
    """{cycle: {dotted name: integer, or None for unknown bits}}, from ``first_cycle`` on.

    A cycle's values are those just before the next one begins. ``start_time`` is when the first
    begins; None takes the time at which the dump is switched on.
    """
    names, values, cycles, scopes = {}, {}, {}, []
    now = None
    with open(path, "rb") as file:
        for token in tokenize(file):
            if token.kind is TokenKind.SCOPE:
                scopes.append(token.scope.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scopes.pop()
            elif token.kind is TokenKind.VAR:
                name = ".".join([*scopes, token.var.reference])
                names.setdefault(token.var.id_code, []).append(name)
            elif token.kind is TokenKind.CHANGE_TIME:
                now = token.data
                while start_time is not None and now >= start_time + ticks * (len(cycles) + 1):
                    cycles[first_cycle + len(cycles)] = dict(values)
            elif token.kind is TokenKind.DUMPON and start_time is None:
                start_time = now
            elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR):
                number = number_of(token.data.value)
                values.update(dict.fromkeys(names[token.data.id_code], number))
    return cycles


def number_of(value):
    """A change's value as an integer, or None if a bit is unknown."""
    if isinstance(value, int):
        return value
    return int(value, 2) if set(value) <= {"0", "1"} else None
