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
What can go wrong, drawn once.

::

    LaunchServiceError            carries code (a ResultCode) and one line
    ├── RequestError              the request was refused; nothing has changed
    │   ├── InvalidRequest        a field is malformed, too large, or names nothing
    │   ├── NotAllowed            the allow-list or the caller's rights forbid it
    │   └── NotNow                held, draining, shutting down, limited
    ├── ProcessError              the host or the process did not do its part
    │   └── RemoteError           on a machine that SSH reached; facts: host, command
    │       ├── SetupScriptMissing    a set-up script is not there, or ends what sources it
    │       ├── InterpreterMissing    no Python, or no shell that a script asks for
    │       ├── PackageMissing        this package, or ROS, can't be imported there
    │       └── RemoteFailed      the command could not start or failed; facts: exit status
    │           └── WatchdogDied  what watches the command there ended before it
    ├── AllowListError            files of an allow-list that can't be used
    ├── InstanceError             a second supervisor or node, an unusable state folder
    └── Unreachable               no answer: who should answer is gone, or late
        ├── NotOnGraph            it runs, and this ROS graph doesn't see it; facts: differences
        └── ConnectionFailed      SSH does not get there; facts: host, port
            ├── NameNotResolved   nobody knows the host's name
            ├── ConnectRefused    the host is there, nobody listens
            ├── ConnectTimedOut   nobody answers in time
            ├── HostKeyError      the host can't prove who it is
            │   ├── HostKeyUnknown    no key of this host was recorded
            │   ├── HostKeyChanged    another key than the recorded one
            │   └── HostKeyRevoked    a key that was declared void
            ├── AuthenticationFailed  the host doesn't let this user in
            └── ConnectionLost    it was there, and went away

Everything this package raises on purpose is one of these; errors of lower
layers (OSError, yaml, rclpy, paramiko) are mapped where they enter.
"""

from __future__ import annotations

from enum import IntEnum


class ResultCode(IntEnum):
    """The constants of msg/ResultCode.msg, which documents each."""

    OK = 0

    INVALID_REQUEST = 1
    REQUEST_TOO_LARGE = 2
    NAME_INVALID = 3
    NAME_IN_USE = 4
    UID_CONFLICT = 5
    NOT_FOUND = 6

    NOT_ALLOWED = 20
    ARGUMENT_NOT_ALLOWED = 21
    ENVIRONMENT_NOT_ALLOWED = 22
    CWD_NOT_ALLOWED = 23
    SIGNAL_NOT_ALLOWED = 24
    EXECUTABLE_UNUSABLE = 25
    ALLOW_LIST_INVALID = 26

    LIMIT_REACHED = 40
    START_FAILED = 41
    NOT_STOPPED = 42
    WRONG_STATE = 43
    RESOURCE_EXHAUSTED = 44
    RATE_LIMITED = 45

    HELD = 60
    SHUTTING_DOWN = 61
    SUPERVISOR_UNAVAILABLE = 62
    SERVICE_UNAVAILABLE = 63
    TIMED_OUT = 64
    PERMISSION_DENIED = 65
    INTERNAL_ERROR = 66
    CONFLICT = 67


class LaunchServiceError(Exception):
    """
    The root: a code that a program can use and one line for a person.

    :param message: what is wrong and what to do, in one line.
    :param code: the ResultCode; each class has a default.
    :param facts: whatever else is known, as keyword arguments (pids, path, …).
    """

    default_code = ResultCode.INTERNAL_ERROR

    def __init__(self, message: str, code: ResultCode | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code
        self.facts = facts


class RequestError(LaunchServiceError):
    """A request was refused; nothing has changed."""

    default_code = ResultCode.INVALID_REQUEST


class InvalidRequest(RequestError):
    """A field is malformed, too large, or names nothing."""


class NotAllowed(RequestError):
    """The allow-list or the rights of the caller forbid it."""

    default_code = ResultCode.NOT_ALLOWED


class NotNow(RequestError):
    """The instance holds, drains, shuts down, or is at a limit."""

    default_code = ResultCode.HELD


class ProcessError(LaunchServiceError):
    """The host or the process did not do its part."""

    default_code = ResultCode.START_FAILED


class RemoteError(ProcessError):
    """On a machine that SSH reached; facts: host, command, last_output."""


class SetupScriptMissing(RemoteError):
    """A set-up script is not there, or ends the shell that sources it; fact: script."""


class InterpreterMissing(RemoteError):
    """No Python on the machine, too old a one, or no shell that a set-up script asks for."""


class PackageMissing(RemoteError):
    """This package can't be imported on the machine, is too old there, or has no ROS below it."""


