# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep this package's code in memory, so that an update cannot mix two versions of it.

Most modules are imported when they are first used. Kodi replaces an add-on's files while other add-ons have it loaded,
and does not start those again. So the code of all modules is read when the package is imported, and a module that is
imported later comes from there.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is not loaded before the first dialog is shown: see script.py
    from typing import Any


def keep(package: str, folder: str) -> None:
    """Read the package's modules into memory. Raises ImportError if they cannot be read, as during an update."""
    snapshot = _Snapshot()
    try:
        snapshot.add(package, folder)
    except OSError as error:
        raise ImportError(f"{package}: {error.strerror}") from None
    sys.meta_path.insert(0, snapshot)


class _Snapshot:
    """A finder, which Python asks for each module: https://docs.python.org/3/reference/import.html, "The meta path"."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        """The compiled code of each module, or its source if it has not been compiled since it was written."""
        self.stats: dict[str, dict[str, Any]] = {}
        """The time and the size of each source."""
        self._paths: dict[str, str] = {}
        """The source of each module, by the module's name."""

    def add(self, package: str, folder: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    stem = entry.name[:-3]
                    self._paths[package if stem == "__init__" else f"{package}.{stem}"] = entry.path
                    self._read(entry, os.path.join(folder, "__pycache__", f"{stem}.{sys.implementation.cache_tag}.pyc"))
                elif entry.is_dir() and entry.name != "__pycache__":
                    self.add(f"{package}.{entry.name}", entry.path)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return how to import a module; None if it is not in the snapshot."""
        source = self._paths.get(name)
        if source is None:
            return None
        is_package = os.path.basename(source) == "__init__.py"
        spec = ModuleSpec(name, _Loader(name, source, self), origin=source, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(source)]
        return spec

    def _read(self, source: os.DirEntry[str], compiled: str) -> None:
        stat = source.stat()
        self.stats[source.path] = {"mtime": stat.st_mtime, "size": stat.st_size}
        try:
            code = _content(compiled)
        except OSError:
            code = b""
        is_usual = not sys.flags.optimize and sys.pycache_prefix is None  # otherwise Python looks in another place
        if is_usual and code[8:16] == _stamp(stat.st_mtime) + _stamp(stat.st_size):
            self.files[compiled] = code
        self.files[source.path] = b"" if compiled in self.files else _content(source.path)


class _Loader(SourceFileLoader):
    """Python's own loader, which gets the files from the snapshot."""

    def __init__(self, name: str, path: str, snapshot: _Snapshot) -> None:
        super().__init__(name, path)
        self._snapshot = snapshot

    def get_data(self, path: str) -> bytes:
        return self._snapshot.files.get(path) or super().get_data(path)

    def path_stats(self, path: str) -> dict[str, Any]:
        return self._snapshot.stats[path]

    def set_data(self, path: str, data: Any, **options: Any) -> None:
        """Store compiled code, unless the source on the disk is another one by now."""
        try:
            is_same = os.stat(self.path).st_mtime == self._snapshot.stats[self.path]["mtime"]
        except OSError:
            return
        if is_same:
            super().set_data(path, data, **options)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _stamp(number: float) -> bytes:
    """Return a number as compiled code has it: https://peps.python.org/pep-0552/."""
    return (int(number) & 0xFFFFFFFF).to_bytes(4, "little")
