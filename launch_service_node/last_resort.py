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
Ends this process after a time, whatever it waits for.

rclpy holds the lock of the interpreter while the middleware makes or destroys a node. Should
that never return, no Python code runs any more, neither another thread nor a signal handler:
only a timer of the C library still ends the program, with an exit code that says the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import time

_SIGEV_THREAD = 2
_BEFORE_THE_END = 5.0  # seconds for the last words to be written, on a host that stalls
_PROGRAM = ctypes.create_string_buffer(b'launch-service')  # who says them


class _Event(ctypes.Structure):
    """`struct sigevent`, which has 64 bytes on Linux."""

    _fields_ = (('value', ctypes.c_void_p), ('signo', ctypes.c_int), ('notify', ctypes.c_int),
                ('function', ctypes.c_void_p), ('attributes', ctypes.c_void_p),
                ('padding', ctypes.c_char * 32))


class _Times(ctypes.Structure):
    """`struct itimerspec`: the period, which is none, and the time."""

    _fields_ = tuple((name, ctypes.c_long) for name in (
        'period_seconds', 'period_nanoseconds', 'seconds', 'nanoseconds'))


@contextmanager
def ends_within(seconds: float, code: int, message: str = '') -> Iterator[None]:
    """
    End this process, unless the block is left in time.

    Nothing is flushed or cleaned up then. On a system without such timers nothing happens.

    :param code: the exit code.
    :param message: one line for stderr.
    """
    # Kept until the timers are gone: the C library reads it.
    words = ctypes.create_string_buffer(
        message.replace('%', '%%').encode('utf-8', 'backslashreplace'))
    timers, end = [], seconds
    if message:
        end += _BEFORE_THE_END
        _name_program()
        timers.append(_call_after(seconds, 'warnx', ctypes.addressof(words)))
    timers.append(_call_after(end, '_exit', code))
    try:
        yield
    finally:
        for timer in timers:
            if timer is not None:
                ctypes.CDLL(None).timer_delete(timer)


def _name_program() -> None:
    try:
        name = ctypes.c_void_p.in_dll(ctypes.CDLL(None), 'program_invocation_short_name')
    except ValueError:
        return
    name.value = ctypes.addressof(_PROGRAM)


def _call_after(seconds: float, function: str, argument: int) -> ctypes.c_void_p | None:
    """Have the C library call one of its functions; return the timer, None when it can't."""
    library = ctypes.CDLL(None)
    try:
        address = ctypes.cast(getattr(library, function), ctypes.c_void_p)
        create, settime = library.timer_create, library.timer_settime
    except AttributeError:
        return None
    timer = ctypes.c_void_p()
    event = _Event(value=argument, notify=_SIGEV_THREAD, function=address)
    if create(time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)) != 0:
        return None
    times = _Times(seconds=int(seconds), nanoseconds=int(seconds % 1 * 1e9))
    settime(timer, 0, ctypes.byref(times), None)
    return timer
