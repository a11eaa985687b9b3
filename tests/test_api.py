"""What users may build on: the public names, their signatures, one family of errors.

A change here is a change of the interface: it belongs into the list of changes.
"""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import accelsim
from accelsim.errors import AccelsimError

NAMES = {
    "accelsim": (
        "AccelsimError BinaryPoints CompressedConv CompressedLayer Conv2d Counters EieConfig Layer "
        "Loss LossWarning Network NetworkResult Recipe RecurrentLayer RunResult __version__ "
        "compress data_folder load_config load_eie_simulator load_layer load_machine load_network "
        "simulate simulate_network simulate_recurrent"
    ),
    "accelsim.machines": (
        "ARITH_STAGES BbsConfig DEFAULT_MACHINE EieConfig EseConfig Machine get_machine load_as "
        "load_config load_machine machine_names machine_of parse_setting published_sources "
        "register register_machine run_job"
    ),
    "accelsim.compression": (
        "CompressionTable Recipe TableRow compress compress_network compress_recurrent "
        "compression_table load_compressed load_compressed_network prune_recurrent save_compressed"
    ),
    "accelsim.api": "choose_binary_points make_job price simulate simulate_recurrent",
    "accelsim.network": (
        "accuracy calibrated job_of_layer network_binary_points network_floats network_job "
        "network_outputs simulate_network"
    ),
    "accelsim.papers.figures": "figure_of",
    "accelsim.report.plots": (
        "COLUMN HATCHES OKABE_ITO PAGE accuracy_energy cycle_breakdown efficiency energy_breakdown "
        "line_width_energy pareto_scatter pe_load_heatmap queue_depth roofline save side_by_side "
        "speedup storage_breakdown"
    ),
    "accelsim.inside.explain": "explain",
    "accelsim.lowering.float_run": "run_float",
    "accelsim.lowering.network_floats": "run_floats",
    "accelsim.machines.network_explain": "explain_network",
    "accelsim.study.scatter": "Drawn scatter",
    "accelsim.dram": "DramPart Reading Requests load_part part_names",
    "accelsim.energy": "EnergyReport SramTable load_sram_table price",
    "accelsim.contracts": "CHECKS Case Check Fault Verilog check_machine draw faults",
    "accelsim.papers": "Cell Comparison NAMES Published Tolerance reproduce",
    "accelsim.records": (
        "BinaryPoints CompressedConv CompressedLayer Conv2d CscMatrix FloatArray Geometry Index "
        "Layer Loss"
    ),
    "accelsim.formats": "LayerImage PeImage StoredEntries build_image",
    "accelsim.formats.registry": (
        "FORMATS Format Stored Symbols huffman_bits register_format restore store"
    ),
    "accelsim.study": (
        "Condition FinishedPoint Front METRICS Metric Objective Progress Results StoreError Study "
        "explore fronts load_study pareto_front pareto_mask register_metric run_study sensitivity "
        "sweep"
    ),
    "accelsim.study.codesign": "Budget Codesigned Design LayerChoice Plan Setting codesign",
    "accelsim.study.number_systems": "SYSTEMS System SystemRow draw_front front number_systems",
    "accelsim.training": "Labelled Schedule Trainable held_out load_labelled train",
    "accelsim.rtl_bridge": (
        "CosimReport RtlParameters RtlResult cosim export rtl_parameters rtl_plan run_layer "
        "run_layers"
    ),
    "accelsim.sources": (
        "Listed ListedCell ListedNode Listing NetworkListing Reach Source as_layers "
        "drawn_sequence is_store listing load_inputs load_network load_sequence means_cells "
        "names_network network_inputs network_listing open_network open_source open_work published "
        "reach skipped_of"
    ),
    "accelsim.workload": (
        "Contents LayerEntry Network PublishedLayer Skipped file_contents list_layers load_digits "
        "load_eie_simulator load_layer load_network load_recurrent_folder network_names "
        "published_layers random_layer recurrent_contents save_eie_simulator synthetic_layer"
    ),
}

