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

"""The socket: who is let in, and what a client may do without harming the others."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import time

from faults.injection import audit_lines, descriptors, patched
from harness import freeze, Lab, PATIENCE, Running, wait_until
import pytest

from launch_service_node.errors import ResultCode
from launch_service_node.protocol import at_socket, decode, encode, MAX_LINE
from launch_service_node.supervisor.server import MAX_CLIENTS
from launch_service_node.supervisor.states import State

SLEEPER = {'id': 'sleeper', 'cmd': ['/bin/sleep', '1000']}

NOBODY = 65534


@pytest.fixture
def raw(lab: Lab) -> Iterator[socket.socket]:
    """Give a bare connection to a supervisor that runs, greeted."""
    lab.supervisor(SLEEPER)
    with connect(lab) as conn:
        assert b'hello' in lines_of(conn, 1)[0]
        yield conn


def connect(lab: Lab) -> socket.socket:
    conn = socket.socket(socket.AF_UNIX)
    conn.settimeout(PATIENCE)
    at_socket(str(lab.instance_dir() / 'supervisor.sock'), conn.connect)
    return conn


def lines_of(conn: socket.socket, count: int) -> list[bytes]:
    data = b''
    while data.count(b'\n') < count:
        more = conn.recv(1 << 20)
        if not more:
            break
        data += more
    return data.splitlines()


def still_serves(lab: Lab) -> bool:
    with connect(lab) as conn:
        conn.sendall(encode({'id': 5, 'op': 'status'}))
        answer = decode(lines_of(conn, 2)[1])
    return bool(answer['ok']) and answer['id'] == 5


def ask_as_nobody(sock: Path) -> str:
    """Return what the supervisor says to a client of another user."""
    return subprocess.run(
        [sys.executable, '-ISc', """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.chdir(os.path.dirname(sys.argv[1]))
with socket.socket(socket.AF_UNIX) as conn:
    conn.connect(os.path.basename(sys.argv[1]))
    while data := conn.recv(65536):
        sys.stdout.write(data.decode())
""", str(sock)], check=False, capture_output=True, text=True, timeout=PATIENCE).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_another_user_is_refused_by_the_kernels_word_and_noted(open_lab: Lab) -> None:
    open_lab.supervisor(SLEEPER)
    # As a careless administrator might: everybody may reach the socket. With the modes as
    # they are, the client would not even get so far.
    sock = open_lab.instance_dir() / 'supervisor.sock'
    for path in (sock, *sock.parents):
        if path.is_relative_to(open_lab.folder):
            path.chmod(path.stat().st_mode | (0o006 if path == sock else 0o001))
    told = ask_as_nobody(sock)
    answer = json.loads(told.splitlines()[0])
    assert (answer['ok'], answer['code']) == (False, ResultCode.PERMISSION_DENIED)
    assert str(NOBODY) in answer['message']
    assert len(told.splitlines()) == 1
    noted = audit_lines(open_lab)[-1]
    assert (noted['op'], noted['code'], noted['peer_uid']) == (
        'connect', 'PERMISSION_DENIED', NOBODY)


def test_the_socket_and_its_folders_are_for_the_owner_alone(lab: Lab) -> None:
    lab.supervisor(SLEEPER)
    folder = lab.instance_dir()
    assert (folder / 'supervisor.sock').stat().st_mode & 0o777 == 0o600
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / 'output')] == [0o700] * 2
    for path in folder.iterdir():
        if path.is_file():
            assert path.stat().st_mode & 0o777 == 0o600, path


@pytest.mark.parametrize('line', [
    b'', b'nonsense', b'[]', b'3', b'null', b'"text"', b'{', b'\xff\xfe', b'\0' * 100,
    b'{"op": "status"} {"op": "status"}', b'[' * 100000, b'{"a":' * 100000,
    b'{"op": ' + b'9' * 5000 + b'}'])
def test_garbage_is_answered_and_the_connection_goes_on(raw: socket.socket, line: bytes) -> None:
    raw.sendall(line + b'\n' + encode({'id': 2, 'op': 'status'}))
    refused, answer = map(decode, lines_of(raw, 2))
    assert (refused['ok'], refused['code']) == (False, ResultCode.INVALID_REQUEST)
    assert len(json.dumps(refused)) < 1000
    assert answer['ok'] and answer['id'] == 2


@pytest.mark.parametrize('depth', [50, 300, 900])
def test_a_deep_request_is_refused_like_any_other(
        lab: Lab, raw: socket.socket, depth: int) -> None:
    deep = '[' * depth + ']' * depth
    raw.sendall(b'{"id": 3, "op": "start", "args": %s}\n' % deep.encode())
    assert decode(lines_of(raw, 1)[0])['code'] == ResultCode.INVALID_REQUEST
    raw.sendall(b'{"id": %s, "op": "nothing"}\n' % deep.encode())
    assert decode(lines_of(raw, 1)[0])['code'] == ResultCode.INVALID_REQUEST
    assert [line['code'] for line in audit_lines(lab)][-2:] == ['INVALID_REQUEST'] * 2
    assert 'defect' not in lab.log()


@pytest.mark.parametrize('key', ['id', 'op', 'caller', 'name'])
def test_who_asks_too_deep_is_answered_and_so_is_the_next_request(
        raw: socket.socket, key: str) -> None:
    """At some depth what could be read can't be written any more."""
    for depth in range(930, 1010):
        deep = '[' * depth + ']' * depth
        raw.sendall(b'{"op": "status", "%s": %s}\n' % (key.encode(), deep.encode())
                    + encode({'id': 5, 'op': 'status'}))
        refused, answer = map(decode, lines_of(raw, 2))
        assert refused['code'] == ResultCode.INVALID_REQUEST, depth
        assert answer['ok'] and answer['id'] == 5, depth


