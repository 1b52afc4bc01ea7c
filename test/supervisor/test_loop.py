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

"""The loop: times in their order, descriptors, and faults of those who are called."""

from __future__ import annotations

import os
import socket

import pytest

from launch_service_node.supervisor.kernel.loop import Loop


def test_timers_run_in_the_order_of_their_times_and_not_when_cancelled(
        monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop()
    ran: list[str] = []
    begun = loop.now()
    monkeypatch.setattr(loop, 'now', lambda: begun)
    loop.after(0.03, lambda: ran.append('last'))
    loop.after(0.03, loop.stop)
    loop.after(0.01, lambda: ran.append('first'))
    loop.after(0.02, lambda: ran.append('never')).cancel()
    loop.after(0.02, lambda: ran.append('second'))
    monkeypatch.undo()
    loop.run()
    assert ran == ['first', 'second', 'last']


def test_a_time_that_is_far_away_does_not_keep_the_loop_from_waiting() -> None:
    loop = Loop()
    for seconds in (1e300, float('inf'), 1e9):
        loop.after(seconds, loop.stop)
    here, there = socket.socketpair()
    with here, there:
        loop.watch(here.fileno(), lambda _: loop.stop())
        there.send(b'x')
        loop.run()


def test_a_call_that_fails_is_told_and_does_not_end_the_loop(
        capsys: pytest.CaptureFixture[str]) -> None:
    loop = Loop()

    def fail() -> None:
        raise RuntimeError('a defect')
    loop.after(0, fail)
    loop.after(0.01, loop.stop)
    loop.run()
    assert 'RuntimeError: a defect' in capsys.readouterr().err


def test_a_timer_that_always_sets_another_starves_nobody() -> None:
    loop = Loop()
    read, write = os.pipe()

    def again() -> None:
        loop.after(0, again)
    again()
    loop.watch(read, lambda _: loop.stop())
    os.write(write, b'x')
    try:
        loop.run()
    finally:
        os.close(read)
        os.close(write)


def test_who_is_no_longer_watched_is_not_called() -> None:
    loop = Loop()
    with open('/dev/null') as null:  # epoll takes no plain file: only sockets and pipes
        with pytest.raises(PermissionError):
            loop.watch(null.fileno(), lambda _: None)
    here, there = socket.socketpair()
    with here, there:
        called: list[int] = []
        loop.watch(here.fileno(), called.append)
        there.send(b'x')
        loop.unwatch(here.fileno())
        loop.unwatch(here.fileno())
        loop.after(0.02, loop.stop)
        loop.run()
        assert called == []
        assert loop._epoll.poll(0) == []  # or it would be awake all the time
