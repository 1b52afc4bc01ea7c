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

"""The program ends, and with the right code, whatever the middleware and the pipes do."""

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
import textwrap
import threading

from harness import PATIENCE
import pytest

from launch_service_node.cli import ending, local_backend, main

# A call of C that never comes back and holds the lock of the interpreter, as rclpy does.
HANGING = """\
    import ctypes, sys
    from launch_service_node.bootstrap import graph
    from launch_service_node.cli import ending, main, ros_backend

    def hang(*_, **__):
        ctypes.PyDLL(None).pause()

    class Session:
        node = None
        __init__ = {making}
        close = {closing}

    graph.RosSession = ros_backend.RosSession = Session
    ros_backend.find_nodes = lambda *_, **__: []
    # Nobody but who hangs is to be late.
    if Session.__init__ is hang:
        ros_backend.JOINING = 0.2
    if Session.close is hang:
        ending.LEAVING = 0.2
    sys.argv = ['launch-service', *{words!r}.split()]
    main.main()
    """
FINE = 'lambda *_, **__: None'

INTERRUPTED = """\
    import signal, sys, threading, time
    from launch_service_node.cli import main
    from launch_service_node.cli.verbs import stop

    once = threading.Lock()

    def interrupt_this_thread():
        while sys._current_frames()[threading.main_thread().ident].f_code.co_name != 'get':
            time.sleep(0.01)  # until the main thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    class Forever:
        namespace = '/robot1'

        def stop(self, *_):
            print('asked\\n', end='', flush=True)
            {then}
            threading.Event().wait()

    class Reach:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def backend(self, namespace):
            return Forever()

    stop.reach_of = lambda args: Reach()
    sys.argv = ['launch-service', 'stop', '/robot1', 'lidar', 'camera']
    sys.exit(main.main({words}))
    """


_begun: list[tuple[subprocess.Popen[str], threading.Timer]] = []


@pytest.fixture(autouse=True)
def _nobody_left() -> Iterator[None]:
    yield
    while _begun:
        running, timer = _begun.pop()
        timer.cancel()
        running.kill()
        running.wait()


def program(text: str, **pipes: object) -> subprocess.Popen[str]:
    """Begin to run a program, with its words in pipes; it ends with the test, or its patience."""
    running = subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(text)], text=True, stdin=subprocess.DEVNULL,
        **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **pipes})  # type: ignore
    timer = threading.Timer(2 * PATIENCE, running.kill)
    timer.start()
    _begun.append((running, timer))
    return running