@pytest.mark.parametrize('number', [True, [], {}])
def test_an_id_is_a_number_a_string_or_null(
        lab: Lab, raw: socket.socket, number: object) -> None:
    raw.sendall(encode({'id': number, 'op': 'set_mode', 'mode': 'hold'}))
    assert decode(lines_of(raw, 1)[0])['code'] == ResultCode.INVALID_REQUEST
    assert audit_lines(lab)[-1]['code'] == 'INVALID_REQUEST'


def test_a_defect_in_one_request_keeps_no_other_waiting(lab: Lab) -> None:
    lab.supervisor(wrap=patched("""
        def fail(real):
            def handle(*arguments):
                raise RuntimeError('for once')
            return handle
        replace('supervisor.operations:Operations._graph', fail)
        """))
    with connect(lab) as conn:
        conn.sendall(encode({'id': 1, 'op': 'graph'}) * 2 + encode({'id': 2, 'op': 'status'}))
        answers = [decode(line) for line in lines_of(conn, 4)[1:]]
    assert [(one['id'], one['ok']) for one in answers] == [(1, False), (1, False), (2, True)]
    assert 'for once' in lab.log()


def test_a_line_that_is_too_long_is_refused_and_ends_the_connection(
        lab: Lab, raw: socket.socket) -> None:
    raw.settimeout(PATIENCE)
    try:
        raw.sendall(b'x' * (MAX_LINE + 2 ** 20))
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        answers = lines_of(raw, 2)
    except ConnectionResetError:
        answers = []  # what was not read any more takes the answer along
    assert not answers or decode(answers[0])['code'] == ResultCode.REQUEST_TOO_LARGE
    assert still_serves(lab)


def test_a_request_in_single_bytes_is_one_request(raw: socket.socket) -> None:
    for byte in encode({'id': 'ä', 'op': 'status'}):
        raw.sendall(bytes([byte]))
    assert decode(lines_of(raw, 1)[0])['id'] == 'ä'


def test_a_client_that_does_not_read_is_disconnected_and_nobody_waits_for_it(lab: Lab) -> None:
    running = lab.supervisor(
        {'id': 'false', 'cmd': '/bin/false',
         'arguments': [{'name': 'x', 'pattern': 'x*', 'repeated': True}],
         'restart': {'policy': 'always', 'delay': 0, 'max_delay': 0, 'limit': 'unlimited'}},
        wrap=patched("replace('supervisor.records.record:SHOWN_COMMAND', lambda _: 1000000)"))
    with connect(lab) as deaf:
        lines_of(deaf, 1)
        deaf.sendall(encode({'id': 1, 'op': 'subscribe'}))
        # Each of its restarts is several events of 16 kB.
        running.start('false', args=['x' * 4000] * 4)
        wait_until(lambda: 'does not read; disconnected' in lab.log(), 2 * PATIENCE)
        running.call('stop', name='false')
        deaf.settimeout(PATIENCE)
        with pytest.raises(ConnectionResetError):
            while deaf.recv(1 << 20):
                pass
            raise ConnectionResetError  # an end is as good as a reset
    assert still_serves(lab)


def test_a_client_that_asks_much_and_reads_late_gets_every_answer(raw: socket.socket) -> None:
    """Its requests wait until it has read; it is not disconnected for them."""
    count = 60000
    sender = encode({'id': 0, 'op': 'status'}) * count
    sent = answered = 0
    raw.setblocking(False)
    deadline = time.monotonic() + PATIENCE
    while sent < len(sender):  # for as long as the supervisor takes any
        try:
            sent += raw.send(sender[sent:])
            deadline = time.monotonic() + 0.3
        except BlockingIOError:
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
    raw.settimeout(PATIENCE)
    asked = sender[:sent].count(b'\n')
    while answered < asked:
        answered += raw.recv(1 << 20).count(b'\n')
    assert answered == asked > 1000


