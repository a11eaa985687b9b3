"""What the help of a command says behind its options."""

from __future__ import annotations

from dataclasses import dataclass

_STATUS = "0 done; 2 a mistake, told in one line; 130 interrupted."


@dataclass(frozen=True)
class Page:
    """A command's line in the list of commands, and its help behind the options.

    Attributes
    ----------
    text : paragraphs: what the numbers mean, and their units
    examples : command lines that can be typed as they are, each with what it shows
    """

    line: str
    text: str
    examples: tuple[tuple[str, str], ...]
    status: str = _STATUS

    def epilog(self) -> str:
        """As the help formatter takes it; a line of its own with \\b keeps the lines below it."""
        width = max(len(command) for command, _ in self.examples) + 2
        shown = [f"  {command:{width}}{what}" if width < 60 else f"  {command}\n      {what}"
                 for command, what in self.examples]
        return "\n\n".join([self.text.strip(), "\b\nExamples:\n" + "\n".join(shown),
                            f"Exit status: {self.status}"])