class RemoteFailed(RemoteError):
    """The command could not be started or failed; facts: exit_status, signal."""


class WatchdogDied(RemoteFailed):
    """What watches the command there ended before it, as when memory runs out; fact: left."""


class AllowListError(LaunchServiceError):
    """Files of an allow-list can't be used."""

    default_code = ResultCode.ALLOW_LIST_INVALID


class InstanceError(LaunchServiceError):
    """A second supervisor or node, or a state folder that can't be used."""

    default_code = ResultCode.CONFLICT


class Unreachable(LaunchServiceError):
    """No answer: who should answer is gone, or too late."""

    default_code = ResultCode.SERVICE_UNAVAILABLE


class NotOnGraph(Unreachable):
    """It runs, and its heartbeat does not arrive here; fact: differences (of settings)."""


class ConnectionFailed(Unreachable):
    """SSH does not get to the machine; facts: host, port, user."""


class NameNotResolved(ConnectionFailed):
    """Nobody knows the host's name."""


class ConnectRefused(ConnectionFailed):
    """The host is there, and nobody listens on the port."""


class ConnectTimedOut(ConnectionFailed):
    """Nobody answers in time, or nobody on this network has the address."""

    default_code = ResultCode.TIMED_OUT


class HostKeyError(ConnectionFailed):
    """The host can't prove who it is; facts: key_type, fingerprint."""

    default_code = ResultCode.PERMISSION_DENIED


class HostKeyUnknown(HostKeyError):
    """No key of this host was recorded; fact: remedy, the command that records it."""


class HostKeyChanged(HostKeyError):
    """The host shows another key than the recorded one."""


class HostKeyRevoked(HostKeyError):
    """The host shows a key that was declared void."""


class AuthenticationFailed(ConnectionFailed):
    """The host doesn't let this user in, or a key can't be used; fact: tried."""

    default_code = ResultCode.PERMISSION_DENIED


class ConnectionLost(ConnectionFailed):
    """The connection was there, and went away."""


_CLASS_OF_CODE = {
    ResultCode.INVALID_REQUEST: InvalidRequest,
    ResultCode.REQUEST_TOO_LARGE: InvalidRequest,
    ResultCode.NAME_INVALID: InvalidRequest,
    ResultCode.NAME_IN_USE: InvalidRequest,
    ResultCode.UID_CONFLICT: InvalidRequest,
    ResultCode.NOT_FOUND: InvalidRequest,
    ResultCode.NOT_ALLOWED: NotAllowed,
    ResultCode.ARGUMENT_NOT_ALLOWED: NotAllowed,
    ResultCode.ENVIRONMENT_NOT_ALLOWED: NotAllowed,
    ResultCode.CWD_NOT_ALLOWED: NotAllowed,
    ResultCode.SIGNAL_NOT_ALLOWED: NotAllowed,
    ResultCode.PERMISSION_DENIED: NotAllowed,
    ResultCode.EXECUTABLE_UNUSABLE: ProcessError,
    ResultCode.ALLOW_LIST_INVALID: AllowListError,
    ResultCode.LIMIT_REACHED: NotNow,
    ResultCode.START_FAILED: ProcessError,
    ResultCode.NOT_STOPPED: ProcessError,
    ResultCode.WRONG_STATE: NotNow,
    ResultCode.RESOURCE_EXHAUSTED: ProcessError,
    ResultCode.RATE_LIMITED: NotNow,
    ResultCode.HELD: NotNow,
    ResultCode.SHUTTING_DOWN: NotNow,
    ResultCode.SUPERVISOR_UNAVAILABLE: Unreachable,
    ResultCode.SERVICE_UNAVAILABLE: Unreachable,
    ResultCode.TIMED_OUT: Unreachable,
    ResultCode.INTERNAL_ERROR: LaunchServiceError,
    ResultCode.CONFLICT: InstanceError,
}


def error_from_code(code: int, message: str, **facts: object) -> LaunchServiceError:
    """Return the exception for a code that came over a wire; unknown codes count as internal."""
    try:
        known = ResultCode(code)
    except ValueError:
        return LaunchServiceError(f'{message} (unknown code {code})', None, **facts)
    return _CLASS_OF_CODE.get(known, LaunchServiceError)(message, known, **facts)
