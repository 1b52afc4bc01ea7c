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

"""The main thread's inbox: signals among other news."""

import os
import queue
import signal
import threading

from harness import PATIENCE
import pytest

from launch_service_node.inbox import Inbox, not_ignored, Signal


def test_a_signal_is_news_and_interrupts_nothing() -> None:
    with Inbox[str](signal.SIGINT, signal.SIGUSR1) as inbox:
        assert not inbox.signalled()
        os.kill(os.getpid(), signal.SIGINT)
        inbox.put('more')
        os.kill(os.getpid(), signal.SIGUSR1)
        news = [inbox.get(PATIENCE) for _ in range(3)]
    assert [each.name if isinstance(each, Signal) else each for each in news] == [
        'SIGINT', 'more', 'SIGUSR1']
    assert inbox.signalled()


def test_other_threads_news_end_a_wait_without_a_bound() -> None:
    with Inbox[str]() as inbox:
        thread = threading.Timer(0.05, inbox.put, ['news'])
        thread.start()
        assert inbox.get() == 'news'
        thread.join(PATIENCE)


def test_a_wait_has_an_end_without_news() -> None:
    with Inbox[str]() as inbox:
        inbox.put('first')
        assert inbox.get(0.0) == 'first'
        with pytest.raises(queue.Empty):
            inbox.get(0.01)


def test_more_news_than_a_pipe_holds_keep_nobody_waiting() -> None:
    with Inbox[int]() as inbox:
        for number in range(70_000):
            inbox.put(number)
        assert [inbox.get(0.0) for _ in range(70_000)] == list(range(70_000))


def test_it_leaves_all_as_it_was() -> None:
    read_fd, write_fd = os.pipe2(os.O_NONBLOCK)
    before = signal.set_wakeup_fd(write_fd)
    handler = signal.getsignal(signal.SIGINT)
    try:
        with Inbox[str](signal.SIGINT) as inbox:
            assert signal.getsignal(signal.SIGINT) != handler
        assert signal.getsignal(signal.SIGINT) == handler
    finally:
        after = signal.set_wakeup_fd(before)
        os.close(read_fd)
        os.close(write_fd)
    assert after == write_fd
    with open(os.devnull, 'rb'), open(os.devnull, 'rb'):  # these have got its numbers
        inbox.put('nobody waits any more')


def test_what_a_program_was_told_to_ignore_is_known() -> None:
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        assert not_ignored(signal.SIGUSR1, signal.SIGUSR2) == (signal.SIGUSR1,)
    finally:
        signal.signal(signal.SIGUSR2, before)
