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

"""An instance on a machine that has none, over SSH, from nothing to ready."""

from __future__ import annotations

from collections.abc import Iterator
import os
import shlex
import shutil
import subprocess
import sys
import time

from ssh_servers import Sshd, why_not

from launch_service_node.bootstrap.bringing_up import bring_up
from launch_service_node.bootstrap.request import Request
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.pool import Pool

from ..bench import Bench, interleaved, timed
from ..figures import Line, Missing, Result, Series
from ..ours import CLI, NAMESPACE, PATIENCE, SLEEPER

#: What a node of rclpy takes to be up; it ends then.
EMPTY_NODE = """
import os, rclpy
rclpy.init()
node = rclpy.create_node('empty')
print('up', flush=True)
os._exit(0)
"""

# Not what the wheels of ROS add to the environment of a Python that runs already.
_SET_UP = ('AMENT_PREFIX_PATH', 'PYTHONPATH', 'ROS_DISTRO', 'ROS_DOMAIN_ID',
           'ROS_AUTOMATIC_DISCOVERY_RANGE', 'RMW_IMPLEMENTATION', 'PATH')


def bootstrap(bench: Bench) -> Iterator[Result]:
    """From nothing to a node that is ready on another machine."""
    reason = why_not()
    if reason:
        yield Missing('bootstrap', reason)
        return
    folder = bench.new_folder('robot')
    setup = folder / 'setup.bash'
    setup.write_text(''.join(f'export {name}={shlex.quote(value)}\n' for name, value in
                             bench.environment.items() if name in _SET_UP))
    sshd = Sshd(folder, LogLevel='ERROR',
                SetEnv=f'HOME={folder} LAUNCH_SERVICE_STATE_DIR={bench.lab.home}')
    request = Request(
        Host(sshd.target(), setup=(str(setup),), python=sys.executable), NAMESPACE,
        (bench.lab.allow_list(SLEEPER),), wait_for_graph=False)
    empty = f'. {setup} && exec {sys.executable} -c {shlex.quote(EMPTY_NODE)}'
    ssh = ['ssh', '-F', str(sshd.ssh_config), '-i', str(sshd.user_key), 'robot', empty]

    def ours() -> float:
        begin = time.perf_counter()
        try:
            with Pool() as pool:
                bring_up(pool, request)
                return time.perf_counter() - begin
        finally:
            subprocess.run([*CLI, 'down', NAMESPACE, '--local'], env=bench.environment,
                           capture_output=True, check=False, timeout=PATIENCE)
            shutil.rmtree(bench.lab.instance_dir(NAMESPACE), ignore_errors=True)

    def theirs() -> float:
        return timed(lambda: subprocess.run(ssh, check=True, capture_output=True,
                                            timeout=PATIENCE, env=dict(os.environ)))
    sshd.start()
    try:
        found = interleaved(bench.times(7, 2), ours, theirs, warm_up=1)
    finally:
        sshd.stop()
    yield Line('bootstrap', 'bootstrap to ready', Series('ours', tuple(found[0]), 's'),
               Series('cold ssh exec of an empty node', tuple(found[1]), 's'), 1.3)
