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
Brings an instance up on the machine itself: one at a time, to its end, or not at all.

It runs in the machine's own package, cut off from whoever asked. What can be found out
is found out before anything changes, and what fails is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
import fcntl
import os
import platform
import select
import time
from typing import Any

from .. import __version__
from ..errors import (
    InstanceError,
    InvalidRequest,
    LaunchServiceError,
    ResultCode,
    Unreachable,
)
from ..instance import instance_dir, make_private_dir, namespace_from_hostname, valid_namespace
from ..protocol import SupervisorClient
from ..starting import ATTACHED, ensure_supervisor, start_instance, STARTED
from .comparing import differences, only_content, Running
from .order import ENCLAVE, Order
from .putting import config_dir, Files, Keystore
from .succession import end_node, end_supervisor, release_node

REPLACED = 'replaced'

_POLL = 0.05

Tell = Callable[[str], object]


def bring_up(order: Order, tell: Tell, environ: MutableMapping[str, str] = os.environ
             ) -> dict[str, Any]:
    """
    Carry out an order, and return what came of it.

    :param tell: gets a few words at each step.
    :param environ: is changed to what the instance gets.
    :raises InstanceError: CONFLICT, when one runs otherwise, and is not to be replaced.
    :raises LaunchServiceError: nothing has come up, and nothing has changed.
    """
    deadline = time.monotonic() + order.timeout
    environ.update(order.environment)
    for name, value in order.defaults.items():
        environ.setdefault(name, value)
    namespace = valid_namespace(order.namespace or namespace_from_hostname(platform.node()))
    with _alone(namespace, deadline, tell):
        return _BringUp(namespace, order, environ, deadline, tell).run()


