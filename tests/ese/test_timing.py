"""Rules of ESE's contract counted by hand, and faults that the reference must notice."""

import numpy as np
import pytest

from accelsim import simulate_recurrent
from accelsim.errors import CapacityError, ConservationError, InputError
from accelsim.machines import EseConfig, load_as, run_job
from accelsim.machines.ese.job import make_job
from accelsim.machines.ese.reference import array as reference
from accelsim.machines.ese.reference.ping_pong_buffer import PingPongBuffer
from accelsim.machines.ese.reference.spmv_control import SpmvControl
from accelsim.machines.ese.reference.vector_buffer import VectorBuffer
from accelsim.records.recurrent import RecurrentLayer
from tests.ese.layers import random_layer, utterance

ENGINES = ["reference", "fast"]


def machine(**settings):
    return load_as(EseConfig, "ese", **{"n_pe": 2, "n_channels": 1, **settings})


def slots(layer, engine, n_steps=2, **settings):
    x = np.ones((n_steps, 1, layer.n_inputs))
    return simulate_recurrent(machine(**settings), layer, x, engine).slots


def linear(weights, bias=None):
    return RecurrentLayer("linear", {"Wyx": np.asarray(weights, dtype=float)},
                          {} if bias is None else {"by": np.asarray(bias, dtype=float)})


@pytest.mark.parametrize("engine", ENGINES)
def test_dense_columns_take_their_entries(engine):
    """4 rows on 2 PEs, 3 full columns: start 1, broadcast 1, pop 1, 3 x 2 slots, drain 4."""
    got = slots(linear(np.ones((4, 3))), engine, ddr_latency_cycles=1)
    assert [slot.name for slot in got] == ["INITIAL.1", "INITIAL.2", "STATE_1.1", "STATE_1.1",
                                           "FINAL.1"]
    assert got[3].cycles == 1 + 1 + 1 + 3 * 2 + 4


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_column_takes_one_slot(engine):
    weights = np.ones((4, 3))
    weights[:, 1] = 0
    got = slots(linear(weights), engine, ddr_latency_cycles=1)
    assert got[3].cycles == 1 + 1 + 1 + (2 + 1 + 2) + 4


@pytest.mark.parametrize("engine", ENGINES)
def test_tables_and_first_fetches(engine):
    """2 x 2048 samples of 16 bit are 128 words; x (3 x 16 bit) and pointers one word each."""
    got = slots(linear(np.ones((4, 3))), engine)
    assert got[0].cycles == 47 + 128
    # x: word in cycle 47, three pieces in 48, 49, 50. Pointers: word in cycle 48.
    assert got[1].cycles == 51


@pytest.mark.parametrize("engine", ENGINES)
def test_a_vector_of_1024_elements_takes_1072_cycles(engine):
    """The four Wx rows of the published table: 47 + 1 + 1,024."""
    layer = linear(np.eye(1024, 1), np.ones(1024))
    got = slots(layer, engine, capacity="ignore", n_pe=32)
    assert got[2].cycles == 1072
    # STATE_2: x needs 47 + 1 + 1, the adder tree 24 + 1024 / 2.
    assert got[3].cycles == 536


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_wait_for_their_words(engine):
    """32-bit words, two entries each, one word every 10 cycles; three columns of four entries."""
    got = slots(linear(np.ones((4, 3))), engine, n_steps=1, ddr_word_bits=32, column_align_bits=32,
                ddr_burst_words=1, ddr_burst_gap_cycles=9, ddr_latency_cycles=2,
                table_samples=2, sigmoid_input_max=1.0, tanh_input_max=1.0)
    # INITIAL.2: weights in its cycles 2, 12, ..., 52. x in 2 and 12, pointers in 13, 23, 33, 43.
    assert got[1].cycles == 44
    # The last column's word in cycle 52 is cycle 8 here: broadcast in 9, pop in 10, entries in 11
    # and 12, drain to 16.
    assert got[2].cycles == 17


def test_a_slot_waits_for_the_results_of_the_one_before():
    """40 rows on one PE are collected in 40 cycles; an empty multiplication is shorter."""
    empty = {f"W{gate}x": np.zeros((40, 1)) for gate in "ifco"}
    empty |= {f"W{gate}r": np.zeros((40, 40)) for gate in "ifco"}
    layer = RecurrentLayer("lstm", empty)
    for engine in ENGINES:
        got = slots(layer, engine, n_steps=1, n_pe=1, elementwise_width=1, ddr_latency_cycles=1)
        got = {slot.name: slot.cycles for slot in got}
        # Start, broadcast, pop, one slot for the empty column, drain.
        assert got["STATE_1.1"] == 1 + 1 + 1 + 1 + 4
        assert got["STATE_1.2"] == 40