def test_one_who_asks_without_a_break_keeps_nobody_waiting(lab: Lab) -> None:
    """Another's request that came in meanwhile is carried out in between, not after."""
    running = lab.supervisor(SLEEPER)
    with connect(lab) as busy, connect(lab) as other:
        lines_of(busy, 1)
        lines_of(other, 1)
        freeze(running.popen.pid)  # so that all of it is there at once
        busy.sendall(encode({'id': 1, 'op': 'set_mode', 'mode': 'no'}) * 3000)
        other.sendall(encode({'id': 2, 'op': 'set_mode', 'mode': 'hold'}))
        running.popen.send_signal(signal.SIGCONT)
        assert decode(lines_of(other, 1)[0])['ok']
        assert len(lines_of(busy, 3000)) == 3000
    codes = [line['code'] for line in audit_lines(lab) if line['op'] == 'set_mode']
    assert len(codes) == 3001
    assert codes.index('OK') < 3000


def test_more_clients_than_there_may_be_are_told_so(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    before = len(descriptors(running.popen.pid))
    clients = []
    try:
        while len(clients) < MAX_CLIENTS - 1:  # running.client is one
            clients.append(connect(lab))
            assert b'hello' in lines_of(clients[-1], 1)[0]
        with connect(lab) as late:
            answer = decode(lines_of(late, 1)[0])
            assert (answer['ok'], answer['code']) == (False, ResultCode.LIMIT_REACHED)
            assert late.recv(1) == b''
        running.start('sleeper')
    finally:
        for client in clients:
            client.close()
    wait_until(lambda: len(descriptors(running.popen.pid)) <= before + 5)
    assert still_serves(lab)


def test_out_of_descriptors_clients_wait_until_there_are_some(lab: Lab) -> None:
    gun = lab.folder / 'gun'
    running = lab.supervisor(SLEEPER, wrap=patched("""
        import socket
        def wrap(accept):
            def none_left(listener):
                if armed():
                    with open(f'{ARM}.tries', 'a') as tries:
                        tries.write('x')
                    raise OSError(24, 'Too many open files')
                return accept(listener)
            return none_left
        socket.socket.accept = wrap(socket.socket.accept)
        """, str(gun)))
    gun.touch()
    with connect(lab) as waiting:  # the kernel has taken it, the supervisor can't
        waiting.sendall(encode({'id': 1, 'op': 'status'}))
        tries = lab.folder / 'gun.tries'
        wait_until(lambda: tries.exists() and len(tries.read_text()) >= 3)
        assert lab.log().count('cannot take a client') == 1
        running.call('status')  # who is there already is served
        gun.unlink()
        assert decode(lines_of(waiting, 2)[1])['ok']


def test_a_client_that_is_gone_before_its_answer_harms_nobody(lab: Lab) -> None:
    running = lab.supervisor({'id': 'slow', 'cmd': ['/bin/sh', '-c', "trap '' INT; sleep 1000"],
                              'stop': {'sigterm_timeout': 0.2}})
    running.start('slow')
    with connect(lab) as conn:
        lines_of(conn, 1)
        conn.sendall(encode({'id': 1, 'op': 'stop', 'name': 'slow'}))
    running.wait_state('slow', State.STOPPED)
    assert still_serves(lab)
    assert 'defect' not in lab.log()


def test_a_socket_that_a_dead_supervisor_left_is_replaced(lab: Lab) -> None:
    running = lab.supervisor(SLEEPER)
    running.kill()
    assert (lab.instance_dir() / 'supervisor.sock').exists()
    lab.supervisor()
    assert still_serves(lab)


def test_a_path_may_be_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    folder = tmp_path / ('deep' * 30)
    folder.mkdir()
    lab = Lab(folder)
    try:
        lab.supervisor(SLEEPER)
        assert len(str(lab.instance_dir() / 'supervisor.sock')) > 150
        assert still_serves(lab)
    finally:
        lab.close()


def test_the_descriptors_of_clients_are_given_back(lab: Lab) -> None:
    running: Running = lab.supervisor(SLEEPER)
    before = descriptors(running.popen.pid)
    for _ in range(50):
        assert still_serves(lab)
    # The connection that brought the settings may still have been open before.
    wait_until(lambda: len(descriptors(running.popen.pid)) <= len(before))
