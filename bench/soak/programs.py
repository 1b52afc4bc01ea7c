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

"""What the soak starts: each kind of process that a robot has, the bad ones included."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
import sys
import textwrap
from typing import Any

from faults.injection import node_stand_in
from harness import Lab

import launch_service_node

RESTART = {'policy': 'on-failure', 'delay': 0.01, 'max_delay': 0.05, 'limit': '50 in 10 s'}
QUICK = {'sigterm_timeout': 0.05, 'sigkill_timeout': 0.05}

#: Bytes of each output.
OUTPUT_LIMIT = 2 ** 20

#: How often each is started, in comparison to the others.
WEIGHTS = {'sleeper': 8, 'stubborn': 4, 'crasher': 4, 'short': 4, 'talker': 4, 'forker': 4,
           'deserter': 2, 'notifier': 2, 'broken': 3, 'flooder': 1}

_DOUBLE_FORK = """
    import os, signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
    time.sleep(1000)
    """

# Whoever stays has nothing that tells where it comes from: no parent, session or environment.
_DESERTER = """
    import os
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execve('/bin/sleep', [NAME, '1000'], {})
    """

# Says more after READY=1 than the queue of a datagram socket takes; 255 when nobody listens.
_NOTIFIER = """
    import os, socket, sys
    path = os.environ['NOTIFY_SOCKET']
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        line.connect(chr(0) + path[1:] if path[0] == '@' else path)
        line.send(b'READY=1')
        for number in range(100):
            line.send(b'STATUS=%d' % number)
    except OSError:
        sys.exit(255)
    """

_FLOODER = """
    import os
    while True:
        os.write(1, b'x' * 65536)
    """

# As LaunchServiceNode does: it brings its supervisor back, and attaches to the next one.
_LINKED_NODE = """
    import sys, threading
    sys.path.insert(0, sys.argv[1])
    from launch_service_node.node.link import SupervisorLink
    over = threading.Event()
    class Listener:
        def attach_fields(self):
            return {'node_name': '/robot1/launch_service', 'settings': {}}
        def attached(self, answer):
            pass
        def event(self, event):
            pass
        def lost(self, error):
            print(error, flush=True)
        def ended(self, error):
            over.set()
    link = SupervisorLink('/robot1', Listener(), sys.argv[2])
    link.open()
    over.wait()
    """


def entries(lab: Lab) -> list[dict[str, Any]]:
    """Return the allow-list."""
    def shell(id: str, script: str, **more: Any) -> dict[str, Any]:
        return {'id': id, 'cmd': ['/bin/sh', '-c', script], 'stop': QUICK, **more}

    def program(id: str, body: str, **more: Any) -> dict[str, Any]:
        return {'id': id, 'cmd': lab.script(id, body), 'stop': QUICK, **more}
    return [
        {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000'], 'stop': QUICK, 'restart': RESTART},
        shell('stubborn', "trap '' INT TERM; echo up; sleep 1000",
              ready={'output': '^up$', 'timeout': 5}),
        shell('crasher', 'sleep 0.05; exit 3', restart=RESTART),
        shell('short', 'echo done'),
        shell('talker', 'while :; do echo 0123456789012345678901234567890123456789; done'),
        program('forker', _DOUBLE_FORK),
        program('deserter', f'NAME = {_deserters_name(lab)!r}\n{textwrap.dedent(_DESERTER)}'),
        program('notifier', _NOTIFIER, ready={'notify': True, 'timeout': 20}),
        program('flooder', _FLOODER, ready={'output': '^never$', 'timeout': 0.2}),
        {'id': 'broken', 'cmd': lab.write('broken', 'no program', 0o755)},
    ]


def node_command(lab: Lab, brings_back: bool) -> list[str]:
    """Return the command of a node: it ends with its supervisor, or brings that back."""
    if not brings_back:
        return node_stand_in(lab)
    package = Path(launch_service_node.__path__[0])
    return [sys.executable, '-I', lab.write('linked_node.py', _LINKED_NODE),
            str(package.parent), str(lab.home)]


def deserters(lab: Lab) -> list[int]:
    """Return the pids of all deserters that live: only their name tells of them."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with suppress(OSError):  # it has ended
            words = Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')
            if words[0] == os.fsencode(_deserters_name(lab)):
                found.append(int(pid))
    return found


def _deserters_name(lab: Lab) -> str:
    return f'{lab.home}/deserter'
