"""Folders of the EIE authors' simulator, against a writer and a reader made from the layout."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import AccelsimError, FormatError, InputError
from accelsim.formats import build_image
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.workload import load_eie_simulator, save_eie_simulator

CODEBOOK = [0.0] + [0.25 * k for k in range(1, 16)]
Columns = list[list[tuple[int, int]]]  # a PE's columns of (code, run)


def column_of(codes: list[int]) -> list[tuple[int, int]]:
    """One PE's sub-column as the paper writes it, position by position."""
    entries, zeros = [], 0
    for code in codes:
        if code == 0:
            zeros += 1
            continue
        while zeros > 15:
            entries.append((0, 15))
            zeros -= 16
        entries.append((code, zeros))
        zeros = 0
    return entries


def write_folder(folder: Path, pes: list[Columns], activations: list[float]) -> Path:
    """The layout, byte by byte."""
    for part in ("ptr", "spm"):
        (folder / part).mkdir(parents=True)
    for number, columns in enumerate(pes):
        pointers, entries = [0], b""
        for column in columns:
            for code, run in column:
                entries += struct.pack("<II", code, run)
            pointers.append(pointers[-1] + len(column))
        (folder / f"ptr/ptr{number}.dat").write_bytes(struct.pack(f"<{len(pointers)}I", *pointers))
        (folder / f"spm/spm{number}.dat").write_bytes(entries)
    (folder / "act.dat").write_bytes(struct.pack(f"<{len(activations)}f", *activations))
    (folder / "arithm.dat").write_bytes(struct.pack("<16f", *CODEBOOK))
    return folder


def pes_of(dense: npt.NDArray[np.uint8], bias: list[int] | None, n_pe: int) -> list[Columns]:
    """Every PE's columns of a matrix of codes; the bias in the first column of the next row."""
    n_inputs = dense.shape[1]
    pes = []
    for pe in range(n_pe):
        columns = [column_of([int(c) for c in dense[pe::n_pe, j]]) for j in range(n_inputs)]
        if bias is not None:
            columns += [[] for _ in range(-n_inputs % n_pe)]
            columns.append(column_of(bias[pe::n_pe]))
        pes.append(columns)
    return pes


def assert_encodes_back(folder: Path, packed: CompressedLayer, n_pe: int) -> None:
    image = build_image(packed, n_pe)
    for number in range(n_pe):
        pe = image.pe(number)
        pointers = pe.pointers[0].astype("<u4").tobytes()
        entries = np.column_stack([pe.codes, pe.runs]).astype("<u4").tobytes()
        assert pointers == (folder / f"ptr/ptr{number}.dat").read_bytes()
        assert entries == (folder / f"spm/spm{number}.dat").read_bytes()


@given(data=st.data())
def test_a_folder_made_by_others(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    n_pe = data.draw(st.integers(1, 7))
    n_outputs, n_inputs = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 9))
    seed, density = data.draw(st.integers(0, 999)), data.draw(st.sampled_from([0, 0.04, 0.3, 1]))
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 16, (n_outputs, n_inputs)) * (
        rng.random((n_outputs, n_inputs)) < density
    )
    dense = dense.astype(np.uint8)
    bias = [int(c) for c in rng.integers(0, 16, n_outputs)] if data.draw(st.booleans()) else None
    activations = [float(a) for a in rng.integers(0, 3, n_inputs) / 2]
    folder = write_folder(
        tmp_path_factory.mktemp("eie") / "layer", pes_of(dense, bias, n_pe), activations
    )
    packed, inputs = load_eie_simulator(folder, n_outputs=n_outputs)
    expected = dense if bias is None else np.column_stack([dense, bias])
    assert packed.has_bias == (bias is not None)
    assert np.array_equal(packed.matrix.to_dense(), expected)
    assert (packed.matrix.values != 0).all()
    assert inputs.tolist() == activations
    assert packed.codebook.tolist() == CODEBOOK
    assert_encodes_back(folder, packed, n_pe)


@given(
    pes=st.integers(1, 4).flatmap(
        lambda n: st.lists(
            st.lists(
                st.lists(st.tuples(st.sampled_from([0, 0, 3, 15]), st.sampled_from([0, 7, 14, 15])),
                         max_size=6),
                min_size=n * 2 + 1, max_size=n * 2 + 1,
            ),
            min_size=n, max_size=n,
        )
    )
)
def test_any_entries_encode_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, pes: list[Columns]
) -> None:
    """Zeros with a code of their own, padding at the end of a column, padding after padding."""
    n_pe = len(pes)
    folder = write_folder(tmp_path_factory.mktemp("eie") / "layer", pes, [1.0] * (2 * n_pe))
    packed, _ = load_eie_simulator(folder)
    assert packed.has_bias
    assert_encodes_back(folder, packed, n_pe)


def small_layer(n_outputs: int = 40, n_inputs: int = 10, bias: bool = True) -> CompressedLayer:
    rng = np.random.default_rng(5)
    shape = (n_outputs, n_inputs + bias)
    codes = rng.integers(1, 16, shape) * (rng.random(shape) < 0.2)
    codes[-1] = 0
    matrix = CscMatrix.from_dense(codes.astype(np.uint8))
    codebook = np.array(CODEBOOK, dtype=np.float32)
    return CompressedLayer(matrix, codebook, 4, 4, has_bias=bias, name="small")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n_pe", [1, 3, 4, 64])
