"""Files are written whole or not at all, whatever goes wrong and whenever the process dies."""

import os
import signal
import subprocess
import sys
import time

import pytest

from accelsim.errors import InputError
from accelsim.files import atomic_file, atomic_path, write_atomically


@pytest.mark.parametrize("data", ["höher\n", b"\0\xff", ""])
def test_what_is_written_is_read(data, tmp_path):
    write_atomically(tmp_path / "file", data)
    found = (tmp_path / "file").read_bytes()
    assert found == (data.encode() if isinstance(data, str) else data)
    assert os.listdir(tmp_path) == ["file"]


def test_an_exception_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    def fail_halfway():
        with atomic_file(path) as file:
            file.write("after")
            file.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["file"]


def test_the_new_bytes_are_on_disk_before_they_get_the_name(tmp_path, monkeypatch):
    """fsync of the file, rename, fsync of the folder: in this order."""
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda *a, **k: (order.append("rename"), replace(*a, **k)))
    monkeypatch.setattr("pathlib.os.replace", os.replace)
    write_atomically(tmp_path / "file", "text")
    assert order == ["fsync", "rename", "fsync"]


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "folder").mkdir()
    for where in (tmp_path / "none" / "file", tmp_path / "folder"):
        with pytest.raises(InputError, match="cannot be written") as caught:
            write_atomically(where, "text")
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be written"), atomic_path(tmp_path / "file"):
        pass  # nothing was written to the path
    assert os.listdir(tmp_path) == ["folder"]


WRITER = """
import sys
from accelsim.files import atomic_file
while True:
    with atomic_file(sys.argv[1]) as file:
        for _ in range(200):
            file.write("x" * 1000)
"""


@pytest.mark.parametrize("delay_s", [0.15, 0.2, 0.25])
def test_a_killed_process_leaves_the_old_file_or_the_new_one(delay_s, tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.read_text() in ("before", "x" * 200_000)
