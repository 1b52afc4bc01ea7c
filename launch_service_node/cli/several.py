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

"""Work on several things gives an outcome for each; one failure hides none."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
import signal
import threading
from typing import Any, Generic, TypeVar

from ..client.records import Record
from ..errors import LaunchServiceError, ResultCode
from ..inbox import Inbox, not_ignored, Signal
from .backend import Selection
from .exit_codes import exit_code_of
from .options import UsageError
from .output import complain, Output, result
from .text import describe, named

MAX_AT_ONCE = 32

Thing = TypeVar('Thing')
Value = TypeVar('Value')


class Outcome(Generic[Thing, Value]):
    """What became of one of several: a value, or the error why not."""

    def __init__(self, thing: Thing, value: Value | None = None,
                 error: LaunchServiceError | None = None) -> None:
        self.thing = thing
        self.value = value
        self.error = error

    @property
    def code(self) -> ResultCode:
        """The code of the error, or OK."""
        return self.error.code if self.error else ResultCode.OK

    def document(self, **fields: Any) -> dict[str, Any]:
        """Return it as --json shows it."""
        return result(self.code, self.error.message if self.error else '', **fields)


def each(things: Iterable[Thing],
         act: Callable[[Thing], Value]) -> list[Outcome[Thing, Value]]:
    """Do something with each thing at the same time; return the outcomes in their order."""
    def attempt(thing: Thing) -> Outcome[Thing, Value]:
        try:
            return Outcome(thing, value=act(thing))
        except LaunchServiceError as error:
            return Outcome(thing, error=error)

    things = list(things)
    if len(things) < 2:
        return [attempt(thing) for thing in things]
    # Not a ThreadPoolExecutor: Python would wait for its threads, also after Ctrl-C, when
    # the answers don't matter any more.
    waiting = deque(enumerate(things))
    outcomes: dict[int, Outcome[Thing, Value]] = {}
    with Inbox[tuple[int, Future[Outcome[Thing, Value]]]](
            *not_ignored(signal.SIGINT)) as inbox:
        def work() -> None:
            while True:
                try:
                    number, thing = waiting.popleft()
                except IndexError:
                    return
                done: Future[Outcome[Thing, Value]] = Future()
                try:
                    done.set_result(attempt(thing))
                except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                    done.set_exception(error)
                inbox.put((number, done))

        try:
            for _ in range(min(MAX_AT_ONCE, len(things))):
                threading.Thread(target=work, name='launch-service', daemon=True).start()
            while len(outcomes) < len(things) and not inbox.signalled():
                news = inbox.get()
                if not isinstance(news, Signal):
                    number, done = news
                    outcomes[number] = done.result()
        finally:
            waiting.clear()
    if inbox.signalled():
        raise KeyboardInterrupt
    return [outcomes[number] for number in range(len(things))]


def code_of_all(outcomes: Sequence[Outcome[Any, Any]]) -> ResultCode:
    """Return the code of the first failure, or OK."""
    return next((outcome.code for outcome in outcomes if outcome.error), ResultCode.OK)


def selections(words: Sequence[str], args: argparse.Namespace) -> list[Selection]:
    """
    Return which processes a verb means, one for each name.

    :raises UsageError: when the command line names none.
    """
    process_id = args.id or 0
    launch_id = getattr(args, 'launch_id', '')
    if not words and not process_id and not launch_id:
        raise UsageError('say which process: a name, or --id')
    return [Selection(name, process_id, launch_id) for name in words or ['']]


def _processes(outcome: Outcome[Any, list[Record]]) -> list[Record]:
    """Return the processes concerned, also those of a request that failed."""
    if outcome.error is None:
        return outcome.value or []
    told: Any = outcome.error.facts.get('processes', [])
    return list(told)


def tell_processes(out: Output, namespace: str,
                   outcomes: Sequence[Outcome[Selection, list[Record]]],
                   say: Callable[[Record], str] = describe) -> int:
    """
    Print what became of the processes of each selection, and return the exit code.

    :param say: the line for a process.
    """
    parts, processes = [], []
    for outcome in outcomes:
        found = _processes(outcome)
        processes += [process for process in found if process not in processes]
        parts.append(outcome.document(selection=str(outcome.thing),
                                      processes=[named(process) for process in found]))
        if outcome.error:
            complain(outcome.error.message)
    code = code_of_all(outcomes)
    message = next((outcome.error.message for outcome in outcomes if outcome.error), '')
    out.done(result(code, message, namespace=namespace, outcomes=parts),
             (say(process) for process in processes))
    return exit_code_of(code)
