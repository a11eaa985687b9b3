"""Small layers on small machines, drawn by Hypothesis: everything that the contract allows."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from accelsim.errors import CapacityError
from accelsim.fixedpoint import bounds
from accelsim.formats import build_image
from accelsim.machines import load_config
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob, layer_job
from accelsim.machines.eie.plan import tile_rows
from accelsim.records import CompressedLayer, CscMatrix


@dataclass(frozen=True, eq=False)
class Case:
    """One job and its machine; ``words`` make it again."""

    config: EieConfig
    job: LayerJob
    words: dict

    def _repr_pretty_(self, printer, cycle):
        """What Hypothesis prints of a failing case: the line that makes it again."""
        printer.text(f"make_case(**{self.words})")


def integers_of(rng, bits, size, extreme):
    """Integers of ``bits`` bits: the bounds alone, or anything between them, or small ones."""
    low, high = bounds(bits)
    if extreme == "bounds":
        return rng.choice([low, high], size)
    if extreme == "small":
        low, high = max(low, -3), min(high, 3)
    return rng.integers(low, high + 1, size)


def weights_of(rng, config, size, extreme):
    """Integer weights that the datapath of the machine can multiply by."""
    bits = config.weight_value_bits
    if config.multiplier == "full":
        return integers_of(rng, bits, size, extreme)
    if config.multiplier == "sign":
        return rng.integers(-1, 2, size)
    exponents = rng.choice([0, bits - 2], size) if extreme == "bounds" else rng.integers(
        0, bits - 1, size)
    powers = rng.choice([-1, 0, 1], size, p=[0.45, 0.1, 0.45]) << exponents
    return np.where(rng.random(size) < 0.1, bounds(bits)[0], powers)


def make_case(
    seed, n_in, n_out, weights, active, bias, values, shift, overrides, explicit_zeros=False,
    table_rows=None,
):
    """The layer of these words; ``weights`` and ``active`` are densities, ``bias`` is True for one
    in a column and "exact" for one in the accumulators, ``table_rows`` the rows that share a table.
    """
    if table_rows is not None:
        overrides = {**overrides, "decoder_tables": n_out}
    config = load_config("eie", **overrides)
    rng = np.random.default_rng(seed)
    column = bias is True
    shape = (n_out, n_in + column)
    codes = (rng.random(shape) < weights) * rng.integers(1, 1 << config.weight_bits, shape)
    matrix = CscMatrix.from_dense(codes.astype(np.uint8))
    if explicit_zeros:
        matrix.values[rng.random(matrix.nnz) < 0.3] = 0
    codebook = np.zeros(1 << config.weight_bits, np.float32)
    packed = CompressedLayer(matrix, codebook, config.weight_bits, config.index_bits, column)
    image = build_image(packed, config.n_pe, config.index_bits, tile_rows(config, n_out),
                        config.index)
    tables = () if table_rows is None else (-(-n_out // table_rows),)
    weights_int = weights_of(rng, config, (*tables, len(codebook)), values)
    weights_int[..., 0] = 0
    activations = integers_of(rng, config.activation_bits, n_in, values)
    activations = np.where(rng.random(n_in) < active, activations, 0)
    one = int(integers_of(rng, config.activation_bits, 1, values)[0]) if column else 0
    shift = min(shift, config.weight_value_bits + config.activation_bits)
    exact = integers_of(rng, config.accumulator_bits, n_out, values) if bias == "exact" else None
    integers = weights_int.astype(np.int64), activations.astype(np.int64), shift, one
    try:
        job = layer_job(config, image, *integers, bias=exact, rows_per_table=table_rows)
    except CapacityError:
        job = LayerJob(image, *integers, plan=(), bias=exact, rows_per_table=table_rows)
    words = {
        "seed": seed, "n_in": n_in, "n_out": n_out, "weights": weights, "active": active,
        "bias": bias, "values": values, "shift": shift, "overrides": overrides,
        "explicit_zeros": explicit_zeros, "table_rows": table_rows,
    }
    return Case(config, job, words)


def fits(case):
    return bool(case.job.plan)


@st.composite
def machines(draw, max_pe, units="published"):
    """Overrides of the published machine."""
    weight_bits, index_bits = draw(st.integers(2, 8)), draw(st.sampled_from([2, 1, 3, 4, 8]))
    published = units == "published"
    index = draw(st.sampled_from(["zero_runs", *([] if published else ["zero_runs", "bitmap"])]))
    width = draw(st.sampled_from([1, *([] if published else [1, 2, 3, 8])]))
    sharing = draw(st.sampled_from([1, *([] if published else [1, 2])]))
    per_line = draw(st.integers(1, 9))
    extra = draw(st.integers(0, weight_bits + index_bits - 1))
    line = min(max(8, per_line * (weight_bits + index_bits) + extra), 4096)
    capacity = draw(st.sampled_from(
        ["ignore", "check", *(["stream"] if index == "zero_runs" and width == 1 else [])]))
    overrides = {
        "index": index,
        "issue_width": width,
        "queue_pes": sharing,
        "n_pe": draw(st.one_of(st.integers(1, 5), st.integers(1, max_pe))),
        "act_queue_depth": draw(st.sampled_from([1, 2, 1, 3, 2, 4, 8, 30])),
        "weight_bits": weight_bits,
        "index_bits": index_bits,
        "spmat_width_bits": line,
        "row_change_cycles": draw(st.integers(0, 1)),
        "empty_column_cycles": draw(st.integers(0, 1)),
        "bypass": width > 1 or sharing > 1 or draw(st.booleans()),
        "overlap": draw(st.booleans()),
        "start_cycles": draw(st.sampled_from([0, 1, 1, 3])),
        "capacity": capacity,
        "accumulator_bits": draw(st.sampled_from([4, 8, 16, 31, 33, 48])),
        "weight_value_bits": draw(st.sampled_from([2, 8, 16, 32])),
        "activation_bits": draw(st.sampled_from([2, 8, 16, 32])),
    }
    if capacity != "ignore":
        overrides |= {"regfile_depth": draw(st.sampled_from([1, 2, 3, 5, 64])), "act_sram_kb": 8.0}
    if capacity == "stream":
        overrides |= {
            "spmat_kb": draw(st.sampled_from([2, 4, 16, 1000])) * line / 8192,
            "pointer_kb": draw(st.sampled_from([0.03125, 0.125, 32.0])),
            "pointer_bits": draw(st.sampled_from([6, 16])),
            "dma_width_bits": draw(st.sampled_from([1, 7, 64])),
            "refill": draw(st.sampled_from(["all", "active"])),
            "refill_overlap": draw(st.booleans()),
            "refill_split": draw(st.sampled_from([0.5, 0.3, 0.75])),
            "dram": draw(st.sampled_from(["none", "none", "hbm2", "ddr3-1600"])),
            "clock_mhz": draw(st.sampled_from([800.0, 333.3])),
        }
    return overrides


def table_rows(n_pe):
    """Rows that share a code table: all, or what D1 has."""
    divisors = [k for k in range(1, n_pe + 1) if n_pe % k == 0]
    return st.sampled_from([None] * 6 + divisors + [2 * n_pe, 4 * n_pe])


@st.composite
def cases(draw, max_pe=9, max_side=24, units="any"):
    """A case that fits its machine; of ``units`` "published" or "any"."""
    overrides = draw(machines(max_pe, units))
    sides = st.one_of(
        st.integers(1, 3), st.integers(2, max_side), st.integers(max_side // 2, 2 * max_side)
    )
    shares = st.sampled_from([0.6, 0.3, 1.0, 0.1, 0.4, 0.6, 0.8, 0.0])
    other = {"index": "zero_runs", "issue_width": 1, "queue_pes": 1}.items() - overrides.items()
    words = {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "n_in": draw(sides),
        "n_out": draw(sides),
        "weights": draw(shares),
        "active": draw(shares),
        "bias": draw(st.sampled_from([False, True, "exact"])),
        "values": draw(st.sampled_from(["any", "bounds", "small"])),
        "shift": draw(st.sampled_from([0, 1, 2, 8, 15, 31, 64])),
        "explicit_zeros": draw(st.sampled_from([False, False, False, True])),
        "table_rows": None if other else draw(table_rows(overrides["n_pe"])),
    }
    case = make_case(overrides=overrides, **words)
    if not fits(case):
        case = make_case(overrides=overrides | {"capacity": "ignore"}, **words)
    return case
