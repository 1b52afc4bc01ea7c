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

"""Ends an instance on a machine, through the machine's own package: also when ROS is down."""

from __future__ import annotations

import json
from typing import Any

from ..errors import error_from_code, PackageMissing, RemoteFailed
from ..ssh.command import last_line
from ..ssh.host import Host
from ..ssh.pool import Pool
from ..ssh.running import Completed, run

#: As `launch-service`, wherever the package is, and not a checkout in the home folder.
_PROGRAM = ('import sys; sys.path[:] = [one for one in sys.path if one]; '
            'from launch_service_node.cli.main import main; sys.exit(main())')

#: Seconds that the machine may take for what is not the wait itself.
_MARGIN = 15.0


def take_down(pool: Pool, host: Host, namespace: str | None, keep_processes: bool = False,
              timeout: float = 60.0) -> dict[str, Any]:
    """
    End an instance, and return what `launch-service down --json` says there.

    :param namespace: None: the only one there.
    :param timeout: seconds for its processes to stop.
    :raises PackageMissing: this package isn't there.
    :raises LaunchServiceError: what that says, or why SSH doesn't get there.
    """
    words = ['--local', '--json', '--timeout', f'{timeout:g}', 'down',
             *([namespace] if namespace else []),
             *(['--keep-processes'] if keep_processes else [])]
    session = pool.open_session(host.target)
    try:
        # What has begun there goes on without this side: the supervisor does it.
        done = run(session, host.command([host.python, '-c', _PROGRAM, *words]),
                   timeout + _MARGIN, check=False)
    finally:
        session.close()
    return answer_of(done, str(host))


def answer_of(done: Completed, name: str) -> dict[str, Any]:
    """
    Return the document in what a machine said.

    :param name: of the machine, for the words.
    :raises LaunchServiceError: it says no, or nothing that can be understood.
    """
    for line in reversed(done.stdout.decode('utf-8', 'replace').splitlines()):
        try:
            told = json.loads(line)
        except ValueError:
            continue  # what a set-up script prints
        if isinstance(told, dict) and 'code_name' in told:
            if told['ok']:
                return told
            message = told['message'] if name in told['message'] else f'{name}: {told["message"]}'
            raise error_from_code(told['code'], message, host=name)
    last = last_line(done.stderr)
    if 'ModuleNotFoundError' in last:
        raise PackageMissing(f"{name} can't import launch_service_node: source the set-up of a "
                             f'workspace that has it (--setup) ({last})', host=name)
    raise RemoteFailed(f'{name} could not be asked ({done.exit}){": " + last if last else ""}',
                       host=name)
