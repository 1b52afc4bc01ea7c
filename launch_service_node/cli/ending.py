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

"""How the program ends: it has told what it knows before it leaves the ROS graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import os
import sys
from typing import NoReturn

from .exit_codes import ExitCode
from .output import complain, OutputLost

LEAVING = 10.0  # seconds for the middleware to take its leave

_put_off: list[Callable[[], None]] = []


def at_the_end(leave: Callable[[], None]) -> None:
    """Put something off until the program has said all that it has to say."""
    _put_off.append(leave)


def leave_all(code: int) -> None:
    """
    Do what was put off.

    :param code: what the program ends with when that takes longer than LEAVING.
    """
    if not _put_off:
        return
    from ..last_resort import ends_within
    try:
        with ends_within(LEAVING, code):
            while _put_off:
                _put_off.pop()()
    except (RuntimeError, KeyboardInterrupt):
        pass  # all was said: how the middleware takes its leave concerns nobody


def spoken(act: Callable[[], int]) -> int:
    """Return the exit code of what writes to stdout and stderr, whatever becomes of those."""
    try:
        code = act()
        _flush()
        return int(code)
    except KeyboardInterrupt:
        return spoken(_interrupted)
    except RuntimeError as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            return spoken(_interrupted)  # amidst a lock of threading, which takes it ill
        raise
    except OutputLost as lost:
        _forget_stdout()
        return spoken(partial(_failed, f'stdout does not take the answer: {lost}'))
    except BrokenPipeError:
        _forget_stdout()
        return int(ExitCode.BROKEN_PIPE)


def end(code: int) -> NoReturn:
    """
    End the program.

    Not by way of the interpreter: that would wait for the destructors of the middleware.
    """
    os._exit(code)


def open_streams() -> None:
    """Replace what was closed (`>&-`) by nothing, and let no character be in the way."""
    for name in ('stdout', 'stderr'):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, 'w', encoding='utf-8'))
        stream = getattr(sys, name)
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='backslashreplace')


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(error.strerror or str(error)) from error


def _interrupted() -> int:
    complain('interrupted')
    return ExitCode.INTERRUPTED


def _failed(message: str) -> int:
    complain(message)
    return ExitCode.FAILED


def _forget_stdout() -> None:
    """Let nothing fail any more that is still to be flushed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
