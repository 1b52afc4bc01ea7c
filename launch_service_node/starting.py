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

"""Brings up the supervisor of an instance, and its node, from any process of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
import importlib.util
import json
import os
import select
import subprocess
import sys
import time
from typing import Any, NamedTuple

from .environment import base_environment, MARK, supervisor_environment
from .errors import InstanceError, NotNow, ProcessError, ResultCode, Unreachable
from .instance import instance_dir, state_home, valid_namespace
from .protocol import SupervisorClient

STARTED = 'started'
ATTACHED = 'attached'

# -I and -S: nothing of the caller's Python set-up may run in the process that has to
# be the last to fall, and every module that is not loaded is memory saved.
_BOOT = ('import sys; sys.path.insert(0, sys.argv.pop(1)); '
         'from launch_service_node.supervisor.main import main; sys.exit(main(sys.argv[1:]))')

_POLL = 0.02


class Outcome(NamedTuple):
    """
    What bringing an instance up came to.

    :ivar what: STARTED or ATTACHED (a node was there already).
    :ivar instance: as docs/protocol.md describes it.
    """

    what: str
    instance: dict[str, Any]


def supervisor_command(namespace: str, home: str | None, **options: Any) -> list[str]:
    """
    Return the command that runs a supervisor.

    :param options: further ones of `supervisor.main`: detach, ready_fd, started_by.
    """
    package_root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yaml = importlib.util.find_spec('yaml')
    module_paths = [os.path.dirname(os.path.dirname(yaml.origin))] if yaml and yaml.origin else []
    return [sys.executable, '-I', '-S', '-c', _BOOT, package_root, json.dumps(
        {'namespace': namespace, 'home': home, 'python_prefix': sys.prefix,
         'module_paths': module_paths, **options})]


def ensure_supervisor(namespace: str, home: str | None = None, timeout: float = 10.0,
                      environ: Mapping[str, str] = os.environ) -> None:
    """
    See to it that a supervisor listens on the socket of an instance.

    One that is started is detached: it has its own session and outlives the caller.

    :param timeout: seconds until it has to listen.
    :param environ: what one that is started gets.
    :raises InvalidRequest: for an invalid namespace.
    :raises Unreachable: when it can't be started, or does not listen in time.
    """
    namespace = valid_namespace(namespace)
    deadline = time.monotonic() + timeout
    while True:
        try:
            SupervisorClient(namespace, home, max(0.1, deadline - time.monotonic())).close()
            return
        except Unreachable as error:
            if error.code == ResultCode.TIMED_OUT or time.monotonic() >= deadline:
                raise
        said = _start(namespace, home, deadline, environ)
        if said.startswith('ERROR '):
            raise Unreachable(said[6:], ResultCode.SUPERVISOR_UNAVAILABLE)
        if said.startswith('READY'):
            continue
        if time.monotonic() >= deadline:
            raise Unreachable(
                f'the supervisor of {namespace} was not ready in {timeout:g} s; see '
                f'{instance_dir(namespace, home)}/supervisor.log', ResultCode.TIMED_OUT)
        # Somebody else's holds the lock: it is on its way up, or down.
        select.select([], [], [], _POLL)


def _start(namespace: str, home: str | None, deadline: float,
           environ: Mapping[str, str] = os.environ) -> str:
    """Start a supervisor and return what it says of itself; '' when it says nothing."""
    try:
        return _start_one(namespace, home, deadline, environ)
    except OSError as error:
        return f'ERROR cannot start a supervisor of {namespace}: {error.strerror}; try again'


def _start_one(namespace: str, home: str | None, deadline: float,
               environ: Mapping[str, str]) -> str:
    read_fd, write_fd = os.pipe()
    try:
        try:
            subprocess.run(
                supervisor_command(namespace, home, detach=True, ready_fd=write_fd,
                                   started_by=environ.get(MARK, '')),
                # This may be a process of an instance, even of this one: its managed node.
                env=supervisor_environment(environ),
                stdin=subprocess.DEVNULL, pass_fds=(write_fd,), check=False,
                timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return ''
        finally:
            os.close(write_fd)
        poller = select.poll()  # select() takes no descriptor above 1023
        poller.register(read_fd, select.POLLIN)
        ready = poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        return os.read(read_fd, 4096).decode(errors='replace').strip() if ready else ''
    finally:
        os.close(read_fd)


def node_command(namespace: str, parameters: dict[str, Any],
                 ros_arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that runs a LaunchServiceNode which a supervisor looks after."""
    command = [sys.executable, '-m', 'launch_service_node.node.main', '--managed',
               '--ros-args', '-r', f'__ns:={valid_namespace(namespace)}']
    for name, value in parameters.items():
        # A parameter is YAML, and JSON is YAML.
        command += ['-p', f'{name}:={value if isinstance(value, str) else json.dumps(value)}']
    return command + list(ros_arguments)


