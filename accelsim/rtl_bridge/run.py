"""Build ``eie_array`` with Icarus Verilog, run layers on it, read back what it gives."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.arch.config import EieConfig
from accelsim.engines.job import IntArray, LayerJob
from accelsim.errors import InputError
from accelsim.rtl_bridge import images
from accelsim.rtl_bridge.params import (
    CCU_COUNTERS,
    PE_COUNTERS,
    RtlParameters,
    rtl_parameters,
    rtl_plan,
)

_TESTBENCH = "eie_array_tb"
_BACKDOOR_FROM = 4096  # I/O writes; below, the host loads every word itself


@dataclass(frozen=True, eq=False)
class RtlResult:
    """What the array gave for one layer.

    Attributes
    ----------
    outputs : (n_outputs,) int64 accumulators before ReLU; None if the layer did not finish or
        a bit is unknown
    cycles : counted by the testbench, from the first start cycle to the last cycle
    counters : name to number, or to (n_pe,) int64; None without counters in the RTL, or as above
    trace : (cycles, trace_bits / 4 rounded up) bytes of hexadecimal digits, or None
    """

    outputs: IntArray | None
    cycles: int
    counters: dict[str, int | IntArray] | None
    trace: npt.NDArray[np.bytes_] | None


@dataclass(frozen=True)
class Window:
    """A waveform to write: VCD ``path`` of the layer's cycles ``first`` to ``last``."""

    path: Path
    first: int
    last: int