PARAMETERS = {
    "accelsim.compress": "layer recipe *calibration *method *percentile",
    "accelsim.load_config": "source **overrides",
    "accelsim.load_eie_simulator": "folder n_outputs name",
    "accelsim.load_layer": "source name seed",
    "accelsim.simulate": "machine work inputs engine *outputs *fixed_point **options",
    "accelsim.simulate_network": "config layers inputs engine threads *fixed_point **options",
    "accelsim.Layer": "weights activations bias relu name provenance",
    "accelsim.machines.register_machine": "model file",
    "accelsim.machines.eie.engines.register_engine": "name run",
    "accelsim.formats.registry.register_format": "name chosen",
    "accelsim.machines.eie.explain.explain": "config packed job points remedies columns",
    "accelsim.machines.eie.replay.replay": "config job first last observer",
    "accelsim.machines.trace.trace_writer": "kind file config job pes note",
}

# A program of its own, run by hand to make a table; nothing imports it.
PROGRAMS = {"accelsim.__main__", "accelsim.energy.make_sram_table"}


def named(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("package", NAMES)
def test_public_names(package):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == NAMES[package].split()
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert module.__doc__


def test_no_package_is_left_out():
    packages = {
        f"accelsim.{info.name}" for info in pkgutil.iter_modules(accelsim.__path__) if info.ispkg
    }
    with_names = {p for p in packages if hasattr(importlib.import_module(p), "__all__")}
    with_modules = {"accelsim", "accelsim.formats.registry", "accelsim.api", "accelsim.network",
                    "accelsim.papers.figures", "accelsim.report.plots",
                    "accelsim.study.codesign", "accelsim.study.number_systems",
                    "accelsim.inside.explain", "accelsim.lowering.float_run",
                    "accelsim.lowering.network_floats", "accelsim.machines.network_explain",
                    "accelsim.study.scatter"}
    assert with_names == set(NAMES) - with_modules


def used_names(text):
    """(module, name) of what a notebook takes from accelsim."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("accelsim"):
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if "accelsim." in alias.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            homes = {"plots": "accelsim.report.plots", "accelsim": "accelsim"}
            if node.value.id in homes:
                yield homes[node.value.id], node.attr


@pytest.mark.parametrize("path", sorted(Path("notebooks").glob("*.py")), ids=lambda p: p.stem)
def test_notebooks_use_public_names_alone(path):
    used = set(used_names(path.read_text("utf-8")))
    assert used
    public = {(module, name) for module, names in NAMES.items() for name in names.split()}
    public |= {tuple(module.rsplit(".", 1)) for module in NAMES if "." in module}
    assert used - public == set()


@pytest.mark.parametrize("path", PARAMETERS)
def test_parameters(path):
    """Names and order; * before those that must be named."""
    marks = {inspect.Parameter.KEYWORD_ONLY: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = [
        marks.get(parameter.kind, "") + parameter.name
        for parameter in inspect.signature(named(path)).parameters.values()
    ]
    assert " ".join(found) == PARAMETERS[path]


def test_public_functions_are_documented_and_typed():
    assert Path(accelsim.__file__).with_name("py.typed").exists()
    for package, names in NAMES.items():
        for name in names.split():
            thing = getattr(importlib.import_module(package), name)
            if inspect.isfunction(thing):
                assert thing.__doc__, name
                hints = inspect.signature(thing)
                assert hints.return_annotation is not inspect.Signature.empty, name
                assert all(p.annotation is not inspect.Parameter.empty
                           for p in hints.parameters.values()), name


def test_the_version_is_the_package_s():
    text = Path("pyproject.toml").read_text("utf-8")
    assert f'version = "{accelsim.__version__}"' in text


def modules():
    for info in pkgutil.walk_packages(accelsim.__path__, "accelsim."):
        if info.name not in PROGRAMS:
            yield importlib.import_module(info.name)


def test_every_error_is_of_one_family():
    classes = {
        thing for module in modules() for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, BaseException)
        and thing.__module__.startswith("accelsim")
    }
    assert AccelsimError in classes
    assert len(classes) > 6
    assert {c for c in classes if not issubclass(c, AccelsimError)} == {accelsim.LossWarning}
