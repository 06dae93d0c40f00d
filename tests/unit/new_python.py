# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs code in a new Python, which has imported nothing yet."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def run(folder: Path, code: str) -> str:
    """Run code that can import what is in the folder, and return what it prints. It must print no error."""
    with tempfile.TemporaryDirectory() as anywhere:  # plain Kodistubs say that every folder of Kodi is the current one
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(folder), "PATH": os.environ["PATH"]},
            cwd=anywhere,
            capture_output=True,
            text=True,
            check=False,
        )
    assert not done.stderr, done.stderr
    return done.stdout.strip()
