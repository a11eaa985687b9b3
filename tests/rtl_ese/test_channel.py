"""One channel's multiplications: buffers, control and PEs against the reference, every cycle."""

import os

import cocotb
import pytest

from accelsim.machines.ese.reference.array import Ese
from accelsim.machines.ese.rtl import layout
from accelsim.machines.ese.rtl.fields import PeFields
from accelsim.machines.ese.rtl.params import pe_fields
from accelsim.rtl_bridge.bench import drive, expect, start_and_reset
from tests.rtl_ese.cases import random_case

CONTROL = {"start_o": "start", "fetch_wait_o": "fetch_wait", "blocked_o": "blocked",
           "broadcast_o": "broadcast", "idle_o": "broadcast_idle", "drain_o": "drain"}


def sizes(config, job):
    """Parameters of the bench."""
    streams = job.streams.values()
    columns = max(stream.shape[1] for stream in streams) + 1
    rows = max(-(-stream.shape[0] // config.n_pe) for stream in streams)
    entries = max(int((s.pe_starts[1:] - s.pe_starts[:-1]).max()) for s in streams)
    return {
        "NPe": config.n_pe, "PeBits": max(1, (config.n_pe - 1).bit_length()),
        "ActQueueDepth": config.act_queue_depth, "CountBits": config.act_queue_depth.bit_length(),
        "WeightBits": config.weight_bits, "IndexBits": config.index_bits,
        "AccumulatorBits": config.accumulator_bits, "ColumnBits": columns.bit_length(),
        "Rows": rows, "RowBits": max(1, (rows - 1).bit_length()), "WordBits": config.ddr_word_bits,
        "WeightEntries": max(1, entries), "PointerEntries": columns,
        "StartCycles": config.start_cycles, "WholeMatrix": int(config.weights_ready == "matrix"),
    }


class Player:
    """Observer of the reference: what the bench is given and must show, cycle by cycle."""

    def __init__(self, config, job, values):
        self.config, self.job, self.values = config, job, values
        self.cycles = []
        self._slots = self._file = 0
        self._pes = None
        self._words = {name: (layout.weight_words(config, stream),
                              layout.pointer_words(config, stream))
                       for name, stream in job.streams.items()}
        lanes = (config.ddr_word_bits - 1) // config.entry_bits + 1
        self._route = lanes, values["PeBits"], (config.ddr_word_bits - 1).bit_length()
        self._fetching, self._of = None, {}

    def cycle(self, t, machine):
        control, pes = machine.control, machine.channels[0].pes
        self._pes = self._pes or [PeFields(pe) for pe in pes]
        new = t == 0 or len(machine.slots) != self._slots
        self._slots = len(machine.slots)
        slot, given = machine.slot, {}
        if new and slot.spmv:
            self._file ^= 1
            given |= {"begin_i": 1, "n_columns_i": self.job.streams[slot.spmv].shape[1],
                      "shift_i": self.job.shifts[slot.spmv]}
        if new and slot.fetch_matrix:
            (empty, words), pointers = self._words[slot.fetch_matrix]
            given |= {"request_i": 1, "request_empty_i": empty, "request_words_i": len(words),
                      "request_columns_i": self.job.streams[slot.fetch_matrix].shape[1],
                      "request_pointer_words_i": len(pointers)}
            self._of[machine._loaders[slot.fetch_matrix]] = slot.fetch_matrix
            self._of[machine.pointers_loader] = slot.fetch_matrix
        given |= {"file_i": self._file} | self._word(machine.ddr_1) | self._word(machine.ddr_2)
        if control.column is not None:
            given["activation_i"] = machine.channels[0].activation(slot.spmv, control.column)
        want = {port: control.doing == name for port, name in CONTROL.items()}
        want |= {"active_o": control.active and not (new and slot.spmv)}
        want |= {"front_o": machine.weights[0].signals().values()["front"]}
        held = [[unit.held(half) for unit in kind for half in range(2)]
                for kind in (machine.weights, machine.pointers)]
        self.cycles.append((given, want, [pe.seen() for pe in self._pes], held))

    def _word(self, ddr):
        """The word that is transferred in this cycle, if it is one of a matrix."""
        if not ddr.transfers:
            return {}
        loader = getattr(ddr._requests[0][2], "__self__", None)
        if loader not in self._of:
            return {}
        (_, words), pointers = self._words[self._of[loader]]
        half = loader._halves[0]
        if hasattr(loader, "columns"):
            word = words[loader._words]
            return {"weight_word_i": 1, "weight_half_i": half, "weight_data_i": word.data,
                    "weight_route_i": layout.route(word, *self._route)}
        return {"pointer_word_i": 1, "pointer_half_i": half,
                "pointer_data_i": pointers[loader._words]}


def number(parts, bits):
    """Numbers side by side, the first in the lowest bits."""
    return sum((value & ((1 << bits) - 1)) << n * bits for n, value in enumerate(parts))


@cocotb.test()
async def every_cycle(dut):
    config, job = random_case(int(os.environ["ESE_SEED"]))
    values = sizes(config, job)
    player = Player(config, job, values)
    Ese(config, job, player).run()
    fields = pe_fields(values["CountBits"], values["ColumnBits"], 16, 16, values["RowBits"],
                       config.accumulator_bits)
    pe_bits = sum(bits for _, bits in fields)
    await start_and_reset(dut)
    last = {}
    for cycle, (given, want, pes, held) in enumerate(player.cycles):
        last |= {port: given[port] for port in ("n_columns_i", "shift_i") if port in given}
        zeros = dict.fromkeys(("begin_i", "request_i", "weight_word_i", "pointer_word_i"), 0)
        await drive(dut, **(zeros | last | given))
        expect(dut, cycle, **want, weights_held_o=number(held[0], 16),
               pointers_held_o=number(held[1], values["ColumnBits"]))
        trace = str(dut.trace_o.value)
        for pe, seen in enumerate(pes):
            at = len(trace) - (pe + 1) * pe_bits
            for name, bits in fields:
                got = trace[at : at + bits]
                expected = format(seen.get(name, 0) & ((1 << bits) - 1), f"0{bits}b")
                assert got == expected, f"cycle {cycle}, PE {pe}, {name}: {got} != {expected}"
                at += bits
    assert cycle > 20


@pytest.mark.parametrize("seed", [0, 4, *(
    pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 5))])
def test_multiplications(seed):
    from tests.rtl_ese.bench import ROOT, simulate_unit

    config, job = random_case(seed)
    simulate_unit("spmv_bench", __name__, sizes(config, job),
                  extra=[ROOT / "tests" / "rtl_ese" / "spmv_bench.v"],
                  environment={"ESE_SEED": str(seed)})
