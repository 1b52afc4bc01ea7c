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

"""A process on a machine, bound to the launch."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
import logging
import signal
from typing import Any, TypeAlias

from launch import Action, LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.actions import ExecuteLocal, ExecuteProcess
from launch.conditions import evaluate_condition_expression
from launch.descriptions import Executable
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import (
    ProcessExited,
    ProcessIO,
    ShutdownProcess,
    SignalProcess,
)
from launch.frontend import Entity, expose_action, Parser
import launch.logging
from launch.substitutions import LaunchConfiguration
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..errors import InvalidRequest
from ..machines import find_machine, pool_of, SomeMachine
from ..machines.values import flag, keep, number, Value, Variables, whole
from ..ssh.command import Command
from ..ssh.host import Host
from ..ssh.places import readable
from .execute_remote_events import Hearing, OutputHandled
from .execute_remote_output import Lines
from .execute_remote_parse import parse_remote
from .execute_remote_run import Plan, Run

#: Rows and columns of an emulated terminal.
_TERMINAL = (24, 80)

#: As ExecuteProcess has them: seconds, of this launch.
_SIGTERM_TIMEOUT = LaunchConfiguration('sigterm_timeout', default='5')
_SIGKILL_TIMEOUT = LaunchConfiguration('sigkill_timeout', default='5')

Cmd: TypeAlias = Executable | Iterable[SomeSubstitutionsType]


@expose_action('execute_remote')
class ExecuteRemote(ExecuteProcess):
    """
    Runs a command on a machine, as ExecuteProcess does here; it dies with the launch.

    It emits and hears the stock events, and stock event handlers take it. Differences to
    ExecuteProcess:

    - `pid` is that on the machine.
    - Nothing of this side's environment goes there. `env` and `additional_env` are added
      to what the login, the set-up scripts and the machine's `env` give.
    - `cwd` is relative to the home folder there, which is the default.
    - Who is stopped is stopped with all that it started.
    - An event ProcessStdin reaches the process; an empty text ends its input.
    - With `emulate_tty` all output comes as stdout: there is one terminal.
    - If it can't be started, or the link dies: one line in the log, ProcessExited with
      return code 255, and `respawn` holds, except where starting once more can't help.
    - Who can't be ended there, as another user's process, has return code 255 too, and is
      not started again.

    All arguments take substitutions but `output_format` and `on_exit`.

    :param cmd: program and arguments, or an Executable.
    :param machine: a machine, or the name that one was declared by; default: the default
        machine of this group or file.
    :param persistent_connection: whether the connection stays for later actions.
    :param silence: seconds without a sign of life after which the process is ended there
        and its exit is told here; default: as the machine has it.
    :param output_format: as in ExecuteLocal; `this.machine_name` is the machine.
    """

    def __init__(
        self, *,
        cmd: Cmd,
        machine: SomeMachine | None = None,
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Variables | None = None,
        additional_env: Variables | None = None,
        shell: Value = False,
        sigterm_timeout: Value = _SIGTERM_TIMEOUT,
        sigkill_timeout: Value = _SIGKILL_TIMEOUT,
        emulate_tty: Value = False,
        output: SomeSubstitutionsType | dict[str, Any] = 'log',
        output_format: str = '[{this.machine_name}/{this.process_description.final_name}] {line}',
        cached_output: Value = False,
        log_cmd: Value = False,
        respawn: Value = False,
        respawn_delay: Value = 0.0,
        respawn_max_retries: Value = -1,
        silence: Value | None = None,
        persistent_connection: Value = True,
        on_exit: Any = None,
        **kwargs: Any,
    ) -> None:
        """
        Keep what is to run; nothing happens before it is executed.

        :raises TypeError: an Executable comes with what it should have been made with.
        """
        described = {'prefix': prefix, 'name': name, 'cwd': cwd, 'env': env,
                     'additional_env': additional_env}
        if isinstance(cmd, Executable):
            doubled = [one for one, value in described.items() if value is not None]
            if doubled:
                raise TypeError(f'{", ".join(doubled)}: give these to the Executable')
        else:
            cmd = Executable(cmd=cmd, **described)
        # Not that of ExecuteProcess, which only makes the Executable.
        ExecuteLocal.__init__(
            self, process_description=cmd, shell=shell, sigterm_timeout=keep(sigterm_timeout),
            sigkill_timeout=keep(sigkill_timeout), emulate_tty=emulate_tty, output=output,
            output_format=output_format, cached_output=cached_output, log_cmd=log_cmd,
            on_exit=on_exit, **kwargs)
        self._machine = machine
        self._flags = {
            name: keep(value) for name, value in {
                'shell': shell, 'emulate_tty': emulate_tty, 'cached_output': cached_output,
                'log_cmd': log_cmd, 'respawn': respawn,
                'persistent_connection': persistent_connection}.items()}
        self._times = {
            name: keep(value) for name, value in {
                'sigterm_timeout': sigterm_timeout, 'sigkill_timeout': sigkill_timeout,
                'respawn_delay': respawn_delay, 'silence': silence}.items()}
        self._respawn_max_retries = keep(respawn_max_retries)
        self._output_format = output_format
        self._on_exit = on_exit
        self._host: Host | None = None
        self._plan: Plan | None = None
        self._run: Run | None = None
        self._executed = False
        self._lines: dict[str, Lines] = {}

    @classmethod
    def parse(cls, entity: Entity, parser: Parser, ignore: list[str] | None = None
              ) -> tuple[type[ExecuteRemote], dict[str, Any]]:
        """
        Return the class and its arguments, from XML or YAML.

        :param ignore: arguments that a derived class reads by itself.
        """
        _, kwargs = Action.parse(entity, parser)
        return cls, {**kwargs, **parse_remote(entity, parser, ignore or ())}

    def make_command(self, host: Host, argv: tuple[str, ...], **fields: Any) -> Command:
        """
        Return what runs on the machine; for derived classes to add to it.

        :param fields: of the Command, as the arguments of the action say.
        :raises LaunchServiceError: it can't be right.
        """
        return host.command(argv, **fields)

    def prepare(self, context: LaunchContext) -> None:
        """Perform the substitutions, and find the machine."""
        description = self.process_description
        description.prepare(context, self)
        name = description.final_name
        self._host = host = find_machine(context, self._machine).host(context)
        flags = {one: flag(context, kept, f'{one} of {name}')
                 for one, kept in self._flags.items()}
        times = {one: number(context, kept, f'{one} of {name}')
                 for one, kept in self._times.items()}
        negative = [one for one, seconds in times.items() if seconds is not None and seconds < 0]
        if negative:
            raise InvalidRequest(f'{negative[0]} of {name} has to be 0 seconds or more')
        if 'emulate_tty' in context.launch_configurations:
            flags['emulate_tty'] = evaluate_condition_expression(
                context, normalize_to_list_of_substitutions(
                    context.launch_configurations['emulate_tty']))
        argv = tuple(description.final_cmd)
        if flags['shell']:
            argv = ('/bin/sh', '-c', ' '.join(argv))
        env = self._environment(context)
        respawn_delay = times.pop('respawn_delay') or 0.0
        command = self.make_command(
            host, argv, env=env, cwd=description.final_cwd, stdin=True,
            pty=_TERMINAL if flags['emulate_tty'] else None,
            **{one: seconds for one, seconds in times.items() if seconds is not None})
        pool = pool_of(context, flags['persistent_connection'])
        retries = whole(context, self._respawn_max_retries, f'respawn_max_retries of {name}')
        self._plan = Plan(
            command, lambda: pool.open_session(host.target),
            details={'action': self, 'name': name, 'env': dict(command.env),
                     'cmd': [readable(word) for word in description.final_cmd],
                     'cwd': description.final_cwd},
            respawn=flags['respawn'], respawn_delay=respawn_delay,
            respawn_max_retries=-1 if retries is None else retries)
        self._set_up_output(context, flags['cached_output'])
        if flags['log_cmd']:
            self._logger().info(
                f"process details: cmd='{' '.join(self._plan.details['cmd'])}', "
                f"cwd='{description.final_cwd}', custom_env?={bool(env)}")

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """
        Have it started, and hear what concerns it from then on.

        :raises InvalidRequest: there is no such machine, or an argument can't be right.
        """
        if self._executed:
            raise RuntimeError(f'{self.describe()} was executed already: make another one')
        self._executed = True
        self.prepare(context)
        if context.is_shutdown:
            return None
        assert self._plan
        self._run = run = Run(self._plan, context, self._logger())
        # Launch asks the last one first: all output is written before `on_exit` happens.
        for handler in (
                OnProcessExit(target_action=self, on_exit=self._on_exit),
                Hearing(ProcessExited, self._hear_exit),
                Hearing(ProcessIO, self._hear_io),
                Hearing(ShutdownProcess, self._hear_stop),
                Hearing(SignalProcess, self._hear_signal),
                Hearing(Shutdown, lambda _: run.stop()),
                Hearing(OutputHandled, run.hear)):
            context.register_event_handler(handler)
        run.start()
        return None

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return what launch waits for."""
        return self._run.completed if self._run else None

    def get_stdout(self) -> str:
        """
        Return all that it wrote so far.

        :raises RuntimeError: `cached_output` is false.
        """
        return self._cached('stdout')

    def get_stderr(self) -> str:
        """
        Return all that it wrote to stderr so far.

        :raises RuntimeError: `cached_output` is false.
        """
        return self._cached('stderr')

    @property
    def machine_name(self) -> str:
        """Return what the machine is called, when that is known."""
        return str(self._host) if self._host else ''

    @property
    def process_details(self) -> Mapping[str, Any] | None:
        """Return name, pid (0 until it runs), cmd and so on; None before it is executed."""
        return self._plan.details if self._plan else None

    @property
    def return_code(self) -> int | None:
        """Return that of its last run; 255: the machine told none; None: it has not ended."""
        return self._run.returncode if self._run else None

    @property
    def env(self) -> Mapping[str, str] | None:
        """Return what is added to the environment there; None before it is executed."""
        return self._plan.details['env'] if self._plan else None

    def _environment(self, context: LaunchContext) -> dict[str, str]:
        # `final_env` starts from this side's environment, which means nothing there.
        description = self.process_description
        names = (perform_substitutions(context, name) for name, _ in (
            *(description.env or ()), *(description.additional_env or ())))
        return {name: description.final_env[name] for name in names}

    def _logger(self) -> Any:
        return launch.logging.get_logger(
            f'{self.machine_name}/{self.process_description.final_name}')

    def _set_up_output(self, context: LaunchContext, cached: bool) -> None:
        output = self.output  # as the environment overrides it, if it does
        loggers = launch.logging.get_output_loggers(
            self.process_description.final_name,
            output if isinstance(output, dict) else perform_substitutions(context, output))
        self._lines = {
            stream: Lines(partial(self._write_line, logger), cached)
            for stream, logger in zip(('stdout', 'stderr'), loggers, strict=True)}
        self._cached_output = cached

    def _write_line(self, logger: logging.Logger, line: str) -> None:
        logger.info(self._output_format.format(line=line, this=self))

    def _cached(self, stream: str) -> str:
        if not self._lines or not self._cached_output:
            raise RuntimeError(f'the output of {self.name} is not kept: give cached_output=True')
        return self._lines[stream].text()

    def _hear_io(self, event: ProcessIO) -> None:
        if event.action is not self:
            return
        if event.from_stdin:
            assert self._run
            self._run.write(event.text)
        else:
            self._lines['stdout' if event.from_stdout else 'stderr'].add(event.text)

    def _hear_exit(self, event: ProcessExited) -> None:
        if event.action is self:
            for lines in self._lines.values():
                lines.flush()

    def _hear_stop(self, event: ShutdownProcess) -> None:
        if event.process_matcher(self):
            assert self._run
            self._run.stop()

    def _hear_signal(self, event: SignalProcess) -> None:
        if event.process_matcher(self):
            assert self._run
            self._run.send_signal(signal.Signals[event.signal_name])
