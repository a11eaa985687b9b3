"""A 100-step utterance of ESE's LSTM on 32 channels: speed, and error against float a step."""

import time

import numpy as np
import pytest

from accelsim.machines import EseConfig, load_as, run_job
from accelsim.machines.ese.error import error_a_step
from accelsim.machines.ese.job import make_job
from accelsim.workload.published_lstm import ese_layer, ese_utterance


@pytest.fixture(scope="module")
def job():
    config = load_as(EseConfig, "ese")
    return config, make_job(config, ese_layer(), ese_utterance(100), calibration=ese_utterance(4))


def test_error_against_float_stays_small_over_the_utterance():
    config = load_as(EseConfig, "ese")
    errors = error_a_step(config, ese_layer(), ese_utterance(12, 4))
    assert len(errors) == 12
    # Relative to the RMS of the outputs; 12-bit weights and interpolated tables.
    assert max(e.relative for e in errors) < 0.02
    assert errors[-1].relative < 2 * errors[2].relative


@pytest.mark.bench
def test_hundred_steps_on_32_channels_take_under_two_seconds(job):
    config, whole = job
    run_job("fast", config, make_job(config, ese_layer(), ese_utterance(1)))
    # One thread: its processor time is what the run takes on an idle core.
    wall, start = time.perf_counter(), time.process_time()
    result = run_job("fast", config, whole)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    print(f"100 steps, 32 channels: {seconds:.2f} s of processor, {wall:.2f} s of wall time, "
          f"{result.counters.cycles} cycles")
    assert seconds < 2
    assert result.outputs.shape == (100, 32, 512)


@pytest.mark.bench
def test_the_reference_agrees_on_the_published_layer():
    """One channel, two steps of the full LSTM; minutes would be needed for all channels."""
    config = load_as(EseConfig, "ese")
    one = make_job(config, ese_layer(), ese_utterance(2, 1))
    slow, fast = (run_job(engine, config, one) for engine in ("reference", "fast"))
    assert fast.counters.difference(slow.counters) is None
    assert fast.slots == slow.slots
    assert np.array_equal(fast.outputs, slow.outputs)
