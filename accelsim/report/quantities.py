"""Names of metrics and parameters as an axis tells them: words, and the unit that ends the name."""

from __future__ import annotations

UNITS = {
    "us": "µs", "ns": "ns", "uj": "µJ", "nj": "nJ", "pj": "pJ", "mm2": "mm²", "um2": "µm²",
    "w": "W", "mw": "mW", "mbit": "Mbit", "mhz": "MHz", "kb": "KB", "bits": "bits", "nm": "nm",
    "gb": "GB",
}
WORDS = {
    "n_pe": "number of PEs", "act_queue_depth": "queue depth",
    "gops": "GOP/s", "gops_per_w": "GOP/s/W", "pj_per_mac": "pJ a MAC",
}


def axis_label(name: str) -> str:
    """``time_us`` is "time (µs)", ``recipe.density`` "density"."""
    bare = name.rpartition(".")[2]
    if bare in WORDS:
        return WORDS[bare]
    words, _, last = bare.rpartition("_")
    if words and last in UNITS:
        return f"{words.replace('_', ' ')} ({UNITS[last]})"
    return bare.replace("_", " ")


def told(name: str, value: object) -> str:
    """A value with its name, for a legend or a label: "64 PEs", "spmat width 32 bits"."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:,.6g}" if number else str(value)
    if name == "n_pe":
        return f"{text} PEs"
    words, _, unit = axis_label(name).partition(" (")
    return f"{words} {text}{f' {unit[:-1]}' if unit else ''}"
