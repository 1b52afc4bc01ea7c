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

"""The exit codes, a contract with scripts: docs/cli.md has the same table."""

from __future__ import annotations

from enum import IntEnum

from ..errors import ResultCode


class ExitCode(IntEnum):
    """What a shell gets."""

    OK = 0
    FAILED = 1  # refused, or tried and failed
    USAGE = 2  # the command line makes no sense
    NOT_FOUND = 3  # no such instance or process, or out of reach
    TIMED_OUT = 4  # somebody is there and did not answer in time
    CONFLICT = 5  # somebody else has the name, the uid or the instance
    INTERRUPTED = 130  # Ctrl-C
    BROKEN_PIPE = 141  # the reader of the output went away


_OF_CODE = {
    ResultCode.OK: ExitCode.OK,
    ResultCode.NOT_FOUND: ExitCode.NOT_FOUND,
    ResultCode.SUPERVISOR_UNAVAILABLE: ExitCode.NOT_FOUND,
    ResultCode.SERVICE_UNAVAILABLE: ExitCode.NOT_FOUND,
    ResultCode.TIMED_OUT: ExitCode.TIMED_OUT,
    ResultCode.NAME_IN_USE: ExitCode.CONFLICT,
    ResultCode.UID_CONFLICT: ExitCode.CONFLICT,
    ResultCode.CONFLICT: ExitCode.CONFLICT,
}


def exit_code_of(code: ResultCode) -> ExitCode:
    """Return the exit code for what became of a request."""
    return _OF_CODE.get(code, ExitCode.FAILED)
