"""Text as matplotlib must be given it to draw it as it is."""

from __future__ import annotations

from functools import cache

from matplotlib import font_manager

from accelsim.errors import printable


def plain(text: str) -> str:
    """No formula, no hidden label, and an escape for a character that the font lacks."""
    lines = [printable(line).replace("$", r"\$") for line in text.split("\n")]
    drawn = "".join(c if c == "\n" or _has_glyph(c) else ascii(c)[1:-1] for c in "\n".join(lines))
    return f" {drawn}" if drawn.startswith("_") else drawn


@cache
def _has_glyph(character: str) -> bool:
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    return character.isascii() or font.get_char_index(ord(character)) > 0
