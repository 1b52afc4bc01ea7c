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

"""A program that does not listen to SIGINT and SIGTERM: only SIGKILL ends it early."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import signal
import sys
import time

IGNORED = (signal.SIGINT, signal.SIGTERM)


def main(args: Sequence[str] | None = None) -> int:
    """Stay, and say which signals came."""
    parser = argparse.ArgumentParser(prog='stubborn', description=__doc__)
    parser.add_argument('--for', dest='seconds', type=float, default=3600.0, metavar='SECONDS',
                        help='when it ends by itself (default: 3600)')
    end = time.monotonic() + parser.parse_args(args).seconds
    signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
    print('here, and staying', flush=True)
    while (left := end - time.monotonic()) > 0:
        if came := signal.sigtimedwait(IGNORED, left):
            print(f'{signal.Signals(came.si_signo).name}? staying', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
