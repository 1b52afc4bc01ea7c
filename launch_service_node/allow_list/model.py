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
What an allow-list says, as values that can be sent as JSON and journaled.

Times are in seconds, sizes in bytes. `from_json` takes what another version of this
package wrote: keys it doesn't know are left out, keys that are missing have their default.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

NEVER = 'never'
ON_FAILURE = 'on-failure'
ALWAYS = 'always'

EXECUTABLE = 'executable'
LAUNCH_FILE = 'launch_file'
CMD = 'cmd'

_T = TypeVar('_T')


def _known(cls: type[_T], data: dict[str, Any]) -> _T:
    names = cls._fields  # type: ignore[attr-defined]
    return cls(**{key: value for key, value in data.items() if key in names})


class ArgumentSlot(NamedTuple):
    """
    An argument that a caller may give.

    :param pattern: a regular expression; the whole argument has to match it.
    :param required: whether a request without it is refused.
    :param repeated: whether it may be given more than once.
    """

    name: str
    pattern: str
    required: bool = False
    repeated: bool = False


class RestartSettings(NamedTuple):
    """
    When a process is started again by itself.

    :param policy: NEVER, ON_FAILURE or ALWAYS.
    :param delay: seconds before the first restart; each further one waits longer.
    :param max_delay: the most seconds that a restart waits.
    :param limit: restarts within `window` after which the process is FAILED; 0: no limit.
    :param window: seconds.
    :param stable_after: seconds of running after which the count and the delay start anew.
    """

    policy: str = NEVER
    delay: float = 1.0
    max_delay: float = 60.0
    limit: int = 5
    window: float = 60.0
    stable_after: float = 10.0


class StopSettings(NamedTuple):
    """
    The ladder SIGINT, SIGTERM, SIGKILL.

    :param sigterm_timeout: seconds from SIGINT to SIGTERM.
    :param sigkill_timeout: seconds from SIGTERM to SIGKILL.
    """

    sigterm_timeout: float = 5.0
    sigkill_timeout: float = 5.0


class LimitSettings(NamedTuple):
    """
    Resources that a process may use; None: no limit but the system's.

    :param memory: bytes.
    :param open_files: file descriptors of each process.
    :param processes: processes and threads.
    :param cpu: percent of one core; 200 is two cores.
    :param nice: -20 (first) to 19 (last).
    """

    memory: int | None = None
    open_files: int | None = None
    processes: int | None = None
    cpu: float | None = None
    nice: int | None = None


class ReadySettings(NamedTuple):
    """
    When a started process counts as ready: once everything that is given holds.

    With nothing given it is ready as soon as exec has succeeded.

    :param after: seconds that it has to stay alive.
    :param output: a regular expression to be found in a line of its output.
    :param node: name of a ROS node that has to be on the graph; may hold placeholders.
    :param notify: whether it says READY=1 on the socket in NOTIFY_SOCKET.
    :param timeout: seconds after which a process that isn't ready has failed.
    """

    after: float | None = None
    output: str | None = None
    node: str | None = None
    notify: bool = False
    timeout: float = 30.0


class Entry(NamedTuple):
    """
    An executable of the allow-list, ready to be turned into commands by `resolve`.

    :param id: what a request names; a ROS name token.
    :param kind: EXECUTABLE, LAUNCH_FILE or CMD.
    :param command: what it runs, for people, such as 'demo_nodes_cpp talker'.
    :param argv: absolute path and fixed arguments; may hold $(namespace) and $(name).
    :param checked_paths: files that nobody else may be able to replace.
    :param slots: arguments that a caller may give.
    :param cwd: fixed working directory; None: that of the caller, or the home folder.
    :param cwd_from_caller: whether a caller may choose the working directory.
    :param environment: variables to set; values may hold placeholders.
    :param environment_from_caller: names that a caller may set.
    :param pass_environment: names taken over from the instance's own environment.
    :param autostart: whether it is started together with the instance.
    :param user: who runs it; None: the user of the instance.
    :param source: 'file:line' where it is written.
    :param error: one line on why it could not be started when it was read; empty: it could.
    """

    id: str
    description: str = ''
    kind: str = EXECUTABLE
    command: str = ''
    argv: tuple[str, ...] = ()
    checked_paths: tuple[str, ...] = ()
    slots: tuple[ArgumentSlot, ...] = ()
    cwd: str | None = None
    cwd_from_caller: bool = False
    environment: dict[str, str] = {}
    environment_from_caller: tuple[str, ...] = ()
    pass_environment: tuple[str, ...] = ()
    restart: RestartSettings = RestartSettings()
    stop: StopSettings = StopSettings()
    limits: LimitSettings = LimitSettings()
    ready: ReadySettings = ReadySettings()
    autostart: bool = False
    labels: dict[str, str] = {}
    user: str | None = None
    source: str = ''
    error: str = ''

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain dict of JSON types."""
        data = self._asdict()
        for key in ('restart', 'stop', 'limits', 'ready'):
            data[key] = data[key]._asdict()
        data['slots'] = [slot._asdict() for slot in self.slots]
        return {key: list(value) if isinstance(value, tuple) else value
                for key, value in data.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Entry:
        """
        Return the entry that `to_json` made the dict of.

        :raises KeyError, TypeError: when it is none.
        """
        values = {'id': data['id'], **data}
        for key in ('argv', 'checked_paths', 'environment_from_caller', 'pass_environment'):
            values[key] = tuple(values.get(key, ()))
        values['slots'] = tuple(_known(ArgumentSlot, slot) for slot in values.get('slots', ()))
        values['restart'] = _known(RestartSettings, values.get('restart', {}))
        values['stop'] = _known(StopSettings, values.get('stop', {}))
        values['limits'] = _known(LimitSettings, values.get('limits', {}))
        values['ready'] = _known(ReadySettings, values.get('ready', {}))
        return _known(cls, values)


class Problem(NamedTuple):
    """
    Something that is wrong in an allow-list.

    :param line: counted from 1; 0: the file as a whole.
    :param entry: id of the entry concerned; empty: none, or it has no id.
    """

    file: str
    line: int
    entry: str
    message: str

    def __str__(self) -> str:
        where = f'{self.file}:{self.line}' if self.line else self.file
        return f"{where}: {f'entry {self.entry!r}: ' if self.entry else ''}{self.message}"


class AllowList(NamedTuple):
    """
    What was read: the entries by id, in their order, what is wrong, and the files.

    An entry with `error` is known but can't be started now; one that is written wrongly
    is among the problems only.
    """

    entries: dict[str, Entry] = {}
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain dict of JSON types."""
        return {
            'entries': [entry.to_json() for entry in self.entries.values()],
            'problems': [problem._asdict() for problem in self.problems],
            'files': list(self.files),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> AllowList:
        """
        Return the allow-list that `to_json` made the dict of.

        :raises KeyError, TypeError: when it is none.
        """
        entries = [Entry.from_json(entry) for entry in data.get('entries', ())]
        return cls(
            {entry.id: entry for entry in entries},
            tuple(_known(Problem, problem) for problem in data.get('problems', ())),
            tuple(data.get('files', ())))


def report(allow_list: AllowList) -> list[str]:
    """Return every complaint as 'file:line: entry 'id': message', one a line."""
    return [str(problem) for problem in allow_list.problems]
