"""Every command on small files with names that try its output; see `test_every_command`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import get_args

import numpy as np
from safetensors.numpy import save_file
from typer.models import OptionInfo

from accelsim.cli.app import app

NAMES = ("block[/relu]", "dense[conv]", "[bold]", "a:b", "ré😀", "new\nline")
NETWORK, INPUTS, STUDY = "net [v1]:a.safetensors", "x [1].npy", "study.toml"
ROOT = Path(__file__).parents[2]
RUN = [NETWORK, "--inputs", INPUTS, "--set", "n_pe=4"]
ALL = [word for name in NAMES for word in ("-l", name)]  # the file keeps no order

QUICK = {
    "config": ["config"],
    "layers": ["layers", NETWORK],
    "compress": ["compress", NETWORK],
    "simulate": ["simulate", *RUN, *ALL, "--energy"],
    "accuracy": ["accuracy", "digits.npz", "--digits", "few.npz", "--bits", "8"],
    "recurrent": ["recurrent", f"{ROOT}/traces/silero-lstm", "--steps", "2", "--energy"],
    "patterns": ["patterns", NETWORK, "-l", "a:b"],
    "tables": ["tables", "digits.npz", "--digits", "few.npz", "--table", "kmeans"],
    "codesign": ["codesign", "digits.npz", "--images", "few.npz", "--budget", "energy_uj=0.05",
                 "--rounds", "1", "--timed", "1", "--set", "n_pe=4", "-j", "1"],
    "cosim": ["cosim", *RUN, "-l", "a:b", "--rtl", f"{ROOT}/rtl"],
    "trace": ["trace", *RUN, "-l", "a:b", "-f", "text", "--to", "5", "--pe", "0"],
    "explain": ["explain", *RUN, "-l", "block[/relu]"],
    "report": ["report", *RUN, "-l", "[bold]"],
    "sweep": ["sweep", STUDY, "--dry-run"],
    "results": ["results", "done.sqlite"],
    "pareto": ["pareto", "done.sqlite", "--min", "time_us"],
    "plot": ["plot", "done.sqlite", "--x", "act_queue_depth"],
    "explore": ["explore", STUDY, "--min", "time_us", "--trials", "2", "-j", "1"],
    "sensitivity": ["sensitivity", STUDY, "-j", "1"],
    "published": ["published", "eie-table5"],
    "demo": ["demo", f"{ROOT}/traces/lenet-300-100", "--count", "1", "--set", "n_pe=8",
             "-e", "fast"],
}
"""Command to a line that prints something."""

WRITTEN = {
    ("compress", "--output"): ("out.safetensors", ["compress", NETWORK]),
    ("trace", "--output"): ("out.vcd", ["trace", *RUN, "-l", "a:b", "--to", "5"]),
    ("explain", "--picture"): ("out.svg", ["explain", *RUN, "-l", "a:b"]),
    ("codesign", "--write"): ("out.safetensors", [
        "codesign", "digits.npz", "--images", "few.npz", "--budget", "energy_uj=0.05",
        "--rounds", "1", "--timed", "1", "--set", "n_pe=4", "-j", "1"]),
    ("tables", "--output"): ("out.svg", ["tables", "digits.npz", "--digits", "few.npz",
                                         "--table", "kmeans"]),
    ("report", "--output"): ("out.html", ["report", *RUN, "-l", "a:b"]),
    ("plot", "--output"): ("out.svg", ["plot", "done.sqlite", "--x", "act_queue_depth"]),
    ("results", "--parquet"): ("out.parquet", ["results", "done.sqlite"]),
    ("cosim", "--waveform"): ("out.vcd", ["cosim", *RUN, "-l", "a:b", "--rtl", f"{ROOT}/rtl",
                                          "--rtl-dir", "mine"]),
}
"""(command, option that names a file to write) to a name and the rest of the line."""

DATABASES = {("sweep", "--output"), ("explore", "--output"), ("sensitivity", "--output"),
             ("codesign", "--output")}
"""Written in place: SQLite and its journals."""

AS_EXPLAIN = {("demo", "--picture")}
"""Written by the function that writes the picture of `explain`."""

FOLDERS = {("published", "--output"), ("cosim", "--export"), ("cosim", "--build-dir")}

READ = {"--plugin", "--inputs", "--image", "--digits", "--network", "--rtl", "--rtl-dir", "--data",
        "--images", "--test"}
"""Options that name a file to read."""


def options(command):
    """Name to type of a command's options."""
    found = {}
    function = next(c.callback for c in app.registered_commands if c.callback.__name__ == command)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, info = get_args(parameter.annotation)
        if isinstance(info, OptionInfo):
            # Typer takes the first name that an annotation gives for the default.
            names = [*([info.default] if isinstance(info.default, str) else []), *info.param_decls]
            found[next(iter(names), f"--{name.replace('_', '-')}")] = kind
    return found


def make_files(folder):
    """The files that the lines above name."""
    from accelsim.study import sweep

    rng = np.random.default_rng(1)

    def weights(rows, columns):
        return (rng.standard_normal((rows, columns)) * (rng.random((rows, columns)) < 0.5)).astype(
            np.float32)

    save_file({f"{name}.weight": weights(8, 8) for name in NAMES}, folder / NETWORK)
    np.save(folder / INPUTS, np.ones(8, np.float32))
    np.savez(folder / "digits.npz", weight=weights(10, 784))
    np.savez(folder / "few.npz", images=rng.integers(0, 255, (4, 784), np.uint8),
             labels=np.arange(4, dtype=np.uint8))
    save_file({"zero.weight": np.zeros((8, 8), np.float32)}, folder / "zero.safetensors")
    np.save(folder / "zero.npy", np.zeros(8, np.float32))
    (folder / STUDY).write_text(
        f'workloads = ["{NETWORK}:a:b"]\nactivation_density = 0.5\n'
        'metrics = ["cycles", "time_us"]\n[set]\nn_pe = 4\n[axes]\nact_queue_depth = [4, 8]\n')
    sweep(folder / STUDY, folder / "done.sqlite")
    (folder / "mine").mkdir()
    unit = (ROOT / "rtl/eie/pe.v").read_text("ascii")
    (folder / "mine/pe.v").write_text(
        unit.replace("assign busy_o = queue_valid ||", "assign busy_o = !queue_valid ||"))


def exit_status(monkeypatch, line):
    """Run a command line in this process."""
    from accelsim.cli import main

    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, line)])
    try:
        main()
    except SystemExit as leave:
        return leave.code
    raise AssertionError("main always leaves")
