"""One contract for the register of machines: every machine's tellings agree, its laws hold."""

import re
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from accelsim import contracts
from accelsim.contracts.__main__ import main
from accelsim.errors import ConservationError
from accelsim.machines import get_machine, machine_names
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.plugins import unload
from accelsim.units.act_queue import ActQueue

CASES = 60


@pytest.mark.parametrize("name", machine_names())
def test_every_machine_keeps_the_contract(name):
    ran, faults = contracts.check_machine(get_machine(name), CASES)
    assert ran == CASES
    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("name", machine_names())
def test_every_machine_keeps_the_contract_on_many_cases(name):
    assert contracts.check_machine(get_machine(name), 3000, seed=10**6)[1] == []


def lying(name, engine, change):
    """The machine with a telling that changes what it gives."""
    machine = get_machine(name)
    honest = machine.telling(engine)
    return replace(machine, tellings={
        **machine.tellings,
        engine: lambda config, job, outputs=True, **more: change(
            honest(config, job, outputs=outputs, **more)),
    })


def other_output(result):
    if result.outputs is None:
        return result
    return replace(result, outputs=result.outputs + (np.arange(result.outputs.size) == 0).reshape(
        result.outputs.shape))


def a_cycle_more(result):
    counters = replace(result.counters, cycles=result.counters.cycles + 1)
    return replace(result, counters=counters)


def one_more_operation(result):
    return replace(result, operations=result.operations | {"macs": result.operations["macs"] + 1})


@pytest.mark.parametrize("name", machine_names())
@pytest.mark.parametrize(("engine", "change", "told"), [
    ("fast", other_output, "outputs of functional and fast"),
    ("reference", a_cycle_more, "(broken|cycles)"),
    ("fast", one_more_operation, "operations of functional and fast"),
])
def test_a_lie_is_found(name, engine, change, told):
    _, faults = contracts.check_machine(lying(name, engine, change), 5)
    assert re.search(told, faults[0].what)
    assert faults[0].check == "Outputs, operations and every counter are equal in all tellings"


def test_a_reference_that_depends_on_its_order_is_found():
    machine = get_machine("eie")
    honest = machine.telling("reference")

    def run(config, job, outputs=True, shuffle=None, **more):
        result = honest(config, job, outputs=outputs, **more)
        return other_output(result) if shuffle else result

    moody = replace(machine, tellings={**machine.tellings, "reference": run})
    _, faults = contracts.check_machine(moody, 5)
    assert [fault.check for fault in faults] == [
        "The order of a reference's processes changes nothing"]


class HastyQueue(ActQueue):
    """Shows the place that is free at the edge in the cycle before it."""

    __slots__ = ()

    def pop(self, count=1):
        super().pop(count)
        self.full = False


class HastyPe(Pe):
    ACT_QUEUE = HastyQueue


class HastyEie(Eie):
    PE = HastyPe


def test_a_unit_that_shows_a_change_before_the_edge_is_found():
    """Whoever looks after it in its cycle sees another queue than whoever looks before it."""
    machine = get_machine("eie")
    hasty = replace(machine, tellings={"reference": partial(run, wiring=HastyEie)})
    _, faults = contracts.check_machine(hasty, 20)
    assert "The order of a reference's processes changes nothing" in [f.check for f in faults]


def test_a_price_that_does_not_add_up_is_found():
    machine = get_machine("eie")

    def price(config, counters, **options):
        report = machine.part("price")(config, counters, **options)
        return replace(report, causes_pj={**report.causes_pj, "useful": 0.0})

    _, faults = contracts.check_machine(replace(machine, price=price), 5)
    assert "causes" in faults[0].what


def test_states_must_add_up():
    class Lazy(get_machine("bbs").counter_class()):
        def states(self):
            return {"useful": self.macs}

    case = contracts.draw(get_machine("bbs"), 1)
    counters = get_machine("bbs").run(case.config, case.job).counters
    with pytest.raises(ConservationError, match="states add up"):
        Lazy(**vars(counters)).check(case.config, case.job)


def test_the_command(capsys, tmp_path):
    assert main(["eie", "--cases", "3"]) == 0
    assert "eie: 3 cases, tellings functional, reference, fast" in capsys.readouterr().out
    with warnings.catch_warnings():  # what layers of chance lose is nothing to tell an author
        warnings.simplefilter("error")
        plugin = Path(__file__).parents[1] / "plugins" / "dense.py"
        assert main([str(plugin), "--cases", "40"]) == 0
    unload("dense")
    assert capsys.readouterr().err == ""
    assert main(["eie2"]) == 2
    assert "did you mean 'eie'" in capsys.readouterr().err
    assert main([str(tmp_path / "none.py")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
