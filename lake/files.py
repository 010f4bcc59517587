"""Small text files of the lake (views, reports, run results), on a disk or an object store."""

from __future__ import annotations

from pathlib import PurePosixPath

from pyarrow import fs


def write_text(root: str, relative: str, text: str) -> str:
    """Writes `<root>/<relative>`, replacing it whole; returns its full name."""
    system, base = file_system(root)
    path = str(PurePosixPath(base) / relative)
    system.create_dir(str(PurePosixPath(path).parent), recursive=True)
    with system.open_output_stream(f"{path}.new") as stream:
        stream.write(text.encode("utf-8"))
    system.move(f"{path}.new", path)
    return f"{root.rstrip('/')}/{relative}"


def read_text(root: str, relative: str) -> str | None:
    """The file's text; None where there is no such file."""
    system, base = file_system(root)
    path = str(PurePosixPath(base) / relative)
    if system.get_file_info(path).type != fs.FileType.File:
        return None
    with system.open_input_stream(path) as stream:
        return str(stream.readall().decode("utf-8"))


def file_system(root: str) -> tuple[fs.FileSystem, str]:
    """The native file system of a place, and the place's name in it."""
    if "://" not in root:
        return fs.LocalFileSystem(), root
    system, base = fs.FileSystem.from_uri(root.replace("s3a://", "s3://", 1))
    return system, base
