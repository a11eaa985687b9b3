"""Seeded damage to files: to their bytes, and to what the bytes mean."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

INTEGERS = [0, 1, 2, 7, 127, 128, 255, 256, 65_535, 65_536, 2**24, 2**31 - 1, 2**31, 2**32 - 1,
            2**32, 2**40, 2**48, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
WORDS = ["", "0", "-1", "1e999", "-1e308", "nan", "inf", "true", "null", "[]", "{}", '""', "1.5",
         "9" * 400, "9" * 5000, "0x" + "f" * 5000, "99999999999",
         "4294967296", "-9223372036854775808", '"\\u0000"', '"x"',
         "[" * 200, "{}{}", "'", '"', "\\", "é", "\ud7ff", "1979-05-27", "0x10", "[1, 2]",
         '{"a": 1}', "=", "#", "\x00", "../../x", "n_pe", "%s%n", "${HOME}", "; DROP TABLE points"]


def damage_bytes(data: bytes, rng: Random) -> bytes:
    """One to four wounds to any bytes."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        size = len(found)
        at = rng.randrange(size + 1)
        # Headers are small and matter most.
        if rng.random() < 0.5:
            at = min(at, rng.randrange(min(size, 256) + 1))
        length = min(size - at, rng.choice([1, 1, 2, 4, 8, 16, 64, 256]))
        kind = rng.randrange(8)
        if kind == 0 and at < size:
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < size:
            found[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif kind == 2:
            width = rng.choice([2, 4, 8])
            value = rng.choice(INTEGERS) % (1 << 8 * width)
            found[at : at + width] = value.to_bytes(width, rng.choice(["little", "big"]))
        elif kind == 3:
            del found[at : at + length]
        elif kind == 4:
            found[at:at] = found[at : at + length]
        elif kind == 5:
            found[at:at] = rng.randbytes(rng.choice([1, 2, 8, 100]))
        elif kind == 6:
            del found[at:]
        else:
            found[at : at + length] = rng.randbytes(length)
    return bytes(found)


def damage_text(text: str, rng: Random) -> str:
    """One to three wounds to words, numbers and lines."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        words = list(re.finditer(r"-?\d[\d.e+-]*|\w+|\"[^\"]*\"|[^\w\s]", text))
        lines = text.split("\n")
        kind = rng.randrange(6)
        if kind <= 2 and words:
            word = rng.choice(words)
            new = rng.choice([*WORDS, str(rng.choice(INTEGERS)), word[0] * 2, word[0].upper()])
            text = text[: word.start()] + new + text[word.end() :]
        elif kind == 3:
            del lines[rng.randrange(len(lines))]
            text = "\n".join(lines)
        elif kind == 4:
            lines.insert(rng.randrange(len(lines) + 1), rng.choice([*lines, *WORDS]))
            text = "\n".join(lines)
        elif words:
            one, other = rng.choice(words), rng.choice(words)
            text = text[: one.start()] + other[0] + text[one.end() :]
    return text


def damage_safetensors(data: bytes, rng: Random) -> bytes:
    """Another header, with its right length, before the same data."""
    (size,) = struct.unpack("<Q", data[:8])
    header, body = data[8 : 8 + size].decode(), data[8 + size :]
    values = json.loads(header)
    inner = values.get("__metadata__", {}).get("accelsim")
    if inner is not None and rng.random() < 0.6:
        values["__metadata__"]["accelsim"] = damage_text(inner, rng)
        header = json.dumps(values)
    else:
        header = damage_text(header, rng)
    new = header.encode("utf-8", "surrogatepass")
    if rng.random() < 0.2:
        body = damage_bytes(body, rng)
    return struct.pack("<Q", len(new)) + new + body


def damage_npz(data: bytes, rng: Random) -> bytes:
    """Another member in a sound archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    members[name] = damage_npy(members[name], rng)
    if rng.random() < 0.2:
        members[rng.choice([*WORDS, "fc1.bias.npy", "fc1.codes.npy"]) or "x"] = members.pop(name)
    new = io.BytesIO()
    kind = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    with zipfile.ZipFile(new, "w", kind) as archive:
        for member, content in members.items():
            archive.writestr(member.replace("\0", "0") or "x", content)
    return new.getvalue()


def damage_npy(data: bytes, rng: Random) -> bytes:
    """Another header of the right length, or other bytes."""
    if rng.random() < 0.4 or data[:6] != b"\x93NUMPY":
        return damage_bytes(data, rng)
    size = int.from_bytes(data[8:10], "little")
    header = damage_text(data[10 : 10 + size].decode("latin1").rstrip(), rng)
    new = header.encode("latin1", "replace")[:65_000] + b"\n"
    return data[:8] + len(new).to_bytes(2, "little") + new + data[10 + size :]


def damage_onnx(data: bytes, rng: Random) -> bytes:
    """Other names, numbers and parts in a model that is still one."""
    import onnx

    model = onnx.load_model_from_string(data)
    for _ in range(rng.choice([1, 1, 2, 3, 5])):
        found: list[tuple[Any, Any]] = []
        left = [model]
        while left:
            message = left.pop()
            for field, value in message.ListFields():
                found.append((message, field))
                if field.message_type is not None:
                    left += value if hasattr(value, "__len__") else [value]
        message, field = rng.choice(found)
        names = [text for node in model.graph.node for text in (*node.input, node.op_type)]
        value = getattr(message, field.name)
        try:
            if not hasattr(value, "__delitem__"):
                setattr(message, field.name, _another(value, names, rng))
                continue
            at = rng.randrange(len(value))
            if rng.random() < 0.4:
                del value[at]
            elif field.message_type is not None:
                value[at].CopyFrom(rng.choice(value))
            else:
                value[at] = _another(value[at], names, rng)
        except (AttributeError, ValueError, TypeError, IndexError):  # not what the field takes
            continue
    return bytes(model.SerializeToString())


def _another(value: Any, names: list[str], rng: Random) -> Any:
    if isinstance(value, str):
        return rng.choice([*names, *WORDS, "Tile", "Expand", "Pad", "Loop", "LSTM", "Conv"])
    if isinstance(value, float):
        return rng.choice([0.0, -1.0, 1e38, float("nan")])
    if isinstance(value, bytes):
        return rng.choice([b"", b"reverse", value[:-1], rng.randbytes(16)])
    return rng.choice([*INTEGERS, -1, -5, 3, rng.randrange(25)])


def damage_file(path: Path, rng: Random) -> None:
    """Damage one file in place, as its kind suggests."""
    data = path.read_bytes()
    special = {
        ".safetensors": damage_safetensors, ".npz": damage_npz, ".npy": damage_npy,
        ".onnx": damage_onnx,
    }.get(path.suffix)
    if path.suffix in (".toml", ".json", ".journal") and rng.random() < 0.85:
        new = damage_text(data.decode(), rng).encode("utf-8", "surrogatepass")
    elif special is not None and rng.random() < 0.6:
        new = special(data, rng)
    elif path.suffix == ".sqlite" and rng.random() < 0.5:
        damage_database(path, rng)
        return
    else:
        new = damage_bytes(data, rng)
    path.write_bytes(new)


def damage_database(path: Path, rng: Random) -> None:
    """Other values, tables and columns in a sound database."""
    with closing(sqlite3.connect(path)) as db:
        things = db.execute("SELECT type, name FROM sqlite_master").fetchall()
        tables = [name for kind, name in things if kind == "table"]
        table = rng.choice(tables)
        columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        column = rng.choice(columns or ["id"])
        old = db.execute(f'SELECT "{column}" FROM "{table}" LIMIT 1').fetchone()
        text = str(old[0]) if old else ""
        value = rng.choice([
            rng.choice(WORDS), damage_text(text, rng), damage_text(text, rng), None,
            rng.choice(INTEGERS) % 2**63, rng.random(), rng.randbytes(10),
        ])
        if isinstance(value, str):
            value = value.encode("utf-8", "replace").decode()
        name = rng.choice(["x", "a'b", 'a"b', "$.", "n_pe", "id", "error", ";--"])
        quoted = name.replace('"', '""')
        statement, values = rng.choice([
            (f'UPDATE "{table}" SET "{column}" = ?', [value]),
            (f'UPDATE "{table}" SET "{column}" = ?', [value]),
            (f'UPDATE "{table}" SET "{column}" = ?', [value]),
            (f'DELETE FROM "{table}"', []),
            (f'DROP TABLE "{table}"', []),
            (f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{quoted}"', []),
            (f'ALTER TABLE "{table}" ADD COLUMN "{quoted}"', []),
            (f"PRAGMA user_version = {rng.choice(INTEGERS) % 2**31}", []),
            (f"PRAGMA application_id = {rng.choice(INTEGERS) % 2**31}", []),
            ("DROP VIEW results", []),
        ])
        try:
            db.execute(statement, values)
            db.commit()
        except (sqlite3.Error, OverflowError):
            pass


def damage(source: Path, target: Path, rng: Random) -> None:
    """A damaged copy of a file, or of a folder with one damaged file."""
    if not source.is_dir():
        shutil.copyfile(source, target)
        damage_file(target, rng)
        return
    shutil.copytree(source, target)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    chosen = rng.choice(files)
    kind = rng.randrange(12)
    if kind == 0:
        chosen.unlink()
    elif kind == 1:
        chosen.with_name(chosen.name + "x").write_bytes(b"1")
    elif kind == 2:
        chosen.unlink()
        chosen.mkdir()
    elif kind == 3:
        shutil.copyfile(rng.choice(files), chosen.with_name("swap"))
        chosen.with_name("swap").replace(chosen)
    else:
        damage_file(chosen, rng)