def start_instance(namespace: str, allow_list: Sequence[str] = (),
                   parameters: dict[str, Any] | None = None,
                   ros_arguments: Sequence[str] = (), timeout: float = 30.0,
                   home: str | None = None,
                   environ: Mapping[str, str] = os.environ) -> Outcome:
    """
    Bring up an instance that outlives the caller: its supervisor, and its node, managed.

    :param allow_list: files or folders; relative ones are of the working directory.
    :param parameters: further parameters of the node, such as heartbeat_period.
    :param ros_arguments: further arguments after --ros-args.
    :param timeout: seconds until the node has to be up.
    :param environ: what it begins with, and where its state is kept, unless `home` says so.
    :raises InstanceError: CONFLICT, when a node is there already with another allow-list.
    :raises ProcessError: START_FAILED, when the node ends again and again.
    :raises Unreachable: when the supervisor or the node is not up in time.

    What is raised for a node has the fact `what`: ATTACHED, when it was there already.
    """
    namespace = valid_namespace(namespace)
    home = state_home(environ) if home is None else home
    paths = [os.path.abspath(path) for path in allow_list]
    given = {**(parameters or {}), **({'allowable_processes': paths} if paths else {})}
    command = node_command(namespace, given, ros_arguments)
    deadline = time.monotonic() + timeout
    while True:
        ensure_supervisor(namespace, home, max(0.1, deadline - time.monotonic()), environ)
        try:
            outcome = _with_node(namespace, home, command, deadline, environ)
            break
        except (Unreachable, NotNow) as error:
            # It was on its way down: the next one is brought up when it is gone.
            if error.code == ResultCode.TIMED_OUT or time.monotonic() >= deadline:
                raise
            select.select([], [], [], _POLL)
    running = outcome.instance['settings']['allow_list']
    if outcome.what == ATTACHED and paths and running != paths:
        raise InstanceError(
            f'{namespace} runs already, with another allow-list: {", ".join(running) or "none"}; '
            f'end it with `launch-service down {namespace}` first', instance=outcome.instance,
            what=ATTACHED)
    return outcome


def _with_node(namespace: str, home: str, command: list[str], deadline: float,
               environ: Mapping[str, str]) -> Outcome:
    """Start a node where there is none, and wait until there is one."""
    def left() -> float:
        return max(0.1, deadline - time.monotonic())
    with SupervisorClient(namespace, home, left()) as client:
        what = ATTACHED
        if client.call('status', left())['instance']['node'] is None:
            environment = base_environment(environ, sys.prefix)
            # The clean environment says nothing of where this caller keeps its state.
            environment['LAUNCH_SERVICE_STATE_DIR'] = home
            try:
                client.call('manage_node', left(), environment=environment, argv=command)
                what = STARTED
            except InstanceError:
                pass  # somebody else was faster; theirs is waited for
        seconds = left()
        try:
            instance = client.call('wait_node', seconds + 1.0, seconds=seconds)['instance']
        except (Unreachable, ProcessError) as error:
            error.facts['what'] = what
            if what == STARTED and error.code != ResultCode.SUPERVISOR_UNAVAILABLE:
                # Nothing half done: what did not come up does not go on trying.
                with suppress(Unreachable):  # then it is gone, or stuck; the cause is told
                    processes = client.call('list')['num_procs']
                    client.ask('shutdown', keep_processes=bool(processes))
            raise
        return Outcome(what, instance)
