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

"""`bench/run`: measures the rows that were asked for, and says what came of it."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test'))

from domains import own_domain  # noqa: E402

from . import machine, options, result, table, verdict  # noqa: E402
from .bench import Bench  # noqa: E402
from .figures import Missing, Result  # noqa: E402
from .rows.all import ROWS  # noqa: E402

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PEERS = ('supervisor', 'circus', 'asyncssh', 'psutil')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark, and return the exit code."""
    args = options.parser(list(ROWS)).parse_args(argv)
    if args.list:
        width = max(map(len, ROWS))
        for name, row in ROWS.items():
            print(f'{name:{width}}  {(row.__doc__ or "").splitlines()[0]}')
        return 0
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    begin = time.monotonic()
    try:
        facts, curves, results = measure(args.only or list(ROWS), args.peers, args.quick)
    except KeyboardInterrupt:
        say('interrupted; everything that was started is ended')
        return INTERRUPTED
    found = result.document(facts, results, curves, time.monotonic() - begin)
    out = args.out or ROOT / '.cache' / 'bench' / 'last'
    write(out, found, table.markdown(results), args.peers)
    if args.json:
        print(json.dumps(found))
    else:
        print(machine.line(facts))
        print(table.text(results, sys.stdout.isatty() and not os.environ.get('NO_COLOR')))
    say(f'{time.monotonic() - begin:.0f} s; result.json, table.md and plots are in {out}')
    return verdict.exit_code(results)


def measure(names: Sequence[str], peers: Path, quick: bool,
            ) -> tuple[dict[str, object], dict[str, object], list[Result]]:
    """Measure rows, and return the machine's facts, the curves and the lines."""
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'  # nothing leaves this machine
    results: list[Result] = []
    with own_domain(), tempfile.TemporaryDirectory(prefix='bench-') as folder:
        bench = Bench(Path(folder), peers, quick, say)
        try:
            facts = machine.facts(versions(peers))
            for name in names:
                if bench.is_late():
                    results.append(Missing(name, f'no time left; `bench/run --only {name}`'))
                    continue
                say(f'{name} ...')
                begin = time.monotonic()
                try:
                    results.extend(ROWS[name](bench))
                except Exception as error:  # noqa: BLE001 - the other rows go on
                    results.append(Missing(name, f'{type(error).__name__}: {error}', failed=True))
                    if os.environ.get('BENCH_TRACEBACK'):
                        raise
                say(f'{name}: {time.monotonic() - begin:.0f} s')
        finally:
            killed = bench.close()
            if killed:
                say(f'{len(killed)} processes had to be killed in the end')
    return facts, dict(bench.curves), results


def versions(peers: Path) -> dict[str, str]:
    """Return the versions of the peers; of those that are there."""
    said = subprocess.run(
        [str(peers), '-c', 'from importlib.metadata import distributions; import json; '
         'print(json.dumps({one.name: one.version for one in distributions()}))'],
        capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, str] = json.loads(said.stdout)
    return {name: found[name] for name in PEERS if name in found}


def write(out: Path, found: dict[str, object], markdown: str, peers: Path) -> None:
    """Write what a run came to into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / 'result.json').write_text(json.dumps(found, indent=1) + '\n')
    (out / 'table.md').write_text(markdown + '\n')
    plots = subprocess.run([str(peers), str(Path(__file__).parent / 'plots.py'), str(out)],
                           capture_output=True, text=True, check=False, timeout=120)
    if plots.returncode:
        say(f'no plots: {plots.stderr.strip().splitlines()[-1]}')


def say(line: str) -> None:
    """Tell how far it has come."""
    print(f'bench: {line}', file=sys.stderr, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # what was started is ended, whoever is impatient
    say('ending what was started ...')
    raise KeyboardInterrupt


if __name__ == '__main__':
    sys.exit(main())