def end_of(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the exit code and the words of a program that ends by itself."""
    try:
        out, err = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
        running.wait()
    return running.returncode, out, err


def shell(line: str) -> tuple[int, str]:
    """Run `$ls`, which is the program, in a line for a shell; return its code and stderr."""
    done = subprocess.run(
        ['bash', '-c', f'ls() {{ "$0" -m launch_service_node.cli "$@"; }}; {line}',
         sys.executable], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=PATIENCE * 2, env={**os.environ, 'TERM': 'xterm'})
    return done.returncode, done.stderr


def test_a_middleware_that_does_not_let_go_keeps_neither_answer_nor_exit_code() -> None:
    code, _, err = end_of(program(HANGING.format(making=FINE, closing='hang', words='list')))
    assert code == 3 and err.startswith('launch-service: no LaunchServiceNode on the ROS graph')


def test_nor_when_another_host_was_asked() -> None:
    # Nobody listens at port 1.
    words = '--timeout 1 bootstrap 127.0.0.1:1 /robot1'
    code, _, err = end_of(program(HANGING.format(making=FINE, closing='hang', words=words)))
    assert code != 0 and 'refuses the connection' in err.splitlines()[-1]


def test_a_middleware_that_does_not_come_up_is_not_waited_for_without_end() -> None:
    code, _, err = end_of(program(HANGING.format(making='hang', closing=FINE, words='list')))
    assert code == 4
    assert err.startswith('launch-service: cannot join the ROS graph: ') and err.count('\n') == 1


def test_what_the_environment_says_may_be_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DISCOVERY_SERVER', os.fsdecode(b'\xff'))
    code, _, err = end_of(program(HANGING.format(making='hang', closing=FINE, words='list')))
    assert code == 4 and 'ROS_DISCOVERY_SERVER=\\udcff' in err


def test_a_middleware_that_does_both_is_left_in_peace() -> None:
    code, _, err = end_of(program(HANGING.format(making=FINE, closing=FINE, words='list')))
    assert code == 3 and err.count('\n') == 1


# `ros2` ends by way of the interpreter, as whoever gives the words does.
@pytest.mark.parametrize('words', ['', 'sys.argv[1:]'], ids=['launch-service', 'ros2'])
def test_ctrl_c_does_not_wait_for_answers_that_nobody_wants_any_more(words: str) -> None:
    running = program(INTERRUPTED.format(words=words, then=''))
    assert running.stdout is not None
    assert [running.stdout.readline() for _ in range(2)] == ['asked\n'] * 2
    running.send_signal(signal.SIGINT)
    code, _, err = end_of(running)
    assert (code, err) == (130, 'launch-service: interrupted\n')


def test_ctrl_c_is_not_missed_by_a_main_thread_that_it_does_not_wake() -> None:
    # As when it comes while that is just about to wait.
    running = program(INTERRUPTED.format(
        words='', then='once.acquire(blocking=False) and interrupt_this_thread()'))
    code, _, err = end_of(running)
    assert (code, err) == (130, 'launch-service: interrupted\n')


def test_ctrl_c_amidst_a_lock_is_no_crash(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted_where_condition_waits() -> int:
        condition = threading.Condition()
        with condition:
            condition.release()
            raise KeyboardInterrupt
    assert ending.spoken(interrupted_where_condition_waits) == 130
    assert capsys.readouterr().err == 'launch-service: interrupted\n'


@pytest.mark.parametrize('words', [
    'completion bash', '--json completion', '--json nonsense', '--json check'])
def test_a_disk_that_is_full_is_told_in_one_line(words: str) -> None:
    code, err = shell(f'ls {words} >/dev/full')
    assert code == 1
    last = err.splitlines()[-1]
    assert last == 'launch-service: stdout does not take the answer: No space left on device'
    assert 'Traceback' not in err


def test_a_full_disk_under_both_still_gives_an_exit_code() -> None:
    assert shell('ls completion bash >/dev/full 2>&1') == (1, '')


@pytest.mark.parametrize('words', ['--json nonsense', '--json check', 'completion fish'])
def test_a_reader_that_is_gone_is_no_crash(words: str) -> None:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    try:
        done = subprocess.run(
            [sys.executable, '-m', 'launch_service_node.cli', *words.split()], stdout=write_fd,
            stderr=subprocess.PIPE, text=True, timeout=PATIENCE * 2)
    finally:
        os.close(write_fd)
    assert done.returncode == 141 and 'Traceback' not in done.stderr


@pytest.mark.parametrize('words', ['completion bash', '--help'])
def test_nobody_has_to_listen(words: str) -> None:
    assert shell(f'ls {words} >&-') == (0, '')


def test_a_stdout_that_was_closed_changes_no_exit_code() -> None:
    code, err = shell('LAUNCH_SERVICE_STATE_DIR=/dev/null/none ls --local list >&-')
    assert code == 3 and err.startswith('launch-service: no instance runs') and '\n' in err


def test_a_working_directory_that_is_gone_is_told_in_one_line(tmp_path: Path) -> None:
    code, err = shell(f'mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir ../gone && '
                      'ls --json up /nothing --allow-list robot1.yaml >/dev/null')
    assert (code, err) == (
        1, 'launch-service: the working directory is gone: change to one that is there\n')


def test_a_state_folder_that_may_not_be_read_is_told_in_one_line(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, 'Permission denied', '/theirs')
    monkeypatch.setattr(local_backend, 'known_instances', refuse)
    assert main.main(['--local', 'list']) == 1
    assert capsys.readouterr().err == (
        "launch-service: this host does not do its part: [Errno 13] Permission denied: "
        "'/theirs'\n")
