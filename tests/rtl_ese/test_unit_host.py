"""The host's side of `ese_top`: registers and program in any order, among accesses that change
nothing; when it is idle and when done; counters of machine and PEs; the DDR modules are played."""

import random
from functools import cache

import cocotb
import pytest

from accelsim.machines import run_job
from accelsim.machines.ese.reference.memory_controller import MemoryController
from accelsim.machines.ese.rtl import RTL as ESE
from accelsim.machines.ese.rtl import host
from accelsim.machines.ese.rtl.layout import Memories
from accelsim.rtl_bridge.bench import drive, expect, start_and_reset
from tests.rtl_ese.cases import random_case

_BENCH_ONLY = ("Ddr1Words", "Ddr2Words", "DdrLatencyCycles", "DdrBurstWords", "DdrBurstGapCycles")


@cache
def work():
    """A machine with room for more channels than have an input, and a job."""
    config, job = random_case(10, n_channels=2, n_pe=2, ddr_word_bits=32, elementwise_width=1,
                              table_samples=16)
    return config, job, ESE.parameters(config, [(job, None)])


class Modules:
    """Both DDR modules, their words and whose turn it is."""

    def __init__(self, config, words, word_bits):
        self.memories, self.word_bits = words, word_bits
        self.served = [MemoryController(config.ddr_latency_cycles, config.ddr_burst_words,
                                        config.ddr_burst_gap_cycles) for _ in range(2)]
        self.asked = [[], []]

    def inputs(self):
        """Words that are transferred in this cycle."""
        given = {}
        for number, (module, asked, memory) in enumerate(zip(
                self.served, self.asked, self.memories, strict=True), 1):
            given[f"ddr_{number}_transfer_i"] = module.transfers
            address = asked[0][0] if module.transfers else 0
            given[f"ddr_{number}_data_i"] = memory[address] if address < len(memory) else 0
        return given

    def end_of_cycle(self, dut, cycle):
        """Requests are noted, a word of y is taken."""
        for number, (module, asked) in enumerate(zip(self.served, self.asked, strict=True), 1):
            if int(getattr(dut, f"ddr_{number}_request_o").value):
                words = int(getattr(dut, f"ddr_{number}_words_o").value)
                first = int(getattr(dut, f"ddr_{number}_addr_o").value)
                writes = number == 1 and int(dut.ddr_1_write_o.value)
                module.request(cycle, words, lambda _: None)
                asked += [(first + n, writes) for n in range(words)]
            if module.transfers:
                address, writes = asked.pop(0)
                if writes:
                    self.memories[0][address] = int(dut.ddr_1_data_o.value)
            module.load(cycle)


def noise(rng):
    """An access that changes nothing: no request, a read, or a write to a memory that is none."""
    req, we, mem = rng.choice([(0, 1, rng.randrange(4)), (0, 0, 1), (1, 0, rng.randrange(4)),
                               (1, 1, rng.randrange(2, 16))])
    return {"io_req_i": req, "io_we_i": we, "io_mem_i": mem, "io_pe_i": rng.randrange(2),
            "io_addr_i": rng.randrange(8), "io_wdata_i": rng.getrandbits(20)}


@cocotb.test()
async def ese_top(dut):
    """A job, its counters and results."""
    config, job, sizes = work()
    rng, model = random.Random(1), run_job("fast", config, job)
    memories = Memories(config, job)
    words = host.ddr_1_words(sizes, memories), memories.ddr_2
    modules = Modules(config, [list(words[0]) + [0] * memories.y_words * len(job.inputs),
                               list(words[1])], config.ddr_word_bits)
    writes = [[int(part, 16) for part in line.split()[1:]]
              for line in host.script(config, [(job, None)], True) if line[0] == "w"]
    writes = [line for line in writes if line[0] < host.DDR_1]
    rng.shuffle(writes)
    # Other values first: the last one counts.
    others = [(host.REGISTERS, 0, rng.randrange(6), rng.getrandbits(12)) for _ in range(60)]
    await start_and_reset(dut)
    for memory, _, address, data in [*others, *writes]:
        for given in [*([noise(rng)] if rng.random() < 0.5 else []), {
                "io_req_i": 1, "io_we_i": 1, "io_mem_i": memory, "io_addr_i": address,
                "io_wdata_i": data}]:
            await drive(dut, **given)
            expect(dut, "loading", idle_o=1, done_o=0)
    await drive(dut, **noise(rng), start_i=1)
    for cycle in range(model.counters.cycles):
        await drive(dut, **(noise(rng) if rng.random() < 0.5 else {"io_req_i": 0}), start_i=0,
                    **modules.inputs())
        expect(dut, cycle, idle_o=0, done_o=0)
        modules.end_of_cycle(dut, cycle)
    await drive(dut, io_req_i=0, ddr_1_transfer_i=0, ddr_2_transfer_i=0)
    expect(dut, "the end", done_o=1, idle_o=0)
    for memory, names in ((host.COUNTERS, host.TOTALS), (host.OF_PE, host.PE_COUNTERS)):
        for pe in range(config.n_pe if memory == host.OF_PE else 1):
            for index, name in enumerate(names):
                await drive(dut, io_req_i=1, io_we_i=0, io_mem_i=memory, io_pe_i=pe,
                            io_addr_i=index)
                want = getattr(model.counters, name)
                expect(dut, name, io_rdata_o=want[pe] if memory == host.OF_PE else want,
                       idle_o=1, done_o=0)
    check_results(config, job, memories, modules.memories[0], model.outputs)


def check_results(config, job, memories, ddr_1, outputs):
    """Every element of y in DDR_1 is the model's."""
    bits, many = config.activation_bits, config.ddr_word_bits // config.activation_bits
    for step, channels in enumerate(outputs):
        for channel, values in enumerate(channels):
            for element, value in enumerate(values):
                word, place = divmod(element * config.n_channels + channel, many)
                got = ddr_1[memories.y + step * memories.y_words + word] >> place * bits
                mask = (1 << bits) - 1
                assert got & mask == int(value) & mask, (step, channel, element)


UNITS = [("ese_top", {name: value for name, value in work()[2].verilog().items()
                      if name not in _BENCH_ONLY})]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
