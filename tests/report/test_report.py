"""The page holds the runs' numbers, needs nothing from outside, and trusts no file."""

import base64
import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from accelsim import Layer, compress, load_config, simulate, simulate_network
from accelsim.cli import main
from accelsim.errors import AccelsimError
from accelsim.inside.explain import explain as explain_run
from accelsim.machines import get_machine, load_machine
from accelsim.machines.eie.explain import explain
from accelsim.network import calibrated, job_of_layer
from accelsim.records.linear import LinearWeights
from accelsim.report.run_report import Run, read_run, run_page
from accelsim.report.summary import run_object
from tests.ese.layers import random_layer, utterance


def network(name="fc"):
    rng = np.random.default_rng(1)
    layers = [
        Layer(weights=rng.standard_normal(shape).astype(np.float32), name=f"{name}{i}")
        for i, shape in enumerate([(20, 30), (10, 20)])
    ]
    vector = rng.random(30).astype(np.float32)
    return calibrated([compress(layer) for layer in layers], vector), vector


def run_of(name="fc", **overrides):
    config = load_config("eie", n_pe=4, **overrides)
    layers, vector = network(name)
    return config, layers, vector, run_object(simulate_network(config, layers, vector)[0])


class Page(HTMLParser):
    """Tags, references to elsewhere, and the cells of each table row."""

    VOID = ("meta", "img", "link", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.references, self.rows, self.pictures = [], [], [], []
        self.texts = []
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for key, value in attrs:
            if key in ("src", "href", "srcset", "action") or key.startswith("on"):
                (self.pictures if tag == "img" else self.references).append(value)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_the_page_holds_the_numbers_of_the_runs():
    config, layers, vector, run = run_of()
    explained = [explain(config, packed, *job_of_layer(config, layers, vector, i))
                 for i, packed in enumerate(layers)]
    text = run_page([Run.model_validate(run)], explained)
    page = Page(text)
    for layer in run["layers"]:
        row = next(row for row in page.rows if row[0] == layer["layer"])
        assert row[2] == f"{layer['cycles']:,}"
        assert f"{layer['macs']:,}" in row
    for key, value in run["config"].items():
        row = next(row for row in page.rows if row[0] == key)
        assert row[1] == str(value)
    for found in explained:
        for remedy in found.remedies:
            row = next(row for row in page.rows if row[0] == remedy.name
                       and row[1] == f"{remedy.cycles:,}")
            assert row[2] == f"{found.saved(remedy):,}"
    assert run["layers"][0]["outputs_sha256"] in "".join(page.texts)
    assert "recipe" in "".join(page.texts)
    assert len(page.pictures) == 3


def test_the_page_needs_nothing_from_outside():
    config, layers, vector, run = run_of()
    explained = [explain(config, layers[0], *job_of_layer(config, layers, vector, 0))]
    page = Page(run_page([Run.model_validate(run)], explained))
    assert page.references == []
    for picture in page.pictures:
        kind, data = picture.split(",")
        assert kind == "data:image/svg+xml;base64"
        drawn = base64.b64decode(data).decode()
        assert drawn.startswith("<?xml")
        assert not re.search(r'(href|src)="(?!#)', drawn)
        assert "<script" not in drawn
    text = run_page([Run.model_validate(run)])
    assert "@import" not in text
    assert "url(" not in text


def test_the_same_run_gives_the_same_bytes():
    run = Run.model_validate(run_of()[3])
    assert run_page([run]) == run_page([run])


def test_several_runs_stand_side_by_side():
    runs = [Run.model_validate({**run_of(act_queue_depth=depth)[3], "name": f"depth {depth}"})
            for depth in (1, 8)]
    page = Page(run_page(runs))
    assert [row[1:3] for row in page.rows if row[0] == "act_queue_depth"] == [["1", "8"]]
    assert sum(row[:2] == ["depth 8", "total"] for row in page.rows) == 1


def test_names_are_text_and_nothing_else():
    hostile = '<script>alert("x")</script>$\\frac{1}$&'
    config, layers, vector, run = run_of(hostile)
    explained = [explain(config, layers[0], *job_of_layer(config, layers, vector, 0))]
    text = run_page([Run.model_validate(run)], explained)
    assert "<script" not in text
    page = Page(text)
    assert any(row[0] == f"{hostile}0" for row in page.rows if row)


WRONG = {
    "not JSON": b"{", "a list": b"[1]", "a number": b"3", "nothing": b"", "null": b"null",
    "binary": bytes(range(256)), "no layers": b'{"accelsim": "1", "machine": "eie", "engine": "f",'
    b'"config": {}, "layers": [], "total": {}}', "deep": b"[" * 100_000,
    "text for cycles": b'{"accelsim": "1", "machine": "eie", "engine": "f", "config": {},'
    b'"layers": [{"cycles": "many"}], "total": {}}',
    "a name that is a number": b'{"accelsim": 1, "machine": "eie", "engine": "f", "config": {},'
    b'"layers": [{}], "total": {}}',
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_a_run_is_one_line(what, tmp_path):
    path = tmp_path / "run.json"
    path.write_bytes(WRONG[what])
    with pytest.raises(AccelsimError, match=r"run\.json: ") as caught:
        read_run(path)
    assert "\n" not in str(caught.value)


def test_a_run_of_few_words_is_shown(tmp_path):
    """A run without times, as the functional engine gives it."""
    path = tmp_path / "run.json"
    path.write_text('{"accelsim": "1", "machine": "eie", "engine": "functional", "config": {},'
                    '"layers": [{"layer": null, "macs": 3}], "total": {}}')
    assert any("3" in row for row in Page(run_page([read_run(path)])).rows)


def test_the_command(tmp_path, monkeypatch, capsys):
    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as leave:
            main()
        return leave.value.code, *capsys.readouterr()

    source = tmp_path / "net.npz"
    np.savez(source, weight=np.random.default_rng(1).standard_normal((12, 9)))
    common = ["--activation-density", "0.5", "--set", "n_pe=4"]
    status, out, _ = command("simulate", source, *common, "--json")
    assert status == 0
    run = tmp_path / "run.json"
    run.write_text(out)
    page = tmp_path / "page.html"
    assert command("report", run, run, "-o", page)[0] == 0
    assert f"{json.loads(out)['layers'][0]['cycles']:,}" in page.read_text()
    assert command("report", source, *common, "-o", page)[0] == 0
    assert "What would help" in page.read_text()
    status, _, err = command("report", run, source, "-o", page)
    assert (status, err.count("\n")) == (2, 1)
    status, _, err = command("report", tmp_path / "none.json", "-o", page)
    assert (status, err.count("\n")) == (2, 1)


def test_a_priced_run_shows_what_it_costs():
    config = load_config("eie", n_pe=4)
    layers, vector = network("fc")
    results = simulate_network(config, layers, vector)[0]
    text = run_page([Run.model_validate(run_object(results, energy=True))])
    head, first, *_ = Page(text).rows
    shown = dict(zip(head, first, strict=True))
    energy = results[0].energy
    assert float(shown["energy uJ"]) == pytest.approx(energy.total_uj, rel=1e-3)
    assert float(shown["W"]) == pytest.approx(energy.power_w, rel=1e-3)
    assert "energy uJ" not in Page(run_page([Run.model_validate(run_object(results))])).rows[0]


def runs_of_three_machines():
    """EIE's network, an LSTM on ESE and a matrix on the bank-balanced machine."""
    rng = np.random.default_rng(2)
    layer = random_layer(rng, n_in=6, n_cells=12, name="lstm")
    ese = load_machine("ese", n_pe=4, n_channels=1, elementwise_width=2)
    bbs = load_machine("bbs", n_pe=4, n_banks=4)
    weights = LinearWeights.from_floats(rng.normal(size=(9, 16)), 16, "matrix")
    given = {"ese": (ese, layer, utterance(rng, 3, 1, 6)), "bbs": (bbs, weights, np.ones(16))}
    results = {name: simulate(*own) for name, own in given.items()}
    objects = {"eie": run_of()[3]} | {name: run_object([own]) for name, own in results.items()}
    runs = [Run.model_validate({**json.loads(json.dumps(value)), "name": f"on {name}"})
            for name, value in objects.items()]
    explained = []
    for config, work, inputs in given.values():
        machine = get_machine(config.machine)
        explained.append(explain_run(machine, config, work, machine.job(config, work, inputs)))
    return runs, results, explained


def test_runs_of_several_machines_stand_on_one_page():
    runs, results, explained = runs_of_three_machines()
    page = Page(run_page(runs, explained))
    head = page.rows[0]
    for name, result in results.items():
        row = next(row for row in page.rows if row[0] == f"on {name}")
        shown = dict(zip(head, row, strict=True))
        assert shown["cycles"] == f"{result.cycles:,}"
        assert shown["load balance"] == f"{result.load_balance:.4g}"
    # Columns of one machine are empty for the others.
    (bbs,) = [row for row in page.rows if row[0] == "on bbs"]
    assert dict(zip(head, bbs, strict=True))["blocked"] == "-"
    values = {row[0]: row[1:] for row in page.rows if len(row) == 5}
    assert values["n_banks"][:3] == ["-", "-", "4"]
    assert values["index_bits"][:3] == ["4", "4", "-"]
    assert values["n_banks"][3] == "banks of a row; multipliers of a PE"
    text = "".join(page.texts)
    for found in explained:
        assert found.finding in text
        for table in found.tables:
            assert table.title in text
    slots = results["ese"].slots
    total = sum(slot.cycles for slot in slots if slot.name == "STATE_1.1")
    assert ["STATE_1.1", "Wix", "3", f"{total:,}"] in page.rows


def test_states_are_the_machine_s_own():
    runs, results, _ = runs_of_three_machines()
    eie, ese, bbs = (run.layers[0] for run in runs)
    assert [key for key in eie if key.endswith("_share")] == [
        "useful_share", "padding_share", "empty_columns_share", "hazard_share", "starved_share",
        "overhead_share"]
    assert set(eie["binary_points"]) == {"weight_frac_bits", "input_frac_bits",
                                         "output_frac_bits"}
    assert "binary_points" not in ese
    assert ese["frac_bits"] == results["ese"].frac_bits
    for name, layer in (("ese", ese), ("bbs", bbs)):
        counters = results[name].counters
        shares = {state.replace(" ", "_"): cycles.sum() / (counters.cycles * counters.n_pe)
                  for state, cycles in counters.states().items()}
        for state, share in shares.items():
            assert layer[f"{state}_share"] == pytest.approx(share)
        assert sum(shares.values()) == pytest.approx(1)


def test_a_run_of_a_machine_that_is_not_loaded_is_shown(tmp_path):
    path = tmp_path / "run.json"
    path.write_text('{"accelsim": "1", "machine": "other", "engine": "fast", "config": {"x": 3},'
                    '"layers": [{"layer": "a", "cycles": 7, "busy_share": 0.5, "slots": 3}],'
                    '"total": {"counters": {"cycles": 7}}}')
    page = Page(run_page([read_run(path)]))
    assert ["x", "3", ""] in page.rows
    assert any("7" in row for row in page.rows)
