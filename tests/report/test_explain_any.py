"""Explanations of any machine: without parts of its own, as a variant, and what is refused."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from accelsim import Layer, compress
from accelsim.errors import ConservationError, UnsupportedError
from accelsim.inside.explain import Change, Details, explain, largest_loss, steady_step
from accelsim.machines import EieConfig, get_machine, load_config, load_machine
from accelsim.machines.eie.explain import explain as explain_layer
from accelsim.records.result import SlotTime
from accelsim.report.explain_plots import explanation
from accelsim.report.explain_tables import explanation_tables
from accelsim.report.note import run_note

EIE = get_machine("eie")


class TwinConfig(EieConfig):
    """EIE under another name."""

    machine: Literal["twin"]


TWIN = replace(EIE, config=TwinConfig)
WALKED = "starved: blocked by a full queue"


def case(model=EieConfig, machine=EIE, **overrides):
    config = model.model_validate(
        load_config(n_pe=4, **overrides).model_dump()
        | {"machine": "twin" if model is TwinConfig else "eie"})
    rng = np.random.default_rng(5)
    weights = (rng.standard_normal((24, 40)) * (rng.random((24, 40)) < 0.3)).astype(np.float32)
    packed = compress(Layer(weights=weights, name="fc"))
    return config, packed, machine.job(config, packed, rng.random(40).astype(np.float32))


def test_a_machine_without_parts_tells_its_counters_states():
    machine = replace(TWIN, explain=None, remedies=None)
    config, packed, job = case(TwinConfig, machine)
    found = explain(machine, config, packed, job)
    counters = found.result.counters
    assert list(found.states) == list(counters.states())
    assert (found.blamed, found.tables, found.remedies) == (None, (), [])
    assert found.worst_pes(4) == list(np.argsort(-counters.macs, kind="stable"))
    assert found.finding == f"{largest_loss(counters.states())[0].upper()}" \
                            f"{largest_loss(counters.states())[1:]}."
    assert len(explanation(found).axes) == 1
    assert len(explanation_tables(found)) == 1
    assert found.as_dict()["blamed"] is None
    with pytest.raises(UnsupportedError, match="columns"):
        explain(machine, config, packed, job, columns=3)


def test_a_variant_with_units_of_its_own_is_not_walked():
    """It has a reference only: EIE's walk follows other rules. Its changes run all the same."""
    machine = replace(TWIN, tellings={"reference": EIE.tellings["reference"]})
    config, packed, job = case(TwinConfig, machine, act_queue_depth=1)
    found = explain(machine, config, packed, job)
    assert found.result.engine == "reference"
    assert WALKED not in found.states
    assert found.tables == ()
    plain, own, given = case(act_queue_depth=1)
    walked = explain(EIE, plain, own, given)
    assert WALKED in walked.states
    assert [(r.name, r.cycles) for r in found.remedies] == \
        [(r.name, r.cycles) for r in walked.remedies]


def test_the_old_name_gives_the_same():
    config, packed, job = case()
    new = explain(EIE, config, packed, job, columns=3)
    old = explain_layer(config, packed, job, None, columns=3)
    assert old.as_dict() == new.as_dict()
    assert [vars(cost) | {"lost": cost.lost} for cost in old.columns] == \
        new.as_dict()["worst_columns"]
    assert len(old.columns) == 3


def test_states_that_do_not_add_up_are_refused():
    def wrong(machine, config, work, job, result):
        states = result.counters.states()
        states["useful"] = states["useful"] + np.eye(1, 4, 2, dtype=np.int64)[0]
        return Details(states=states)

    machine = replace(EIE, explain=wrong)
    with pytest.raises(ConservationError, match="PE 2"):
        explain(machine, *case())


def test_a_change_that_cannot_be_says_why():
    def changes(config, work, job, result):
        yield Change("no PEs", {"n_pe": 0})
        yield Change("narrow lines", {"spmat_width_bits": 8, "weight_bits": 8})
        yield Change("other codes", {"weight_bits": 5})
        yield Change("nothing")

    found = explain(replace(EIE, remedies=changes), *case())
    problems = [remedy.problem for remedy in found.remedies]
    assert "greater than or equal to 1" in problems[0]
    assert "less than one entry" in problems[1]
    assert "compress again" in problems[2]
    assert found.saved(found.remedies[3]) == 0
    assert found.finding.endswith("no change that was tried saves a cycle.")


def test_the_finding_names_the_changes_that_save_most():
    found = explain(EIE, *case(act_queue_depth=1, index_bits=4))
    first, second = sorted((found.saved(r) for r in found.remedies), reverse=True)[:2]
    assert second > 0
    assert f"would save {first:,} of {found.result.cycles:,} cycles" in found.finding
    assert f"would save {second:,} of" in found.finding


def test_a_steady_step_is_the_last_but_one():
    def slots(n_steps):
        steps = [SlotTime(k, name, None, 1) for k in range(n_steps) for name in "ab"]
        return [SlotTime(-1, "start", None, 1), *steps, SlotTime(n_steps, "end", None, 1)]

    assert [steady_step(slots(n)) for n in (1, 2, 3, 9)] == [0, 0, 1, 7]


def test_a_job_is_made_again_from_what_it_was_made_of():
    bbs = get_machine("bbs")
    config = load_machine("bbs", n_pe=2, n_banks=2)
    job = bbs.job(config, np.eye(4), np.arange(4.0))
    again = job.again(bbs, config.model_copy(update={"n_banks": 4}))
    assert again.matrices[0].banks.shape == (4, 4, 1)
    assert np.array_equal(again.vectors.ravel(), job.vectors.ravel())
    with pytest.raises(Exception, match=r"make it with Machine\.job"):
        replace(job, given=None).again(bbs, config)


def test_the_note_tells_digests_where_there_are_some():
    config, packed, job = case()
    note = run_note(config, packed, job, "explained", 7)
    assert packed.digest()[:16] in note
    assert job.input_sha256()[:16] in note
    assert "seed 7, machine=eie" in note
    bbs = load_machine("bbs")
    other = get_machine("bbs").job(bbs, np.eye(3), np.ones(3))
    assert "layer sha256" not in run_note(bbs, np.eye(3), other, "explained", 7)