def test_vectors_are_fetched_in_the_order_of_the_paper():
    layer = random_layer(np.random.default_rng(0), n_out=7, peepholes=True)
    steps = make_job(machine(), layer, np.ones((1, 6))).schedule.step
    fetched = [(slot.fetch_matrix, slot.fetch_vector, slot.spmv) for slot in steps]
    assert fetched == [
        ("Wfx", "bi", "Wix"), ("Wcx", "Wic", "Wfx"), ("Wir", "Wfc", "Wcx"),
        ("Wfr", "bf", "Wir"), ("Wcr", "bc", "Wfr"), ("Wox", "bo", "Wcr"), ("Wor", "Woc", "Wox"),
        (None, None, "Wor"), (None, None, None), (None, None, None), ("Wym", None, None),
        (None, None, None), ("Wix", None, "Wym"),
    ]


def test_reading_a_column_before_it_arrived_is_noticed(monkeypatch):
    monkeypatch.setattr(SpmvControl, "_arrived", lambda self, loader, column: True)
    config = machine(ddr_word_bits=32, column_align_bits=32, ddr_burst_words=1,
                     ddr_burst_gap_cycles=9)
    job = make_job(config, linear(np.ones((4, 6))), np.ones((1, 1, 6)))
    with pytest.raises(ConservationError, match="before it was filled"):
        reference.run(config, job)


def test_buffers_refuse_what_is_not_there():
    buffer = PingPongBuffer()
    half = buffer.begin_fill()
    buffer.write(half, 5)
    with pytest.raises(ConservationError, match="before it was filled"):
        buffer.read(0)
    buffer.swap()
    assert buffer.read(0) == 5
    with pytest.raises(ConservationError, match="1 of 2"):
        buffer.front(2)
    vector = VectorBuffer("c", 2)
    with pytest.raises(ConservationError, match=r"c\[1\] was read"):
        vector.read(1)


@pytest.mark.parametrize("field", ["issued_entries", "weight_words", "macs", "blocked_cycles"])
def test_a_broken_conservation_law_is_noticed(field):
    rng = np.random.default_rng(1)
    config = machine(n_channels=2)
    layer = random_layer(rng)
    job = make_job(config, layer, utterance(rng, 2, 2, 6))
    counters = run_job("fast", config, job).counters
    counters.check(config, job)
    value = getattr(counters, field)
    object.__setattr__(counters, field, value + 1)
    with pytest.raises(ConservationError):
        counters.check(config, job)


def test_matrices_beyond_the_buffers_are_an_error():
    layer = linear(np.ones((64, 40)))
    with pytest.raises(CapacityError, match=r"weight_buffer_kb=2\.5"):
        make_job(machine(weight_buffer_kb=1.0), layer, np.ones((1, 40)))
    with pytest.raises(CapacityError, match=r"pointer_buffer_kb=0\.08"):
        make_job(machine(pointer_buffer_kb=0.05), layer, np.ones((1, 40)))
    make_job(machine(weight_buffer_kb=1.0, capacity="ignore"), layer, np.ones((1, 40)))


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        (np.ones((2, 3)), r"need \(steps, 6\)"),
        (np.ones((0, 6)), "need"),
        (np.ones((2, 5, 6)), "5 channels of inputs, the machine has 1; .*n_channels=5"),
        (np.full((2, 6), np.nan), "NaN"),
    ],
)
def test_bad_inputs_are_named(inputs, why):
    layer = random_layer(np.random.default_rng(0))
    with pytest.raises(InputError, match=why):
        simulate_recurrent(machine(), layer, inputs, "fast")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "lstn"}, "did you mean 'lstm'"),
        ({"matrices": {"Wix": np.ones((4, 3))}}, "'Wfx' is missing"),
        ({"biases": {"b": np.ones(12)}}, "no bias is called 'b'"),
        ({"biases": {"bi": np.ones(11)}}, r"bi has shape \(11,\)"),
        ({"peepholes": {"Wic": np.ones(12)}}, "'Wfc' is missing"),
        ({"cell_activation": "relu"}, "need 'sigmoid' or 'tanh'"),
    ],
)
def test_bad_layers_are_named(changes, why):
    good = random_layer(np.random.default_rng(0))
    fields = {"kind": good.kind, "matrices": dict(good.matrices), "biases": dict(good.biases),
              "peepholes": {}, "cell_activation": "tanh", **changes}
    with pytest.raises(InputError, match=why):
        RecurrentLayer(**fields)


@pytest.mark.parametrize("ready", ["column", "matrix"])
def test_a_matrix_that_follows_itself_waits_for_its_own_words(ready):
    """One matrix, step after step: while a step multiplies, the next one's words arrive."""
    config = machine(n_pe=2, weights_ready=ready, ddr_word_bits=64, ddr_latency_cycles=20,
                     column_align_bits=64)
    job = make_job(config, linear(np.ones((4, 5))), np.ones((3, 1, 5)))
    fast, slow = (run_job(engine, config, job) for engine in ENGINES)
    assert fast.counters.difference(slow.counters) is None
    # The buffer's front half is full before a step begins: nothing waits.
    assert slow.counters.fetch_wait_cycles < 20 + 5
