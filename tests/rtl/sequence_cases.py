"""Random layers in sequence under one program, for the Verilog array."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelsim.errors import CapacityError
from accelsim.fixedpoint import read_activations
from accelsim.machines import load_config, run_job
from accelsim.machines.eie.rtl.program import sequence_parts
from accelsim.machines.eie.sequence import SequenceJob
from tests.contracts.cases import make_case
from tests.rtl.random_cases import random_layer, random_machine

_TABLES = 5


def joined(config, jobs, reads, share=()):
    """Jobs whose widths fit as layers in sequence: each reads what the one before it leaves.

    Parameters
    ----------
    reads : (relu, shift) of each but the first
    share : numbers of layers that take the codebook of the first
    """
    made = []
    for number, job in enumerate(jobs):
        if made:
            left = run_job("functional", config, made[-1]).outputs
            job = replace(job, activations=read_activations(left, *reads[number - 1],
                                                            config.activation_bits))
        made.append(replace(job, codebook=made[0].codebook) if number in share else job)
    return SequenceJob(tuple(made), tuple(reads), name="a random network")


def random_sequence(rng, overrides, max_side):
    """(configuration, job): two to five layers that fit the machine together."""
    overrides = overrides | {"capacity": "check", "decoder_tables": _TABLES}
    while True:
        words = [random_layer(rng, overrides, max_side).words
                 for _ in range(int(rng.integers(2, 6)))]
        cases = [make_case(**one | {"n_in": before["n_out"] if before else one["n_in"]})
                 for before, one in zip([None, *words], words, strict=False)]
        reads = [(bool(rng.integers(2)), int(rng.choice([0, 0, 2, 7]))) for _ in words[1:]]
        share = [number for number in range(1, len(words)) if rng.random() < 0.3]
        config = cases[0].config
        if any(not case.job.plan for case in cases):
            continue
        job = joined(config, [case.job for case in cases], reads, share)
        try:
            sequence_parts(config, job)
        except CapacityError:
            max_side = max(2, max_side - 3)
        else:
            return config, job


def random_sequences(seed, machines, each, max_pe=6, max_side=24):
    """Yield (configuration, jobs) of each machine."""
    rng = np.random.default_rng(seed)
    for _ in range(machines):
        overrides = random_machine(rng, max_pe) | {"start_cycles": int(rng.choice([1, 1, 0, 2]))}
        found = [random_sequence(rng, overrides, max_side) for _ in range(each)]
        yield load_config("eie", **found[0][0].model_dump(exclude={"machine"})), [
            job for _, job in found]
