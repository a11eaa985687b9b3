"""Write a layer as a data folder of the EIE authors' simulator; see `eie_simulator`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.files import atomic_folder
from accelsim.formats import build_image
from accelsim.records import CompressedLayer
from accelsim.workload.eie_simulator import BITS


def save_eie_simulator(
    folder: str | Path, packed: CompressedLayer, activations: npt.ArrayLike, n_pe: int
) -> None:
    """Write the layer for ``n_pe`` PEs, and the outputs in float as ``groundtruth.dat``.

    The folder must be new or empty; it appears whole or not at all.

    Parameters
    ----------
    packed : 4-bit codes and 4-bit runs, the only widths of that format
    activations : (n_inputs,), 0 or more, because the simulator's scan passes over negative ones

    Raises
    ------
    InputError
        If the layer does not fit the format, the activations do not fit the layer, or the folder
        holds something or cannot be written.
    """
    folder = Path(folder)
    vector = np.asarray(activations, dtype=np.float32)
    if (packed.weight_bits, packed.index_bits) != (BITS, BITS):
        raise InputError(f"{packed.name}: weight_bits={packed.weight_bits}, index_bits="
                         f"{packed.index_bits}; the EIE simulator's files need {BITS} and {BITS}; "
                         f"compress the layer again")
    if packed.row_order is not None:
        raise InputError(f"{packed.name}: its rows are in another order, which the EIE simulator's "
                         f"files cannot say; compress it without --permute-rows")
    if vector.shape != (packed.n_inputs,):
        raise InputError(f"{packed.name}: activations have shape {vector.shape}; need "
                         f"({packed.n_inputs},)")
    if not np.isfinite(vector).all() or np.any(vector < 0):
        raise InputError(f"{packed.name}: activations must be finite and not negative; apply the "
                         f"ReLU first")
    image = build_image(packed, n_pe)
    files = {
        "act.dat": vector.astype("<f4"),
        "arithm.dat": packed.codebook.astype("<f4"),
        "groundtruth.dat": _outputs(packed, vector).astype("<f4"),
    }
    for number in range(n_pe):
        pe = image.pe(number)
        files[f"ptr/ptr{number}.dat"] = pe.pointers[0].astype("<u4")
        files[f"spm/spm{number}.dat"] = np.column_stack([pe.codes, pe.runs]).astype("<u4")
    with atomic_folder(folder) as part:
        for name, array in files.items():
            target = part / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(array.tobytes())


def _outputs(packed: CompressedLayer, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Weights times activations plus bias, before the ReLU."""
    matrix = packed.decoded()
    inputs = np.append(vector, np.float32(1)) if packed.has_bias else vector
    per_entry = np.repeat(inputs.astype(np.float64), np.diff(matrix.column_starts))
    sums = np.bincount(matrix.rows, matrix.values * per_entry, minlength=packed.n_outputs)
    return sums.astype(np.float64)
