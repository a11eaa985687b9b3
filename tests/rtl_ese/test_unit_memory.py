"""The requests to both DDR modules and what becomes of their words, alone: in lock step with the
reference's controllers and vector path, slot after slot."""

import random
from collections import deque
from types import SimpleNamespace

import cocotb
import numpy as np
import pytest

from accelsim.machines import load_machine
from accelsim.machines.ese.reference.memory_controller import MemoryController
from accelsim.machines.ese.reference.vector_path import VectorFetch, VectorPath
from accelsim.machines.ese.rtl import layout
from accelsim.machines.ese.rtl.program import packed_fields
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from tests.rtl.lockstep import signed
from tests.rtl_ese.bench import part
from tests.rtl_ese.elements import Written, flat, lane, place_of

STROBES = ("start_i", "tables_i", "vector_i", "x_i", "matrix_i", "store_i", "collect_i")


class Module:
    """A DDR module and its controller: requests go out one a cycle, words come in order."""

    def __init__(self, rng):
        self.served = MemoryController(rng.randrange(1, 6), 4, 2)
        self.out, self.order = deque(), deque()

    def ask(self, cycle, kind, address, data, receive=lambda _: None):
        """A request; ``data`` is what is known of each of its words."""
        self.served.request(cycle, len(data), receive)
        if data:
            self.out.append((address, len(data), kind == "y"))
            self.order.append((kind, deque(data)))

    def word(self):
        """Kind and data of the word of this cycle, or (None, None)."""
        if not self.served.transfers:
            return None, None
        kind, data = self.order[0]
        told = kind, data.popleft()
        if not data:
            self.order.popleft()
        return told


class Around:
    """The machine around the unit, drawn; what the reference makes of it."""

    def __init__(self, dut):
        names = ("NChannels", "Batch", "ActivationBits", "DdrWordBits", "VectorPathBits",
                 "VectorBits", "VectorCopy", "PathWords", "WordLanes")
        self.p = p = SimpleNamespace(**dict(zip(names, parameters(dut, *names), strict=True)))
        self.rng = random.Random(6)
        self.config = load_machine("ese", activation_bits=p.ActivationBits,
                                   ddr_word_bits=p.DdrWordBits, vector_path_bits=p.VectorPathBits)
        self.path = VectorPath(p.VectorPathBits, p.DdrWordBits)
        self.ddr_1, self.ddr_2 = Module(self.rng), Module(self.rng)
        self.targets = [Written() for _ in range(p.NChannels)]
        self.held = [[self.rng.getrandbits(p.ActivationBits) for _ in range(1 << p.VectorBits)]
                     for _ in range(p.NChannels)]
        self.tables = self.results = self.base = self.collected = self.step = 0
        self.store_at = None

    def idle(self, cycle):
        """Whether a slot can end with the cycle before."""
        return self.path.idle and not self.tables and cycle >= self.collected

    @property
    def stored(self):
        """Whether no y is on its way."""
        return self.store_at is None and not self.results

    def utterance(self):
        """Registers of the host; x and y begin anew."""
        self.x, self.y = self.rng.getrandbits(20), self.rng.getrandbits(20)
        self.y_words = self.rng.randrange(1, 4)
        self.y_place = self.rng.getrandbits(self.p.VectorBits)
        return {"start_i": 1, "x_base_i": self.x, "y_base_i": self.y, "y_words_i": self.y_words,
                "y_place_i": self.y_place}

    def slot(self, cycle):
        """Inputs of a slot's first cycle; its requests in the order of the reference."""
        rng, storing = self.rng, self.store_at == cycle
        self.store(cycle)
        self.step = rng.randrange(4)
        given = {"step_i": self.step}  # looked at in a slot's first cycle only
        if rng.random() < 0.3:
            self.tables = rng.randrange(1, 4)
            given |= {"tables_i": 1, "table_addr_i": rng.getrandbits(20),
                      "table_words_i": self.tables}
            self.ddr_2.ask(cycle, "table", given["table_addr_i"], range(self.tables))
        if rng.random() < 0.6:
            given |= self._fetch(cycle, rng.random() < 0.5)
        if len(self.ddr_1.order) < 4 and len(self.ddr_2.order) < 5 and rng.random() < 0.4:
            half, given["matrix_i"] = rng.getrandbits(1), 1
            given["back_i"] = half
            for ddr, name in ((self.ddr_1, "weight"), (self.ddr_2, "pointer")):
                address, words = rng.getrandbits(20), rng.randrange(4)
                given |= {f"{name}_addr_i": address, f"{name}_words_i": words}
                ddr.ask(cycle, (name, half), address, [0] * words)
        rows = rng.choice([0, 0, 1, 4])  # cycles of Assemble
        self.collected, given["collect_i"] = cycle + rows, rows > 0
        # Two are never stored in one cycle: a step stores one, and all steps are alike.
        free = self.store_at is None and len(self.ddr_1.order) < 5 and not (storing and not rows)
        if free and rng.random() < 0.5:
            given["store_i"] = 1
            self.store_at, self.copy = cycle + rows, (self.step - 1) % 4
            self.store(cycle)
        return given

    def store(self, cycle):
        """Y goes out once it is collected."""
        if self.store_at == cycle:
            self.store_at = None
            self.results += self.y_words
            self.ddr_1.ask(cycle, "y", self.y, [(self.copy, n) for n in range(self.y_words)])
            self.y += self.y_words

    def _fetch(self, cycle, is_x):
        rng, p = self.rng, self.p
        copies = p.Batch if is_x else 1
        most = p.PathWords * p.DdrWordBits // (p.ActivationBits * copies)
        length = rng.randrange(1, most + 1)
        own = [[signed(rng, p.ActivationBits) for _ in range(length)] for _ in range(copies)]
        values = own[: p.NChannels] if is_x else own * p.NChannels
        fetch = VectorFetch(values, self.targets, length, copies, p.ActivationBits, p.DdrWordBits)
        words = layout.vector_words(self.config, [np.array(v) for v in own])
        reference = rng.randrange(4), rng.getrandbits(p.VectorBits)
        self.base, _ = place_of(reference, (self.step + is_x) % 4, False, p.VectorCopy)
        address = self.x if is_x else rng.getrandbits(20)
        self.x += len(words) if is_x else 0
        self.path.push(fetch)
        self.ddr_2.ask(cycle, "vector", address, words, fetch.receive)
        return {"x_i": is_x, "vector_i": not is_x, "vector_words_i": len(words),
                "vector_addr_i": rng.getrandbits(20) if is_x else address,
                "vector_length_i": length,
                "vector_ref_i": reference[0] << p.VectorBits | reference[1]}

    def result(self, copy, number):
        """What the channels show for a word of y, and where and how it goes out."""
        p = self.p
        at = [divmod(number * p.WordLanes + n, p.Batch) for n in range(p.WordLanes)]
        base, _ = place_of((1, self.y_place), copy, False, p.VectorCopy)
        places = [(base + element) % (1 << p.VectorBits) for element, _ in at]
        shown = [held[place] for held in self.held for place in places]
        data = [self.held[channel][place] if channel < p.NChannels else 0
                for place, (_, channel) in zip(places, at, strict=True)]
        return {"result_data_i": flat(shown, p.ActivationBits)}, {
            "result_addr_o": flat(places, p.VectorBits),
            "ddr_1_data_o": flat(data, p.ActivationBits)}

    def written(self, dut, cycle, first):
        """Elements that the vector path passes on in this cycle, beside the unit's ports."""
        p, enable = self.p, int(dut.path_write_o.value)
        self.path.load(cycle)
        many = len(dut.path_write_o)
        for channel, target in enumerate(self.targets):
            now = target.taken()
            assert enable == (1 << len(now)) - 1, (cycle, enable, now)
            assert [lane(dut.path_data_o, channel * many + n, p.ActivationBits)
                    for n in range(len(now))] == list(now.values()), cycle
        places = [part(dut.path_addr_o, n, p.VectorBits) for n in range(enable.bit_length())]
        assert places == [(self.base + first + n) % (1 << p.VectorBits)
                          for n in range(len(places))], cycle


