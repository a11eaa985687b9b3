"""Run by test_kernel_modes.py in processes of their own: the edge cases on the fast engine."""

import sys

import numba

from accelsim.kernels.compiling import on_first_compile
from accelsim.machines import run_job
from tests.contracts.cases import make_case
from tests.contracts.oracle_cycles import Machine
from tests.contracts.test_engines_agree import EDGES, edge_case
from tests.convolution.small_jobs import convolutions

on_first_compile(lambda: print("compiling", file=sys.stderr))


def main(edges):
    for edge in edges:
        case = edge_case(edge)
        machine = Machine(case.config, case.job)
        result = run_job("fast", case.config, case.job)
        told = result.counters.difference(machine.counters())
        if told or result.outputs.tolist() != machine.outputs().tolist():
            sys.exit(f"{edge}: {told or 'outputs differ'}")
        run_job("fast", case.config, case.job, outputs=False)
    if numba.config.DISABLE_JIT:  # compiled, they are in tests/convolution
        convolutions()
    print(f"jit {not numba.config.DISABLE_JIT}, bounds {bool(numba.config.BOUNDSCHECK)}, "
          f"{len(edges)} agree")


def beyond_the_end():
    """A job whose columns reach behind the last entry."""
    case = make_case(3, 4, 4, 1.0, 1.0, False, "small", 0, {"n_pe": 1, "capacity": "ignore"})
    case.job.image.nonzeros.column_starts[-1] += 1000
    run_job("fast", case.config, case.job)


if __name__ == "__main__":
    if sys.argv[1:] == ["beyond"]:
        beyond_the_end()
    else:
        main(sys.argv[1:] or list(EDGES))
