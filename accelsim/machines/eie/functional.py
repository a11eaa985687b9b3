"""The golden functional model: outputs and operation counts, no time.

Walks the active columns in ascending order and adds each to all of its rows at once. Inside a
column every row occurs at most once, so this is the hardware's order of additions for every
accumulator; `accelsim.fixedpoint` defines each step in words.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.formats.interleaved_csc import decode_image
from accelsim.kernels.accumulate import accumulate
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob, MapsJob, added, run_products
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.sequence import SequenceJob, run_sequence
from accelsim.records import CscMatrix
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]


def run(config: EieConfig, job: LayerJob | MapsJob | SequenceJob, outputs: bool = True
        ) -> JobResult:
    """Run one job.

    Returns
    -------
    JobResult
        ``outputs`` are the (n_outputs,) accumulators before ReLU, (n_vectors, n_outputs) of a
        convolution, the last layer's of a sequence; ``counters`` is None.
    """
    if isinstance(job, MapsJob):
        def together(product: ConvJob, passed: int) -> JobResult:
            weights = _weights(product.one)
            return added(_run(config, product.one, weights, part, outputs)
                         for part in product.parts())

        return run_products(job, together)
    if isinstance(job, SequenceJob):
        return run_sequence(job, lambda layer, passed: run(config, layer, outputs))
    result = _run(config, job, _weights(job), job.activations[None], outputs)
    return result if result.outputs is None else replace(result, outputs=result.outputs[0])


def _weights(job: LayerJob) -> CscMatrix:
    """The integer weights of an image; a bias is the last column."""
    codes = _codes(job.image)
    return CscMatrix(codes.shape, codes.column_starts, codes.rows,
                     job.decoded(codes.rows, codes.values))


@lru_cache(maxsize=8)
def _codes(image: LayerImage) -> CscMatrix:
    """What the image stores, once for all vectors of a layer."""
    return decode_image(image)


def _run(
    config: EieConfig, job: LayerJob, weights: CscMatrix, vectors: IntArray, outputs: bool
) -> JobResult:
    """(n_vectors, n_inputs) vectors, one after the other."""
    image = job.image
    used = np.count_nonzero(vectors, axis=0)  # vectors that broadcast the column
    in_image = np.zeros(image.n_columns, np.int64)
    in_image[: image.n_inputs] = used
    if image.has_bias:
        one = np.full((len(vectors), 1), job.bias_activation, np.int64)
        vectors = np.hstack([vectors, one])
        used = np.append(used, len(vectors))
        in_image[-1] = len(vectors)
    accumulators, saturations = accumulate(
        weights, vectors, np.flatnonzero(used), job.shift, config.accumulator_bits, job.bias
    )
    entries = int((np.diff(image.pointers).sum(axis=(0, 1)) * in_image).sum())
    macs = int((np.diff(weights.column_starts) * used).sum())
    operations = {
        "entries": entries,
        "padding": entries - macs,
        "macs": macs,
        "saturations": saturations,
    }
    return JobResult(accumulators if outputs else None, None, operations)
