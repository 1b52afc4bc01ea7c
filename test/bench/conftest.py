"""Lets the tests here import the benchmark, which is no part of the package."""

from __future__ import annotations

from pathlib import Path
import sys

sys.path.append(str(Path(__file__).parents[2] / 'bench'))
