"""Files are written whole or not at all, whatever goes wrong and whenever the process dies."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from accelsim.errors import InputError
from accelsim.files import atomic_file, atomic_folder, atomic_path, write_atomically


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


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "link").symlink_to("store/file")
    for text in ("first", "second"):
        write_atomically(tmp_path / "link", text)
        assert os.readlink(tmp_path / "link") == "store/file"
        assert (tmp_path / "store/file").read_text() == text
    assert os.listdir(tmp_path / "store") == ["file"]


def test_links_in_a_circle_are_one_line(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "a", "text")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_pipe_gets_the_bytes_when_the_block_ends(tmp_path):
    reader, writer = os.pipe()
    with atomic_file(f"/dev/fd/{writer}") as file:
        file.write("text")
        file.flush()
        assert not select.select([reader], [], [], 0)[0]
    assert os.read(reader, 100) == b"text"
    os.write(writer, b"still open")
    os.close(reader)
    os.close(writer)


def test_a_pipe_without_a_reader_is_one_line():
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(InputError, match="Broken pipe"):
        write_atomically(f"/dev/fd/{writer}", "text")
    os.close(writer)


def test_an_open_file_goes_on_where_it_is(tmp_path):
    """As /dev/stdout does under a shell's ``> file``: what was printed before stays."""
    with open(tmp_path / "out", "w+") as file:
        file.write("before ")
        file.flush()
        write_atomically(f"/dev/fd/{file.fileno()}", "middle")
        file.seek(0, os.SEEK_END)
        file.write(" behind")
    assert (tmp_path / "out").read_text() == "before middle behind"


def test_a_device_stays_a_device():
    before = os.stat("/dev/null").st_ino
    write_atomically("/dev/null", "text")
    assert os.stat("/dev/null").st_ino == before
    with pytest.raises(InputError, match="/dev/full: cannot be written: No space left"):
        write_atomically("/dev/full", "text")


def test_permissions_stay(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("before")
    path.chmod(0o640)
    write_atomically(path, "after")
    assert path.stat().st_mode & 0o777 == 0o640
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(InputError, match="Permission denied"):
        write_atomically(path, "again")
    assert path.read_text() == "after"


def test_a_folder_appears_whole_and_keeps_its_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with atomic_folder(tmp_path / "link") as part:
        (part / "file").write_text("text")
    assert (tmp_path / "real/file").read_text() == "text"
    assert (tmp_path / "link").is_symlink()
    with pytest.raises(InputError, match="not empty"), atomic_folder(tmp_path / "link"):
        pass

    def fail():
        with atomic_folder(tmp_path / "new") as part:
            (part / "file").write_text("text")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]
