"""One self-contained HTML page: tables, pictures and text, nothing from anywhere else."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Sequence
from html import escape
from string import Template

from matplotlib.figure import Figure

from accelsim.errors import printable
from accelsim.report.plots_style import write

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="$generator">
<title>$title</title>
<style>
:root { --ink: #1d2733; --soft: #5b6775; --line: #dfe4ea; --paper: #ffffff; --back: #f3f5f8;
  --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
header { background: var(--ink); color: #fff; padding: 1.6rem 2rem; }
header h1 { margin: 0; font-size: 1.5rem; font-weight: 600; }
header p { margin: .3rem 0 0; color: #c4ccd6; }
main { max-width: 1160px; margin: 0 auto; padding: 1rem 1.2rem 3rem; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 8px;
  padding: 1rem 1.4rem 1.4rem; margin: 1.2rem 0; }
h2 { font-size: 1.15rem; margin: .2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; color: var(--accent); }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; min-width: 40%; }
th, td { padding: .26rem .55rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { background: var(--back); font-weight: 600; vertical-align: bottom; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number, td:first-child { white-space: nowrap; }
tbody tr:hover { background: #f8fafc; }
figure { margin: 1rem 0 0; } figure img { max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .86rem; }
details summary { cursor: pointer; color: var(--accent); margin: .5rem 0; }
code, pre { font: .82rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
pre { background: var(--back); padding: .7rem 1rem; border-radius: 6px; overflow-x: auto; }
@media (max-width: 700px) {
  main { padding: .4rem .5rem 2rem; } header { padding: 1.1rem 1rem; }
  section { padding: .8rem; margin: .7rem 0; }
  td:first-child { white-space: normal; min-width: 9rem; }
  figure { overflow-x: auto; } figure img { max-width: none; width: 40rem; }
}
@media print { body, header { background: #fff; color: #000; } section { border: 0; } }
</style>
</head>
<body>
<header><h1>$title</h1><p>$subtitle</p></header>
<main>
$body
</main>
</body>
</html>
""")


def page(title: str, subtitle: str, sections: Iterable[str], generator: str) -> str:
    """The whole document; ``sections`` are HTML already."""
    return _PAGE.substitute(
        title=escape(printable(title)), subtitle=escape(printable(subtitle)),
        generator=escape(generator), body="\n".join(sections),
    )


def section(title: str, *parts: str) -> str:
    """A box with a heading."""
    return f"<section>\n<h2>{escape(printable(title))}</h2>\n" + "\n".join(parts) + "\n</section>"


def heading(text: str) -> str:
    """A heading inside of a section."""
    return f"<h3>{escape(printable(text))}</h3>"


def paragraph(text: str) -> str:
    """Plain text."""
    return f'<p class="soft">{escape(printable(text))}</p>'


def details(summary: str, *parts: str) -> str:
    """Something that is folded away until it is asked for."""
    inner = "\n".join(parts)
    return f"<details><summary>{escape(printable(summary))}</summary>\n{inner}\n</details>"


def preformatted(text: str) -> str:
    """Text as it is, in a typewriter face."""
    return f"<pre>{escape(text)}</pre>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; columns of numbers stand on the right."""
    body = [[_cell(value) for value in row] for row in rows]
    numeric = [all(row[i][1] for row in body) and bool(body) for i in range(len(columns))]
    kinds = [' class="number"' if number else "" for number in numeric]
    head = "".join(f"<th{kind}>{escape(name)}</th>"
                   for name, kind in zip(columns, kinds, strict=True))
    lines = ["".join(f"<td{kind}>{escape(text)}</td>"
                     for (text, _), kind in zip(row, kinds, strict=True)) for row in body]
    inner = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return (f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{inner}\n</tbody></table></div>")


def picture(figure: Figure, caption: str) -> str:
    """A figure as SVG, inside of the page; its text stays text for readers without pictures."""
    drawn = io.BytesIO()
    write(figure, drawn, "svg")
    data = base64.b64encode(drawn.getvalue()).decode("ascii")
    return (f'<figure><img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>")


def _cell(value: object) -> tuple[str, bool]:
    """Text, and whether it is a number or stands for one that is absent."""
    if value is None:
        return "-", True
    if isinstance(value, bool):
        return ("yes" if value else "no"), False
    if isinstance(value, int):
        return f"{value:,}", True
    if isinstance(value, float):
        if not math.isfinite(value):
            return "-", True
        return (f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"), True
    return printable(str(value)), False
