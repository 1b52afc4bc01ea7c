# Copyright 2026 The launch_service_node Authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""
Plots of a result, beside it: `plots.py FOLDER`.

Runs with the Python of the peers, which has matplotlib; of this package it imports nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

import matplotlib

matplotlib.use('Agg')

import matplotlib.pyplot as plt  # noqa: E402
from PIL import Image  # noqa: E402

COLOURS = {'ours': '#1f77b4', 'supervisord': '#ff7f0e', 'circusd': '#2ca02c'}
TITLES = {'start': 'start, ms', 'stop': 'stop, ms', 'list': 'list all, ms',
          'idle': 'idle CPU, % of a core', 'memory': 'memory, MiB'}
GOOD, BAD, NEUTRAL = '#2e8b57', '#c0392b', '#8899aa'


def ratios(lines: list[dict[str, Any]], out: Path) -> None:
    """Draw ours ÷ theirs of every comparison, with the targets."""
    shown = [line for line in lines if line['ratio']][::-1]
    if not shown:
        return
    figure, axes = plt.subplots(figsize=(9, 0.9 + 0.24 * len(shown)))
    for at, line in enumerate(shown):
        colour = {True: GOOD, False: BAD, None: NEUTRAL}[line['reached']]
        axes.plot([1, line['ratio']], [at, at], color=colour, linewidth=4, solid_capstyle='butt')
        axes.plot(line['ratio'], at, 'o', color=colour, markersize=5)
        if line['limit']:
            allowed = line['limit'] + line['plus'] / line['theirs']['figure']
            axes.plot([allowed, allowed], [at - 0.4, at + 0.4], color='black', linewidth=1.5)
    axes.set_yticks(range(len(shown)), [
        f'{line["what"]} ÷ {line["theirs"]["name"]}' for line in shown], fontsize=7)
    axes.set_xscale('log')
    axes.axvline(1, color='grey', linewidth=0.8)
    axes.set_xlabel('ours ÷ theirs (left of 1: ours is better; black: target; green: reached, '
                    'red: missed, grey: no target)', fontsize=7)
    axes.margins(y=0.02)
    axes.grid(axis='x', alpha=0.3)
    _save(figure, out / 'ratios.png')


def growth(curves: dict[str, dict[str, list[list[float]]]], out: Path) -> None:
    """Draw how each operation grows with the number of processes."""
    if not curves:
        return
    figure, all_axes = plt.subplots(1, len(TITLES), figsize=(13, 2.8))
    for axes, (what, title) in zip(all_axes, TITLES.items(), strict=True):
        for side, points in curves[what].items():
            axes.plot([size for size, _ in points], [value for _, value in points], 'o-',
                      color=COLOURS[side], label=side, markersize=4)
        axes.set_xscale('log')
        axes.set_yscale('log' if what in ('list', 'stop') else 'linear')
        axes.set_title(title, fontsize=9)
        axes.set_xlabel('processes', fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
        if axes.get_yscale() == 'linear':
            axes.set_ylim(bottom=0)
    all_axes[0].legend(fontsize=7)
    _save(figure, out / 'growth.png')


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=80, bbox_inches='tight')
    plt.close(figure)
    with Image.open(path) as image:
        few = image.convert('RGB').quantize(48)
    few.save(path, optimize=True)  # a page loads it


def main(folder: str) -> None:
    """Draw what a folder holds."""
    out = Path(folder)
    result = json.loads((out / 'result.json').read_text())
    ratios(result['lines'], out)
    growth(result['scaling'], out)


if __name__ == '__main__':
    main(sys.argv[1])