def build(parameters: RtlParameters, rtl_dirs: Sequence[Path], build_dir: Path) -> Path:
    """Compile the array for one set of parameters; the same set and sources compile once.

    Parameters
    ----------
    rtl_dirs : folders of Verilog files, one module each; the first that has a module counts, so
        that a folder with a PE of your own goes before ``rtl``. The testbench is looked for in
        their ``tb`` folders.

    Raises
    ------
    InputError
        If Icarus or a file is missing, or the sources do not compile.
    """
    compiler = shutil.which("iverilog")
    if compiler is None:
        raise InputError("iverilog is not installed; install Icarus Verilog 11 or newer")
    sources = _sources(rtl_dirs)
    # Only the project's own PE is known to have the hierarchy that the back door writes to.
    own = "eie_array" in sources and sources["pe"].parent == sources["eie_array"].parent
    digest = hashlib.sha256(repr((parameters, own)).encode())
    for name in sorted(sources):
        digest.update(sources[name].read_bytes())
    target = build_dir / f"eie_array_{digest.hexdigest()[:16]}.vvp"
    if target.exists():
        return target
    build_dir.mkdir(parents=True, exist_ok=True)
    values = {**parameters.verilog(), "TraceBits": parameters.trace_bits}
    part = target.with_suffix(f".{np.random.default_rng().integers(1 << 62):x}")
    command = [
        compiler, "-g2005", "-Wall", "-s", _TESTBENCH, "-o", str(part),
        *(f"-P{_TESTBENCH}.{name}={value}" for name, value in values.items()),
        *(["-DEIE_BACKDOOR"] if own else []),
        *(str(path) for path in sources.values()),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        part.unlink(missing_ok=True)
        first = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(f"the RTL does not compile: {first[0] if first else 'iverilog failed'}")
    part.replace(target)  # another process may build the same
    return target


def run_layers(
    config: EieConfig, jobs: Sequence[tuple[LayerJob, images.Chained | None]],
    rtl_dirs: Sequence[Path], build_dir: Path, *, counters: bool = True, trace: bool = False,
    window: Window | None = None, backdoor: bool | None = None, limit: int = 10_000_000,
) -> list[RtlResult]:
    """Run layers one after the other on one array.

    Parameters
    ----------
    jobs : a layer and None, or how it reads what the layer before it left (then its own
        activations are not used)
    counters, trace : whether the array has counters, and tells every cycle
    backdoor : fill the weight memories at once instead of by I/O writes; None: if there are many
    limit : cycles after which a layer is given up; no layer runs after it

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        Missing tools; a setting that the RTL does not have; a layer that does not fit.
    """
    plans = [rtl_plan(config, job.image) for job, _ in jobs]
    parameters = rtl_parameters(config, max(map(len, plans)), counters, trace)
    program = build(parameters, rtl_dirs, build_dir)
    work = build_dir / f"run_{np.random.default_rng().integers(1 << 62):x}"
    work.mkdir(parents=True)
    try:
        script: list[str] = []
        place = images.Placement()
        for number, ((job, chained), plan) in enumerate(zip(jobs, plans, strict=True)):
            job.check(config)
            fill = _fill(config, job, work, number, backdoor)
            script += images.weight_lines(config, job.image, fill)
            place = images.place(config, job.image, plan, place.store_base if chained else 0)
            script += images.layer_lines(config, job, plan, place, chained)
            script += images.read_lines(config, job.image, plan, place, counters)
        (work / "script.txt").write_text("\n".join([*script, ""]), encoding="ascii")
        _simulate(program, work, trace, window, limit)
        results = _read_results(config, jobs, work, counters)
        if trace:
            return _with_traces(results, work / "trace.txt", parameters.trace_bits)
        return results
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run_layer(
    config: EieConfig, job: LayerJob, rtl_dirs: Sequence[Path], build_dir: Path, *,
    counters: bool = True, trace: bool = False, window: Window | None = None,
    backdoor: bool | None = None, limit: int = 10_000_000,
) -> RtlResult:
    """One layer; see `run_layers`."""
    return run_layers(
        config, [(job, None)], rtl_dirs, build_dir, counters=counters, trace=trace,
        window=window, backdoor=backdoor, limit=limit,
    )[0]


def _sources(rtl_dirs: Sequence[Path]) -> dict[str, Path]:
    """Module name to file; earlier folders win."""
    found: dict[str, Path] = {}
    for folder in rtl_dirs:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of Verilog files")
        for path in (*sorted(folder.glob("*.v")), folder / "tb" / f"{_TESTBENCH}.v"):
            if path.is_file():
                found.setdefault(path.stem, path)
    for name in ("pe", "eie_array", _TESTBENCH):
        if name not in found:
            raise InputError(f"{rtl_dirs[-1]}: holds no {name}.v; name the project's RTL folder")
    return found


def _fill(
    config: EieConfig, job: LayerJob, work: Path, number: int, backdoor: bool | None
) -> int | None:
    """Write the memory files of a layer if they are to be filled at once."""
    words = images.pointer_words(job.image)
    if backdoor is None:
        backdoor = words.size > _BACKDOOR_FROM
    if not backdoor:
        return None
    lines = images.spmat_lines(config, job.image)
    (work / f"pointers_{number}.hex").write_text(images.hex_file(words.ravel().tolist()), "ascii")
    (work / f"spmat_{number}.hex").write_text(
        images.hex_file(line for pe in lines for line in pe), "ascii"
    )
    return number


def _simulate(
    program: Path, work: Path, trace: bool, window: Window | None, limit: int
) -> None:
    command = [
        "vvp", "-n", str(program), f"+script={work / 'script.txt'}", f"+out={work / 'out.txt'}",
        f"+images={work}", f"+limit={limit}",
    ]
    if trace:
        command.append(f"+trace={work / 'trace.txt'}")
    if window is not None:
        command += [f"+vcd={window.path}", f"+from={window.first}", f"+to={window.last}"]
    done = subprocess.run(command, capture_output=True, text=True)
    out = work / "out.txt"
    if done.returncode or not out.exists():
        text = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(f"vvp failed: {text[0] if text else 'no message'}")


def _read_results(
    config: EieConfig, jobs: Sequence[tuple[LayerJob, images.Chained | None]], work: Path,
    counters: bool,
) -> list[RtlResult]:
    lines = (work / "out.txt").read_text("ascii").split("\n")
    results: list[RtlResult] = []
    at = 0
    for job, _ in jobs:
        verdict, _, cycles = lines[at].partition(" ")
        if verdict == "timeout":
            return [*results, RtlResult(None, int(cycles), None, None)]
        if verdict != "cycles":
            raise InputError(f"{job.image.name}: the testbench printed {lines[at]!r}")
        out_rows = -(-job.image.n_outputs // config.n_pe)
        numbers, at = _numbers(lines, at + 1, out_rows * config.n_pe)
        outputs = None
        if numbers is not None:
            sign = 1 << (config.register_bits - 1)
            values = ((numbers ^ sign) - sign).reshape(config.n_pe, out_rows)
            outputs = values.T.ravel()[: job.image.n_outputs]
        named = None
        if counters:
            n_ccu, n_pe = len(CCU_COUNTERS), len(PE_COUNTERS)
            numbers, at = _numbers(lines, at, n_ccu + n_pe * config.n_pe)
            if numbers is not None:
                named = _named(numbers[:n_ccu], numbers[n_ccu:].reshape(config.n_pe, n_pe))
        results.append(RtlResult(outputs, int(cycles), named, None))
    return results


def _numbers(lines: list[str], at: int, count: int) -> tuple[IntArray | None, int]:
    """Data of ``count`` lines from ``at`` on, None if a bit is unknown; and the line after."""
    texts = [line.rpartition(" ")[2] for line in lines[at : at + count]]
    try:
        return np.array([int(text, 16) for text in texts], dtype=np.int64), at + count
    except ValueError:
        return None, at + count


def _named(ccu: IntArray, pes: IntArray) -> dict[str, int | IntArray]:
    named: dict[str, int | IntArray] = {
        name: int(value) for name, value in zip(CCU_COUNTERS, ccu, strict=True)
    }
    return named | {name: pes[:, index] for index, name in enumerate(PE_COUNTERS)}


def _with_traces(results: list[RtlResult], path: Path, trace_bits: int) -> list[RtlResult]:
    digits = -(-trace_bits // 4)
    rows = np.fromfile(path, dtype=f"S{digits + 1}")
    starts = np.cumsum([0] + [result.cycles for result in results])
    return [
        RtlResult(
            r.outputs, r.cycles, r.counters,
            rows[a:b].view("S1").reshape(b - a, digits + 1)[:, :digits],
        )
        for r, a, b in zip(results, starts[:-1], starts[1:], strict=True)
    ]
