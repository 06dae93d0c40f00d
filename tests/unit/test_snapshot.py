# SPDX-License-Identifier: GPL-2.0-or-later
"""A package that has been imported keeps its code, also if an update replaces or removes its files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tools.package import ROOT

from .new_python import run

ALL = """
import importlib, pkgutil, shutil, sys
import simkl_account
names = [module.name for module in pkgutil.walk_packages(simkl_account.__path__, "simkl_account.")]
{update}
for name in names:
    importlib.import_module(name)
print(len(names))
"""
"""Imports all modules, after an update."""


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    """A folder with a copy of the package, which has never been imported."""
    shutil.copytree(
        ROOT / "lib/simkl_account", tmp_path / "simkl_account", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(
    "update",
    [
        "shutil.rmtree(simkl_account.__path__[0])",
        "[open(path, 'w').write('raise ImportError(\"the new version\")') for path in"
        " __import__('glob').glob(simkl_account.__path__[0] + '/**/*.py', recursive=True)]",
    ],
    ids=["removed", "replaced"],
)
def test_update(lib: Path, update: str, is_compiled: bool) -> None:
    """After the files are removed or replaced, every module is still imported as it was."""
    if is_compiled:
        assert int(run(lib, ALL.format(update=""))) > 50
    assert int(run(lib, ALL.format(update=update))) > 50


def test_compiled_code_is_used(lib: Path) -> None:
    """What was compiled at an earlier import is used, and what is imported first is compiled for later imports."""
    run(lib, "import simkl_account.models")
    compiled = lib / f"simkl_account/__pycache__/models.{sys.implementation.cache_tag}.pyc"
    old = compiled.stat().st_mtime_ns
    assert run(lib, "import simkl_account.models; print(simkl_account.models.__cached__)") == str(compiled)
    assert compiled.stat().st_mtime_ns == old


def test_new_source_is_used(lib: Path) -> None:
    """After an update, a new Python imports the new source, and not what was compiled from the old one."""
    run(lib, "import simkl_account.models")
    (lib / "simkl_account/models.py").write_text("ANSWER = 42")
    assert run(lib, "from simkl_account.models import ANSWER; print(ANSWER)") == "42"


def test_old_code_is_not_compiled_into_new_folder(lib: Path) -> None:
    """If a module is first imported after the update, its old code is not stored beside the new source."""
    code = """
import simkl_account
source = simkl_account.__path__[0] + "/models.py"
import os
open(source, "w").write("ANSWER = 42")
os.utime(source, (1, 1))
from simkl_account.models import Account
"""
    run(lib, code)
    assert run(lib, "from simkl_account.models import ANSWER; print(ANSWER)") == "42"


def test_traceback_names_the_file(lib: Path) -> None:
    """A traceback names the file and the line, as without the snapshot."""
    code = """
import traceback
from simkl_account.models import Code
try:
    Code()
except TypeError:
    print(Code.__repr__.__code__.co_filename)
"""
    assert run(lib, code) == str(lib / "simkl_account/models.py")
