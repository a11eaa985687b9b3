"""Small convolutions on small machines, drawn by Hypothesis."""

from dataclasses import dataclass

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from accelsim import Conv2d, Recipe, compress, load_machine
from accelsim.compression.binary_points import choose_binary_points

SIDES = st.tuples(st.integers(0, 2), st.integers(0, 2))


@dataclass(frozen=True, eq=False)
class Case:
    """A convolution, its machine and images; ``words`` make it again."""

    config: object
    conv: Conv2d
    packed: object
    images: np.ndarray
    words: dict

    @property
    def points(self):
        """Binary points that are chosen from the images."""
        return choose_binary_points(self.config, self.packed.layer, self.images)

    def _repr_pretty_(self, printer, cycle):
        printer.text(f"make_case(**{self.words})")


def make_case(seed, n, size, group, kernel, geometry, density, active, bias, calibrated, machine,
              permute=None):
    """The convolution of these words; ``group`` is inputs and outputs of each group, ``bias`` where
    the bias is ("column" or "accumulator"), or empty."""
    rng = np.random.default_rng(seed)
    groups = geometry["groups"]
    config = load_machine("eie", **machine)
    shape = (group[1] * groups, group[0], *kernel)
    images = rng.standard_normal((n, group[0] * groups, *size)) * (
        rng.random((n, group[0] * groups, *size)) < active)
    conv = Conv2d(
        rng.standard_normal(shape).astype(np.float32), name="drawn",
        bias=rng.standard_normal(shape[0]) if bias else None, relu=bool(seed % 2), **geometry,
        activations=images * 0.25 if calibrated else None,  # so that sums saturate
    )
    recipe = Recipe(density=density, weight_bits=config.weight_bits, index_bits=config.index_bits,
                    permute_rows=permute, bias=bias or "auto")
    return Case(config, conv, compress(conv, recipe), images, {
        "seed": seed, "n": n, "size": size, "group": group, "kernel": kernel, "geometry": geometry,
        "density": density, "active": active, "bias": bias, "calibrated": calibrated,
        "machine": machine, "permute": permute})


@st.composite
def cases(draw):
    """Any geometry, on any machine that the contract allows."""
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    words = {
        "seed": draw(st.integers(0, 1000)), "n": draw(st.integers(1, 2)),
        "size": draw(st.tuples(st.sampled_from((1, 2, 5)), st.integers(1, 5))),
        "group": draw(st.tuples(st.integers(1, 4), st.integers(1, 6))),
        "kernel": draw(pairs),
        "geometry": {
            "stride": draw(pairs), "padding": draw(st.tuples(SIDES, SIDES)),
            "dilation": draw(st.tuples(st.integers(1, 2), st.integers(1, 2))), "groups": groups},
        "density": draw(st.sampled_from((0.2, 0.6, 1.0))),
        "active": draw(st.sampled_from((0.0, 0.3, 1.0))),
        "bias": draw(st.sampled_from(("", "column", "accumulator"))),
        "calibrated": draw(st.booleans()),
        "permute": draw(st.sampled_from((None, None, 3))),
        "machine": {
            "n_pe": draw(st.sampled_from((1, 2, 3, 4, 8))),
            "act_queue_depth": draw(st.integers(1, 5)),
            "index_bits": draw(st.sampled_from((2, 4))),
            "row_change_cycles": draw(st.integers(0, 1)),
            "empty_column_cycles": draw(st.integers(0, 1)),
            "bypass": draw(st.sampled_from((True, True, False))),
            "start_cycles": draw(st.integers(0, 2)),
            "regfile_depth": draw(st.sampled_from((2, 64))),
            "capacity": draw(st.sampled_from(("check", "stream", "ignore"))),
            "spmat_kb": draw(st.sampled_from((0.125, 128.0))),
        },
    }
    if words["machine"]["capacity"] == "check":
        words["machine"]["spmat_kb"] = 128.0
    geometry = words["geometry"]
    for axis in (0, 1):
        size = words["size"][axis] + sum(geometry["padding"][axis])
        assume(size > geometry["dilation"][axis] * (words["kernel"][axis] - 1))
    return make_case(**words)
