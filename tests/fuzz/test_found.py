"""What damaged files have brought to light, each kept as a small case of its own."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from accelsim.cli.demo import recorded_errors
from accelsim.compression.header import parse_header
from accelsim.errors import AccelsimError
from accelsim.machines import load_machine
from accelsim.sources import load_inputs
from accelsim.study import load_study
from accelsim.workload import load_digits
from tests.fuzz.study_files import make_journal, make_results, read_journal, read_results


def npy(header):
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(100)


@pytest.mark.parametrize("header", [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 9), ", "{'descr': (",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 9), }", "'",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9" + "9" * 400 + ",), }",
    # The product of the sizes overflows, in NumPy with a warning only.
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-9223372036854775808, 9), }",
])
def test_headers_of_npy_files(header, tmp_path):
    (tmp_path / "inputs.npy").write_bytes(npy(header))
    with pytest.raises(AccelsimError, match=r"inputs\.npy"):
        load_inputs(tmp_path / "inputs.npy", 9)


@pytest.mark.parametrize("images", [np.float32(3), np.array(["a"]), np.zeros((0, 9))])
def test_images_that_are_none(images, tmp_path):
    np.savez(tmp_path / "digits.npz", images=images)
    with pytest.raises(AccelsimError, match="images"):
        load_inputs(tmp_path / "digits.npz", 9)


@pytest.mark.parametrize("statement", [
    "UPDATE bases SET config = '3.5'", "UPDATE bases SET config = '{'",
    "UPDATE bases SET config = NULL", "UPDATE bases SET config = x'ff'",
    "UPDATE recipes SET settings = '[1]'", """UPDATE bases SET config = '{"a''b": 1}'""",
    "UPDATE configs SET overrides = '{'", 'ALTER TABLE points ADD COLUMN "a""b"',
])
def test_damaged_results(statement, tmp_path):
    (path,) = make_results(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA ignore_check_constraints = 1")
        try:
            db.execute(statement)
        except sqlite3.IntegrityError:
            return  # the schema itself forbids it
        db.commit()
    with pytest.raises(AccelsimError, match=r"results\.sqlite") as caught:
        read_results(path)
    assert "\n" not in str(caught.value)


def test_a_message_of_sqlite_that_quotes_lines(tmp_path):
    (path,) = make_results(tmp_path)
    data = path.read_bytes()
    assert b"json_patch(" in data
    path.write_bytes(data.replace(b"workloads.digest", b"workloads`digest"))
    with pytest.raises(AccelsimError) as caught:
        read_results(path)
    assert "\n" not in str(caught.value)


HUGE = "9" * 400


@pytest.mark.parametrize("axis", [
    f"n_pe = [{HUGE}]", f"n_pe = {{from = 1, to = {HUGE}}}", "n_pe = [0x" + "f" * 5000 + "]",
    f"n_pe = {{powers_of_two = [1, {HUGE}]}}", "n_pe = [1e999]", "n_pe = [" + "9" * 5000 + "]",
    "clock_mhz = {from = 1, to = inf}",
])
def test_numbers_in_studies(axis, tmp_path):
    (tmp_path / "study.toml").write_text(f'workloads = ["nt-we"]\n[axes]\n{axis}\n')
    with pytest.raises(AccelsimError) as caught:
        load_study(tmp_path / "study.toml")
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_a_machine_of_no_possible_name(tmp_path):
    (tmp_path / "study.toml").write_text('machine = "\\u0000.toml"\nworkloads = ["nt-we"]\n')
    with pytest.raises(AccelsimError):
        load_study(tmp_path / "study.toml")


@pytest.mark.parametrize("number", [HUGE, "9" * 5000, "0x" + "f" * 5000])
@pytest.mark.parametrize("key", ["n_pe", "spmat_kb", "clock_mhz"])
def test_numbers_of_machines(key, number, tmp_path):
    (tmp_path / "mine.toml").write_text(f'machine = "eie"\n{key} = {number}\n')
    with pytest.raises(AccelsimError, match=r"mine\.toml") as caught:
        load_machine(tmp_path / "mine.toml")
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_infinity_in_a_store_s_header():
    with pytest.raises(AccelsimError, match="not valid JSON"):
        parse_header('{"layers": [{"provenance": {"x": 1e999}}]}')


def test_a_journal_that_was_cut_off(tmp_path):
    """The unfinished line goes, the rest is resumed, and the file can be written on."""
    (path,) = make_journal(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[-1][:20])
    read_journal(path)
    read_journal(path)
    assert path.read_bytes().startswith(whole)


def test_a_journal_with_a_damaged_line(tmp_path):
    (path,) = make_journal(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"op_code"', b'"op_code', 1))
    with pytest.raises(AccelsimError, match=r"search\.sqlite\.journal: damaged"):
        read_journal(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"dense": 1}', "[" * 100_000, '{"dense": {}}'])
def test_what_training_did_not_write(text, tmp_path):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(AccelsimError, match="test_error_percent"):
        recorded_errors(tmp_path / "results.json")


def test_no_digits(tmp_path):
    np.savez(tmp_path / "digits.npz", images=np.zeros((0, 784), np.uint8),
             labels=np.zeros(0, np.uint8))
    with pytest.raises(AccelsimError, match=r"digits\.npz"):
        load_digits(tmp_path / "digits.npz")
