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

"""What the slow tests build with: a clean environment, fresh venvs, a copy of the source."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import shutil
import subprocess
import sys

from domains import own_domain

# Seconds that a whole installation or build may take on a busy machine.
PATIENCE = 900.0
# Two processes that exchange a message and a service over the middleware.
PUBLISHER = """
import sys, threading, rclpy
from rclpy.executors import ExternalShutdownException
from launch_service_node.msg import Heartbeat, ProcessStatus
from launch_service_node.srv import Shutdown

def answer(request, response):
    response.processes = [ProcessStatus(process_name='kept' if request.keep_processes else 'gone')]
    return response

rclpy.init()
node = rclpy.create_node('publisher')
publisher = node.create_publisher(Heartbeat, '/heartbeat', 10)
node.create_service(Shutdown, '/shutdown', answer)
node.create_timer(0.1, lambda: publisher.publish(Heartbeat(hostname='robot', period=1.5)))
# Ends when its parent closes the pipe, however the parent ends.
threading.Thread(target=lambda: (sys.stdin.read(), rclpy.try_shutdown()), daemon=True).start()
try:
    rclpy.spin(node)
except ExternalShutdownException:
    pass
"""
SUBSCRIBER = """
import rclpy, launch_service_node, launch_service_node.msg
from launch_service_node.msg import Heartbeat
from launch_service_node.srv import Shutdown

rclpy.init()
node = rclpy.create_node('subscriber')
got = rclpy.task.Future()
node.create_subscription(Heartbeat, '/heartbeat', got.set_result, 10)
client = node.create_client(Shutdown, '/shutdown')
assert client.wait_for_service(timeout_sec=60), 'no service'
rclpy.spin_until_future_complete(node, got, timeout_sec=60)
assert got.done(), 'no message'
for _ in range(20):  # the other side may not know of this client yet, and answer nobody
    called = client.call_async(Shutdown.Request(keep_processes=True))
    rclpy.spin_until_future_complete(node, called, timeout_sec=3)
    if called.done():
        break
assert called.done(), 'no answer'
print(launch_service_node.__file__)
print(launch_service_node.msg.__file__)
print(got.result().hostname, got.result().period, called.result().processes[0].process_name)
"""


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of this process without what Python, venvs and ROS put there."""
    unwanted = ('PYTHON', 'LD_LIBRARY_PATH', 'AMENT_', 'COLCON_', 'CMAKE_', 'ROS_', '_ROS_',
                'VIRTUAL_ENV', 'XDG_')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, 'HOME': str(home), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'PYTHONDONTWRITEBYTECODE': '1', **more}


def run(command: Sequence[str | Path], environ: dict[str, str], cwd: Path) -> str:
    """Run a command; return all that it printed, which is shown when it fails."""
    done = subprocess.run(
        [str(part) for part in command], env=environ, cwd=cwd, timeout=PATIENCE, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f'{command}\n{done.stdout[-6000:]}'
    return done.stdout


def make_venv(folder: Path, environ: dict[str, str]) -> Path:
    """Make an empty virtual environment of the Python of these tests; return its python3."""
    base = Path(sys.base_prefix) / 'bin' / f'python3.{sys.version_info[1]}'
    run([base if base.exists() else sys.executable, '-m', 'venv', folder], environ,
        folder.parent)
    return folder / 'bin' / 'python3'


def install(python: Path, environ: dict[str, str], *what: str | Path) -> None:
    """Install with pip."""
    run([python, '-m', 'pip', 'install', '-q', *what], environ, python.parents[1])


def copy_source(root: Path, target: Path) -> Path:
    """Copy the source folder without what git ignores."""
    shutil.copytree(root, target, ignore=shutil.ignore_patterns(
        '.*', '__pycache__', '*.egg-info', 'build', 'install', 'log', 'dist', 'test'))
    return target


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, with their contents."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.glob('**/*')) if path.is_file()}


def exchange(python: Path, environ: dict[str, str], cwd: Path) -> tuple[Path, Path]:
    """Let two processes talk; return where the package and its messages were imported from."""
    with own_domain() as domain:
        environ = {**environ, 'ROS_DOMAIN_ID': str(domain)}
        publisher = subprocess.Popen(
            [str(python), '-c', PUBLISHER], env=environ, cwd=cwd, stdin=subprocess.PIPE)
        try:
            output = run([python, '-c', SUBSCRIBER], environ, cwd)
        finally:
            publisher.stdin.close()
            try:
                publisher.wait(30)
            except subprocess.TimeoutExpired:
                publisher.kill()
                publisher.wait()
    package, messages, said = output.splitlines()[-3:]
    assert said == 'robot 1.5 kept'
    return Path(package), Path(messages)
