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
The remote end of a life line: runs one command, and ends it when nobody is there any more.

This file is sent along with the command and runs on the machine under `python3 -ISE`:
the standard library of Python 3.8, nothing else of this package. It speaks frames on
stdin and stdout (one letter, four bytes of length, the payload); `process.py` is the
other side. One thread, no call that blocks: pings and signals are read also while
output is stuck, and output is no longer read while nobody takes it, so that nothing is
lost and memory stays small.

The end of stdin, or silence for longer than agreed, starts the ladder: SIGINT, SIGTERM,
SIGKILL to everybody below. As their subreaper this process finds also those who left
the group. The command itself stays a zombie till all are gone, so its pid is nobody
else's.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import time

HEAD = struct.Struct('>cI')

#: To the watchdog.
START, INPUT, INPUT_END, PING, SIGNAL, STOP = b'S', b'I', b'E', b'P', b'G', b'T'
#: From it.
STARTED, FAILED, OUT, ERR, EXIT, PONG, CREDIT = b'R', b'F', b'O', b'X', b'Z', b'p', b'C'

#: Comes before the first frame, with the word that the other side chose: a login shell
#: may have said something before.
HELLO = '\0launch_service_node %s\0'

#: Bytes of input that may be under way.
WINDOW = 1 << 18

#: Seconds from SIGKILL to giving up.
LAST_WAIT = 5.0

_BLOCK = 1 << 16
_MOST_UNSENT = 1 << 18
_STEP = 0.05
_PR_SET_CHILD_SUBREAPER = 36

_SOURCE = 'exec 3>&1 1>&2\n%s\nexec /bin/cat /proc/self/environ >&3'


def encode(text):
    """Return the bytes of a file name or an argument, whatever the locale is."""
    return text.encode('utf-8', 'surrogateescape')


class Link:
    """Frames over two descriptors that never block."""

    def __init__(self, read_fd, write_fd):
        self.read_fd, self.write_fd = read_fd, write_fd
        self.unsent = bytearray()
        self.deaf = False
        self._received = bytearray()
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    @property
    def full(self):
        """Say whether nothing more should be read that has to be sent."""
        return len(self.unsent) >= _MOST_UNSENT

    def send(self, kind, payload=b''):
        """Queue a frame; forget it when nobody listens."""
        if not self.deaf:
            self.unsent += HEAD.pack(kind, len(payload)) + payload

    def say(self, frame, **facts):
        """Queue a frame of facts."""
        self.send(frame, json.dumps(facts).encode())

    def flush(self):
        """Send what can be sent; False when nobody is there to take it."""
        while self.unsent:
            try:
                sent = os.write(self.write_fd, self.unsent[:_BLOCK])
            except BlockingIOError:
                break
            except OSError:
                return False
            del self.unsent[:sent]
        return True

    def receive(self):
        """Return the frames that have come, None at the end of them."""
        try:
            data = os.read(self.read_fd, _BLOCK)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        self._received += data
        frames = []
        while len(self._received) >= HEAD.size:
            kind, length = HEAD.unpack_from(self._received)
            if len(self._received) < HEAD.size + length:
                break
            frames.append((kind, bytes(self._received[HEAD.size:HEAD.size + length])))
            del self._received[:HEAD.size + length]
        return frames

    def hang_up(self):
        """Talk to nobody from now on."""
        self.deaf = True
        self.unsent.clear()


def read_stat(pid):
    """Return state, parent, group and start time of a process, None when there is none."""
    try:
        with open('/proc/%d/stat' % pid, 'rb') as file:
            data = file.read()
    except OSError:
        return None
    fields = data[data.rindex(b')') + 2:].split()
    return fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[19])


def descendants():
    """Return what is below this process: pid to its stat, zombies included."""
    everybody = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            stat = read_stat(int(name))
            if stat is not None:
                everybody[int(name)] = stat
    children = {}
    for pid, stat in everybody.items():
        children.setdefault(stat[1], []).append(pid)
    found, queue = {}, [os.getpid()]
    while queue:
        for pid in children.get(queue.pop(), ()):
            found[pid] = everybody[pid]
            queue.append(pid)
    return found