@cocotb.test()
async def ese_memory(dut):
    """Tables, vectors, x, matrices and results in slots one behind the other, in utterances."""
    around = Around(dut)
    path, modules, begun = around.path, (around.ddr_1, around.ddr_2), False
    await start_and_reset(dut)
    for cycle in range(1200):
        given, tables, busy = dict.fromkeys(STROBES, 0), around.tables, not path.idle
        want = {"busy_o": busy or tables > 0, "stored_o": around.stored}
        given |= {"collecting_i": cycle < around.collected, "step_i": around.rng.randrange(4)}
        first, starts = path._written if busy else 0, False
        if around.idle(cycle) and around.stored and (not begun or around.rng.random() < 0.1):
            given, begun = given | around.utterance(), True
        elif around.idle(cycle) and around.rng.random() < 0.4:
            given |= around.slot(cycle)
            starts = given["tables_i"]
        else:
            around.store(cycle)
        (kind_1, data_1), (kind_2, data_2) = (module.word() for module in modules)
        weight, pointer = isinstance(kind_1, tuple), isinstance(kind_2, tuple)
        want |= {"weight_word_o": weight, "pointer_word_o": pointer,
                 "table_word_o": kind_2 == "table"}
        want |= {"weight_half_o": kind_1[1]} if weight else {}
        want |= {"pointer_half_o": kind_2[1]} if pointer else {}
        want |= {"table_number_o": data_2} if kind_2 == "table" else {}
        if kind_1 == "y":
            shown, told = around.result(*data_1)
            given, want = given | shown, want | told
        for number, module in enumerate(modules, 1):
            goes = module.out.popleft() if module.out else None
            want[f"ddr_{number}_request_o"] = goes is not None
            want |= dict(zip((f"ddr_{number}_addr_o", f"ddr_{number}_words_o"), goes or (),
                             strict=False))
            want |= {"ddr_1_write_o": goes[2]} if goes and number == 1 else {}
        events = [weight, pointer, kind_2 == "vector", kind_2 == "table", kind_1 == "y",
                  path.passes]
        want["events_o"] = flat(events, 1)
        want["trace_o"] = packed_fields([
            (first, around.p.VectorBits), (path.passes, 1), (not path.idle, 1),
            (starts or tables > 0, 1), (kind_2 is not None, 1), (kind_1 == "y", 1),
            (kind_1 is not None, 1)])
        await drive(dut, **given, ddr_1_transfer_i=kind_1 is not None,
                    ddr_2_transfer_i=kind_2 is not None,
                    ddr_2_data_i=data_2 if kind_2 == "vector" else 0)
        expect(dut, cycle, **want)
        for module in modules:
            module.served.load(cycle)
        around.written(dut, cycle, first)
        around.tables -= kind_2 == "table"
        around.results -= kind_1 == "y"


UNITS = [
    ("ese_memory", {
        "NChannels": 2, "Batch": 3, "ActivationBits": width, "DdrWordBits": 32,
        "VectorPathBits": path, "VectorBits": 6, "VectorCopy": 11, "PathWords": 9,
        "LengthBits": 8, "AddrBits": 22})
    for width, path in ((8, 13), (16, 16))
]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