class _BringUp:
    """One order, and what it has to do with."""

    def __init__(self, namespace: str, order: Order, environ: MutableMapping[str, str],
                 deadline: float, tell: Tell) -> None:
        self._namespace = namespace
        self._order = order
        self._deadline = deadline
        self._tell = tell
        folder = config_dir(namespace)
        self._files = Files(folder, order.files)
        self._keystore = Keystore(folder, order.enclave)
        self._new_keystore = False
        self._ros_arguments = [*order.ros_arguments]
        if order.enclave:
            # The name goes to this node alone; an environment would go to what it starts.
            self._ros_arguments += ['--enclave', ENCLAVE]
            environ.update(ROS_SECURITY_KEYSTORE=self._keystore.path, ROS_SECURITY_ENABLE='true',
                           ROS_SECURITY_STRATEGY='Enforce')
        home = os.path.expanduser('~')
        self._paths = [*self._files.paths,
                       *(os.path.normpath(os.path.join(home, os.path.expanduser(path)))
                         for path in order.allow_list)]
        for path in self._paths[len(self._files.paths):]:
            if not os.path.exists(path):
                raise InvalidRequest(f'there is no allow-list {path} on {platform.node()}: check '
                                     'its path there, or send one', ResultCode.NOT_FOUND)

    def run(self) -> dict[str, Any]:
        running, stale = look(self._namespace), self._files.stale()
        if running is not None:
            return self._beside(running, self._differences(running, stale))
        fallen = self._order.replace and self._has_supervisor()
        try:
            # A node that is between two starts gets half of the time: its successor needs some.
            what = self._start(self._left() / 2 if fallen else self._left())
        except LaunchServiceError as error:
            if not fallen or error.facts.get('what') != ATTACHED:
                raise
            return self._take_over(error.message)
        if what == STARTED:
            return self._answer(what, [])
        # Somebody else's, by `up`; or one that fell, and was on its way back.
        running = look(self._namespace)
        found = self._differences(running, stale) if running is not None else []
        if running is not None and not found:
            self._reload()  # it may have read what was there before
            return self._answer(what, found)
        self._undo()
        self._reload()  # it may have read what was there meanwhile
        if running is not None:
            return self._beside(running, found)
        if self._order.replace:
            return self._take_over('it falls as soon as it is up')
        raise Unreachable(f'{self._namespace} went away while it was brought up',
                          ResultCode.SUPERVISOR_UNAVAILABLE)

    def _beside(self, running: Running, found: list[str]) -> dict[str, Any]:
        """Attach to what runs, or replace it."""
        if not found:
            return self._answer(ATTACHED, found)
        if not self._order.replace:
            raise self._conflict(found)
        self._replace(running, found)
        return self._answer(REPLACED, found)

    def _differences(self, running: Running, stale: list[str]) -> list[str]:
        found = differences(self._order, self._paths, stale, self._keystore.path, running)
        version = running.instance['version']
        if self._order.replace and version != __version__:
            found.append(f'it is version {version}, installed is {__version__}')
        return found

    def _has_supervisor(self) -> bool:
        try:
            SupervisorClient(self._namespace).close()
        except Unreachable:
            return False
        return True

    def _conflict(self, found: list[str]) -> InstanceError:
        return InstanceError(
            f'{self._namespace} runs already on {platform.node()}, otherwise: {"; ".join(found)}; '
            'ask for replacing it (--replace; its processes live on), or leave it as it is',
            differences=found)

    def _start(self, timeout: float) -> str:
        self._tell('starting')
        self._new_keystore = not os.path.isdir(self._keystore.path)
        old_supervisor = self._has_supervisor()
        try:
            self._files.put()
            self._keystore.put()
            what = start_instance(self._namespace, self._paths, dict(self._order.parameters),
                                  self._ros_arguments, timeout).what
            if what == STARTED and old_supervisor:
                self._reload()  # the same paths again are no reason for it to read them
            return what
        except LaunchServiceError as error:
            self._undo()
            if error.code == ResultCode.CONFLICT and error.facts.get('what') == ATTACHED:
                return ATTACHED  # what differs is found out by who asks
            raise
        except BaseException:  # no private key stays, whatever it was
            self._undo()
            raise

    def _undo(self) -> None:
        self._files.put_back()
        if self._new_keystore:
            self._keystore.remove()

    def _replace(self, running: Running, found: list[str]) -> None:
        self._tell(f'replacing: {"; ".join(found)}')
        if only_content(found):
            self._files.put()
            try:
                self._reload()
            except LaunchServiceError:
                self._undo()
                with suppress(LaunchServiceError):
                    self._reload()  # its answer may have been lost, or come too late
                raise
            return
        self._check_ours(running, found)
        try:
            end_node(self._namespace, running.instance['node']['pid'])
            if running.instance['version'] != __version__:
                end_supervisor(self._namespace)
            self._start_instead()
        except LaunchServiceError as error:
            raise type(error)(f'{error.message}; {self._bring_back(running)}', error.code,
                              **error.facts) from error

    def _take_over(self, why: str) -> dict[str, Any]:
        """Replace a managed node that doesn't come up; nobody wants that one back."""
        found = [f'its node is not up: {why}']
        self._tell(f'replacing: {found[0]}')
        running = look(self._namespace)
        if running is not None:
            self._check_ours(running, found)
        try:
            release_node(self._namespace)
            self._start_instead()
        except LaunchServiceError as error:
            raise type(error)(f'{error.message}; the node of before did not come up either, and '
                              'is not brought back', error.code, **error.facts) from error
        return self._answer(REPLACED, found)

    def _check_ours(self, running: Running, found: list[str]) -> None:
        if not running.instance['node'].get('managed'):
            raise InstanceError(
                f'{self._namespace} on {platform.node()} was not brought up by `up` or '
                f'`bootstrap`, so it is not replaced: change it where it is started (a service, a '
                f'launch file, a terminal); what differs: {"; ".join(found)}', differences=found)

    def _start_instead(self) -> None:
        if self._start(self._left()) != STARTED:
            self._undo()
            raise InstanceError(f'somebody else has brought {self._namespace} up on '
                                f'{platform.node()} while it was replaced: try again')

    def _reload(self) -> None:
        with SupervisorClient(self._namespace) as client:
            client.ask('reload')  # what is wrong in it is told with the answer

    def _bring_back(self, running: Running) -> str:
        """Have the node of before, and say whether there is one."""
        self._tell('going back to what was there')
        unread = ''
        try:
            ensure_supervisor(self._namespace)
            try:
                self._reload()  # the next one may have read what was there meanwhile
            except LaunchServiceError as error:
                unread = (f', but may not go by its allow-list: {error.message}; read that with '
                          f'`launch-service reload {self._namespace}`')
            with SupervisorClient(self._namespace) as client:
                client.call('manage_node', argv=list(running.argv),
                            environment=dict(running.environment))
                client.call('wait_node', 31.0, seconds=30.0)
        except LaunchServiceError as error:
            return f"what ran before doesn't come back either: {error.message}"
        return f'what ran before is back{unread}'

    def _answer(self, what: str, found: list[str]) -> dict[str, Any]:
        running = look(self._namespace)
        if running is None:
            raise Unreachable(f'{self._namespace} went away while it was brought up',
                              ResultCode.SUPERVISOR_UNAVAILABLE)
        if what != ATTACHED:
            self._keystore.remove_others()
        with SupervisorClient(self._namespace) as client:
            problems = client.ask('executables').get('errors', [])
        with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
            boot_id = file.read().strip()
        return {'outcome': what, 'namespace': self._namespace, 'instance': running.instance,
                'version': __version__, 'boot_id': boot_id, 'graph': running.graph,
                'differences': found, 'problems': problems, 'allow_list': self._paths}

    def _left(self) -> float:
        return max(1.0, self._deadline - time.monotonic())


def look(namespace: str) -> Running | None:
    """
    Return the instance of a namespace whose node is up, or None.

    :raises InstanceError: its supervisor speaks another protocol.
    :raises Unreachable: it hangs (code TIMED_OUT).
    """
    try:
        with SupervisorClient(namespace) as client:
            instance = client.call('status')['instance']
    except Unreachable as error:
        if error.code == ResultCode.TIMED_OUT:
            raise
        return None
    if instance['node'] is None:
        return None
    pid = instance['node']['pid']
    environment = dict(word.split('=', 1) for word in _words(pid, 'environ') if '=' in word)
    return Running(instance, tuple(_words(pid, 'cmdline')), environment)


def _words(pid: int, name: str) -> list[str]:
    try:
        with open(f'/proc/{pid}/{name}', 'rb') as file:
            data = file.read()
    except OSError:
        return []  # it has just ended
    return [os.fsdecode(word) for word in data.split(b'\0')[:-1]]


@contextmanager
def _alone(namespace: str, deadline: float, tell: Tell) -> Iterator[None]:
    """Be the only one to bring up this instance."""
    path = os.path.join(make_private_dir(instance_dir(namespace)), 'bootstrap.lock')
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        told = False
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pass
            if time.monotonic() >= deadline:
                raise Unreachable(f'somebody else is bringing up {namespace}, and takes long: '
                                  'try again', ResultCode.TIMED_OUT)
            if not told:
                tell('waiting for somebody else who brings it up')
                told = True
            select.select([], [], [], _POLL)
        yield
    finally:
        os.close(fd)