def send_to(pid, start, number):
    """Signal the process that has this pid and start time, if it still lives."""
    try:
        fd = os.pidfd_open(pid) if hasattr(signal, 'pidfd_send_signal') else -1
    except OSError:
        return
    try:
        stat = read_stat(pid)
        if stat is not None and stat[3] == start:
            if fd >= 0:
                signal.pidfd_send_signal(fd, number)
            else:
                os.kill(pid, number)
    except OSError:
        pass  # gone, or another user's: who is left is told in the end
    finally:
        if fd >= 0:
            os.close(fd)


def spawn(argv, env, cwd, fds, terminal):
    """Fork and exec; return the pid, and a descriptor that says what went wrong, or ends."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write_fd)
        os.set_blocking(read_fd, False)
        return pid, read_fd
    kind = 'exec'
    try:
        os.setsid()
        if terminal:
            fcntl.ioctl(fds[0], termios.TIOCSCTTY, 0)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                pass  # the C library keeps it for itself
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if cwd:
            kind = 'folder'
            os.chdir(cwd)
            kind = 'exec'
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        os.write(write_fd, json.dumps({'kind': kind, 'errno': error.errno}).encode())
    finally:
        os._exit(127)


class Watchdog:
    """
    One command and everything below it.

    :ivar why: what started the ladder, empty as long as nothing did.
    """

    def __init__(self, link):
        self.link = link
        self.order = None
        self.main = None
        self.status = None
        self.setting_up = False
        self.why = ''
        self.done = False
        self._environment = bytearray()
        self._streams = {}
        self._exec_fd = -1
        self._error = None
        self._input_fd = -1
        self._input = bytearray()
        self._input_ends = False
        self._rungs = []
        self._deadline = 0.0
        self._number = 0
        self._caught = 0
        self._quiet = False
        self._looked = 0.0
        self._heard = time.monotonic()
        self._wake_fd, wake = os.pipe()
        os.set_blocking(self._wake_fd, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, lambda number, _: setattr(self, '_caught', number))

    def run(self):
        """Serve until all is over."""
        while not self.done or self.link.unsent:
            self.turn()

    def turn(self):
        """Wait for what happens next, and deal with it."""
        poll = select.poll()
        # Of a closed pipe, poll says so whether asked or not.
        if not self.link.deaf:
            poll.register(self.link.read_fd, select.POLLIN)
            poll.register(self.link.write_fd, select.POLLOUT if self.link.unsent else 0)
        poll.register(self._wake_fd, select.POLLIN)
        if not self.link.full:
            for fd in self._streams:
                poll.register(fd, select.POLLIN)
        if self._exec_fd >= 0:
            poll.register(self._exec_fd, select.POLLIN)
        if self._input_fd >= 0 and self._input:
            writing = self._input_fd
            poll.register(writing, select.POLLOUT | (
                select.POLLIN if writing in self._streams and not self.link.full else 0))
        events = dict(poll.poll(1000 * self._patience()))
        self._quiet = not self.link.full and not any(fd in events for fd in self._streams)
        if self._wake_fd in events:
            os.read(self._wake_fd, _BLOCK)
        if self._caught:
            self.stop('signal %d' % self._caught)
            self._caught = 0
        if self.link.read_fd in events:
            self._receive()
        if self._exec_fd in events:
            self._executed()
        for fd in [fd for fd in self._streams if fd in events]:
            self._read(fd)
        if self._input_fd in events or self._input_ends:
            self._write()
        gone = select.POLLERR | select.POLLHUP | select.POLLNVAL
        if not self.link.flush() or events.get(self.link.write_fd, 0) & gone:
            self._lost('the connection is gone')
        self._watch(time.monotonic())

    def _patience(self):
        if self._number or self.status is not None:
            return _STEP
        silence = self.order['silence'] if self.order else 0
        return min(1.0, max(_STEP, silence / 4)) if silence else 1.0

    def _watch(self, now):
        silence = self.order['silence'] if self.order else 60.0
        if silence and now - self._heard > silence and not self.link.deaf:
            self._lost('silence')
        if self.main is None or self.done:
            return
        if self.status is None:
            self.status = os.waitid(os.P_PID, self.main,
                                    os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if self.status is None and not self._number:
                return
        if now - self._looked < _STEP / 2:
            return  # looking at everybody costs more than a block of output
        self._looked = now
        alive = self._alive()
        if self.status is not None and self._over(alive, now):
            self._finish(alive)
        elif self._rungs and now >= self._deadline:
            self._climb(now)
        elif self._number == signal.SIGKILL:
            self._signal(signal.SIGKILL)  # those who were forked meanwhile

    def _alive(self):
        alive = {}
        for pid, stat in descendants().items():
            if stat[0] not in 'ZX':
                alive[pid] = stat
            elif stat[1] == os.getpid() and pid != self.main:
                os.waitpid(pid, os.WNOHANG)
        return alive

    def _over(self, alive, now):
        # The command has ended. The set-up's helpers are the command's, too.
        if self._exec_fd >= 0:
            return False
        if self.setting_up and not self._rungs:
            return self._quiet
        if self.order['rest'] == 'leave' and not self.why:
            return self._quiet
        if alive:
            if not self._number:
                self.stop('')
            # SIGKILL was sent, and the last wait is over.
            return self._number == signal.SIGKILL and now >= self._deadline
        if not self._streams or self.link.deaf:
            return True
        # Somebody outside may hold the other end; nobody inside does.
        self._deadline = self._deadline or now + LAST_WAIT
        return self._quiet and now >= self._deadline

    def _finish(self, alive):
        status, self.status = self.status, None
        os.waitpid(self.main, 0)
        self.main = None
        for fd in list(self._streams):
            self._end(fd)
        if self._error is not None:
            self.link.say(FAILED, **self._error)
        elif self.setting_up and not self.why:
            self.setting_up = False
            self._sourced(status)
            return
        else:
            exited = status.si_code == os.CLD_EXITED
            self.link.say(EXIT, code=status.si_status if exited else None,
                          signal=None if exited else status.si_status, why=self.why,
                          left=[] if self.order['rest'] == 'leave' and not self.why
                          else sorted(alive))
        self.done = True

    def stop(self, why, rungs=None):
        """Begin the ladder, or take its next rung at once; rungs: (signal, seconds)."""
        self.why = self.why or why
        if self.main is None:
            self.done = True
            return
        if rungs is not None or not self._number:
            rungs = self.order['ladder'] if rungs is None else rungs
            self._rungs = [*rungs, (signal.SIGKILL, LAST_WAIT)]
        self._climb(time.monotonic())

    def _climb(self, now):
        if self._rungs:
            self._number, wait = self._rungs.pop(0)
            self._deadline = now + wait
            self._signal(self._number)
            if self._number != signal.SIGKILL:
                self._signal(signal.SIGCONT)  # or it waits for that

    def _signal(self, number):
        try:
            os.killpg(self.main, number)
        except OSError:
            pass  # nobody left in it
        for pid, stat in descendants().items():
            if stat[2] != self.main and stat[0] not in 'ZX':
                send_to(pid, stat[3], number)

    def _lost(self, why):
        if not self.link.deaf:
            self.link.hang_up()
            if not self._number:
                self.stop(why)

    def _receive(self):
        frames = self.link.receive()
        if frames is None:
            self._lost('the connection is closed')
            return
        self._heard = time.monotonic()
        for kind, payload in frames:
            if kind == START:
                self.order = json.loads(payload)
                self._start()
            elif kind == INPUT:
                self._input += payload
                if self._input_fd < 0 and not self.setting_up and self._exec_fd < 0:
                    self._drop_input()
            elif kind == INPUT_END:
                self._input_ends = True
            elif kind == PING:
                self.link.send(PONG, payload)
            elif kind == SIGNAL and self.main is not None and not self.setting_up:
                try:
                    os.killpg(self.main, payload[0])
                except OSError:
                    pass  # it has just ended
            elif kind == STOP:
                self.stop('asked', json.loads(payload)['ladder'])

    def _start(self):
        setup = [path if path.startswith('/') else './' + path for path in self.order['setup']]
        if not setup:
            self._run(dict(os.environb))
            return
        for path in setup:
            if not os.access(encode(path), os.R_OK) or os.path.isdir(encode(path)):
                self._fail(kind='setup', name=path)
                return
        self.setting_up = True
        lines = '\n'.join(". '%s'" % path.replace("'", "'\\''") for path in setup)
        read_fd, write_fd = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        self._launch([self.order['shell'], '-c', _SOURCE % lines], dict(os.environb), None,
                     (null, write_fd, self._pipe(ERR)), False)
        self._add(read_fd, None)

    def _sourced(self, status):
        entries = [one.split(b'=', 1) for one in bytes(self._environment).split(b'\0')
                   if b'=' in one]
        if status.si_code != os.CLD_EXITED or status.si_status or not entries:
            self._fail(kind='sourcing', name=self.order['setup'][-1], status=status.si_status)
            return
        self._run({key: value for key, value in entries if key not in (b'_', b'OLDPWD')})

    def _run(self, env):
        order = self.order
        env.update((encode(key), encode(value)) for key, value in order['env'].items())
        cwd = encode(order['cwd']) if order['cwd'] else None
        if cwd:
            env.pop(b'PWD', None)
        if order['pty']:
            ours, theirs = os.openpty()
            fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack('HHHH', *order['pty'], 0, 0))
            self._add(ours, OUT)
            self._input_fd = ours
            fds = (theirs, theirs, theirs)
        else:
            if order['stdin']:
                theirs, self._input_fd = os.pipe()
                os.set_blocking(self._input_fd, False)
            else:
                theirs = os.open(os.devnull, os.O_RDONLY)
            fds = (theirs, self._pipe(OUT), self._pipe(ERR))
        self._launch(order['argv'], env, cwd, fds, bool(order['pty']))

    def _launch(self, argv, env, cwd, fds, terminal):
        try:
            self.main, self._exec_fd = spawn([encode(one) for one in argv], env, cwd, fds,
                                             terminal)
        except OSError as error:
            self._fail(kind='exec', name=argv[0], errno=error.errno,
                       text=os.strerror(error.errno))
        for fd in set(fds):
            os.close(fd)

    def _executed(self):
        data = os.read(self._exec_fd, _BLOCK)
        os.close(self._exec_fd)
        self._exec_fd = -1
        if not data:
            if not self.setting_up:
                self.link.say(STARTED, pid=self.main)
            return
        error = json.loads(data)
        name = self.order['shell' if self.setting_up else 'argv']
        name = name if self.setting_up else name[0]
        if error['kind'] == 'folder':
            name = self.order['cwd']
        elif error['errno'] == errno.ENOENT and (self.setting_up or os.path.exists(encode(
                os.path.join(self.order['cwd'] or '', name))) and '/' in name):
            error['kind'] = 'interpreter'
        self._error = dict(error, name=name, text=os.strerror(error['errno']))

    def _fail(self, **facts):
        self.link.say(FAILED, **facts)
        self.done = True

    def _pipe(self, kind):
        read_fd, write_fd = os.pipe()
        self._add(read_fd, kind)
        return write_fd

    def _add(self, fd, kind):
        os.set_blocking(fd, False)
        self._streams[fd] = kind

    def _read(self, fd):
        try:
            data = os.read(fd, _BLOCK)
        except BlockingIOError:
            return
        except OSError:
            data = b''  # a terminal's way to say so
        if not data:
            self._end(fd)
        elif self._streams[fd] is None:
            self._environment += data
        else:
            self.link.send(self._streams[fd], data)

    def _end(self, fd):
        del self._streams[fd]
        if fd == self._input_fd:
            self._input_fd = -1
            self._drop_input()
        os.close(fd)

    def _drop_input(self):
        if self._input:
            self.link.send(CREDIT, struct.pack('>I', len(self._input)))
            self._input.clear()

    def _write(self):
        if self._input_fd < 0:
            return
        if self._input:
            try:
                sent = os.write(self._input_fd, self._input[:_BLOCK])
            except BlockingIOError:
                return
            except OSError:
                # The command reads no further; that is its own affair.
                if self._input_fd not in self._streams:
                    os.close(self._input_fd)
                    self._input_fd = -1
                self._drop_input()
                return
            del self._input[:sent]
            self.link.send(CREDIT, struct.pack('>I', sent))
        if self._input_ends and not self._input:
            self._input_ends = False
            if self._input_fd in self._streams:
                self._input += b'\x04'  # a terminal's own way; costs no credit worth counting
            else:
                os.close(self._input_fd)
                self._input_fd = -1


def main(word):
    """Be the watchdog."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass  # without it, those who leave both group and parent are not found
    os.write(1, (HELLO % word).encode())
    Watchdog(Link(0, 1)).run()
    sys.exit(0)
