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

"""A program that runs a moment and then fails, by an exit code or by a signal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import signal
import sys


def main(args: Sequence[str] | None = None) -> int:
    """Wait, and fail; Ctrl-C ends it without a failure."""
    parser = argparse.ArgumentParser(prog='crasher', description=__doc__)
    parser.add_argument('--after', type=float, default=1.0, metavar='SECONDS',
                        help='when to fail (default: 1)')
    how = parser.add_mutually_exclusive_group()
    how.add_argument('--exit-code', type=int, default=1, help='what to exit with (default: 1)')
    how.add_argument('--signal', metavar='NAME', type=_signal,
                     help='what to die by instead, such as SEGV')
    own = parser.parse_args(args)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    print(f'fails in {own.after:g} s', flush=True)
    if signal.sigtimedwait({signal.SIGINT}, max(own.after, 0.0)):
        return 0
    if own.signal is None:
        print(f'fails with exit code {own.exit_code}', file=sys.stderr, flush=True)
        return own.exit_code
    print(f'fails by {own.signal.name}', file=sys.stderr, flush=True)
    if own.signal not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(own.signal, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {own.signal})
    signal.raise_signal(own.signal)
    return 1  # a signal that ends nothing, such as CHLD


def _signal(text: str) -> signal.Signals:
    name = text.upper()
    try:
        chosen = signal.Signals[name if name.startswith('SIG') else f'SIG{name}']
    except KeyError:
        raise argparse.ArgumentTypeError(f'{text!r} is no signal') from None
    return chosen


if __name__ == '__main__':
    sys.exit(main())