def test_out_and_back(tmp_path: Path, n_pe: int, bias: bool) -> None:
    layer = small_layer(bias=bias)
    activations = np.maximum(np.linspace(-1, 2, 10), 0).astype(np.float32)
    save_eie_simulator(tmp_path / "out", layer, activations, n_pe)
    packed, inputs = load_eie_simulator(tmp_path / "out", name="small")
    assert packed.digest() == layer.digest()
    assert np.array_equal(inputs, activations)
    truth = np.fromfile(tmp_path / "out/groundtruth.dat", dtype="<f4")
    column = np.append(activations, np.float32(1)) if bias else activations
    assert truth == pytest.approx(layer.decoded().to_dense() @ column, rel=1e-6)
    # Without the expected outputs, the last row that holds something is the last.
    (tmp_path / "out/groundtruth.dat").unlink()
    packed, _ = load_eie_simulator(tmp_path / "out")
    assert packed.n_outputs == 1 + int(layer.matrix.rows.max()) < layer.n_outputs


def test_negative_activations_are_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", pes_of(np.ones((1, 2), np.uint8), None, 1), [-3.0, 2.0])
    assert load_eie_simulator(folder)[1].tolist() == [0.0, 2.0]


def test_export_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    layer = small_layer()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes").write_text("kept")
    (tmp_path / "file").write_text("kept")
    wide = CompressedLayer(layer.matrix, np.zeros(32, np.float32), 5, 4, has_bias=True)
    for folder, packed, activations, text in (
        ("full", layer, np.ones(10), "not empty"),
        ("file", layer, np.ones(10), "not empty"),
        ("file/inside", layer, np.ones(10), "cannot be written"),
        ("new", layer, np.ones(11), r"need \(10,\)"),
        ("new", layer, -np.ones(10), "ReLU"),
        ("new", layer, np.full(10, np.nan), "finite"),
        ("new", wide, np.ones(10), "weight_bits=5"),
    ):
        with pytest.raises(InputError, match=text):
            save_eie_simulator(tmp_path / folder, packed, activations, 4)
    with pytest.raises(InputError, match="n_pe=0"):
        save_eie_simulator(tmp_path / "new", layer, np.ones(10), 0)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "full"]


@pytest.mark.parametrize("name", ["act.dat", "arithm.dat", "ptr/ptr1.dat", "spm/spm2.dat"])
def test_truncated_anywhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "layer"
    save_eie_simulator(folder, small_layer(), np.ones(10), 4)
    whole = (folder / name).read_bytes()
    for length in range(len(whole)):
        (folder / name).write_bytes(whole[:length])
        # One input less has the same number of pointers: its column shows the fault.
        with pytest.raises(FormatError) as caught:
            load_eie_simulator(folder)
        assert "\n" not in str(caught.value)


def words(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("act.dat", struct.pack("<f", float("nan")) * 10, "NaN"),
        ("act.dat", struct.pack("<f", 1.0) * 20, "12 inputs|20 inputs"),
        ("arithm.dat", struct.pack("<16f", *[1.0] * 16), "entry 0"),
        ("arithm.dat", struct.pack("<32f", *CODEBOOK * 2), "holds 32 float32"),
        ("ptr/ptr0.dat", words(*[0] * 13), "13 pointers|rise from 0"),
        ("ptr/ptr3.dat", words(*[7] * 14), "rise from 0"),
        ("ptr/ptr3.dat", words(0, *[(1 << 32) - 1] * 13), "rise from 0"),
        ("spm/spm0.dat", words(*[16] * 20), "each 0 to 15"),
        ("ptr/ptr4.dat", words(*[0] * 14), "5 files ptr"),
        ("groundtruth.dat", struct.pack("<f", 0.0) * 5, "says 5 outputs"),
    ],
)
def test_files_that_do_not_agree(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    folder = tmp_path / "layer"
    save_eie_simulator(folder, small_layer(), np.ones(10), 4)
    (folder / name).write_bytes(content)
    with pytest.raises(FormatError, match=text) as caught:
        load_eie_simulator(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pointers", [(1, 2, 2), (0, 2, 1, 2), (0, 1, 3), (0, 1, 1)])
def test_pointers_that_do_not_cover_the_entries(tmp_path: Path, pointers: tuple[int, ...]) -> None:
    activations = [1.0] * (len(pointers) - 1)
    folder = write_folder(tmp_path / "layer", [[[(1, 0), (2, 0)]]], activations)
    (folder / "ptr/ptr0.dat").write_bytes(words(*pointers))
    with pytest.raises(FormatError, match="rise from 0 to the 2 entries"):
        load_eie_simulator(folder)


def test_entries_between_the_inputs_and_the_bias(tmp_path: Path) -> None:
    columns: Columns = [[(1, 0)], [], [(2, 0)], [], [(3, 0)]]
    folder = write_folder(tmp_path / "layer", [columns] * 4, [1.0, 1.0])
    with pytest.raises(FormatError, match="between the last input, 1, and the bias"):
        load_eie_simulator(folder)


def test_a_missing_folder_or_file(tmp_path: Path) -> None:
    with pytest.raises(AccelsimError, match=r"act\.dat: cannot be read"):
        load_eie_simulator(tmp_path / "nowhere")
    folder = write_folder(tmp_path / "layer", [[[(1, 0)]]], [1.0])
    (folder / "spm/spm0.dat").unlink()
    with pytest.raises(FormatError, match="0 files spm"):
        load_eie_simulator(folder)
