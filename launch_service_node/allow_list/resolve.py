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
A request to a command, or a refusal. Pure: it looks at no file and at no clock.

What a caller gives is never expanded, split or joined: an argument of a request is one
argument of the command, and it is there because it matches a slot as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
import re
from typing import NamedTuple

from ..errors import InvalidRequest, NotAllowed, ProcessError, ResultCode
from .forbidden import why_forbidden
from .model import ArgumentSlot, Entry

MAX_LENGTH = 4096  # characters of an argument, a value, a path
MAX_COUNT = 64  # arguments; and variables
MAX_TOTAL = 16384  # characters of all arguments: a pattern may take time by their square
SHOWN = 60  # characters of a caller's text that a message repeats

ANY_NAME = '*'  # in environment_from_caller, for allow_any only: reading.py never lets it in

_VARIABLE_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
_PLACEHOLDER = re.compile(r'\$\((namespace|name)\)(/?)')
_NEVER = re.compile('[\x00\r\n]')
_GROUP = re.compile(r'(?<!\\)\(\?[a-z-]*:')  # the : of (?:=.*)? is no text


class Command(NamedTuple):
    """
    What to execute.

    :param argv: absolute path of the executable, and its arguments.
    :param environment: the whole environment when `base` was given to `resolve`, else
        what comes on top of it.
    :param cwd: absolute working directory; None: nobody said, so the home folder.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    cwd: str | None


def shown(text: str) -> str:
    """Return text as it may appear in a message: quoted, escaped, at most SHOWN characters."""
    return ascii(text if len(text) <= SHOWN else text[:SHOWN - 1] + '~')


def expand(text: str, namespace: str, name: str) -> str:
    """
    Put the namespace of the instance and the name of the process for their placeholders.

    In the root namespace `$(namespace)/arm` is `/arm`, not `//arm`.
    """
    def value(match: re.Match[str]) -> str:
        if match[1] == 'name':
            return name + match[2]
        return '/' if namespace == '/' else namespace + match[2]

    return _PLACEHOLDER.sub(value, text)


def resolve(
    entry: Entry,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    namespace: str = '/',
    name: str = '',
    *,
    base: Mapping[str, str] | None = None,
    own: Mapping[str, str] | None = None,
) -> Command:
    """
    Return the command that a request for an entry means.

    A variable of the request beats one that the entry sets, which beats one that it
    takes over from the instance (`pass_environment`), which beats the base environment.

    :param args: arguments of the caller; they come after the fixed ones.
    :param env: variables of the caller.
    :param cwd: working directory of the caller; empty or None: none.
    :param namespace: of the instance, with its leading slash.
    :param name: of the process.
    :param base: the clean environment, from `base_environment`; default: empty.
    :param own: the instance's own environment, for `pass_environment`; default: empty.
    :raises InvalidRequest: INVALID_REQUEST, REQUEST_TOO_LARGE.
    :raises NotAllowed: ARGUMENT_NOT_ALLOWED, ENVIRONMENT_NOT_ALLOWED, CWD_NOT_ALLOWED.
    :raises ProcessError: EXECUTABLE_UNUSABLE, when the entry knows no executable.
    """
    env = env or {}
    _check_count(args, 'arguments')
    _check_count(env, 'variables')
    for number, argument in enumerate(args, 1):
        _check_text(argument, f'argument {number}')
    total = sum(map(len, args))
    if total > MAX_TOTAL:
        raise InvalidRequest(
            f'arguments of {total} characters together; at most {MAX_TOTAL} are taken',
            ResultCode.REQUEST_TOO_LARGE)
    assign(args, entry.slots)
    _check_environment(entry, env)

    if not entry.argv:
        raise ProcessError(entry.error or 'it has no executable', ResultCode.EXECUTABLE_UNUSABLE)
    environment = dict(base or {})
    environment.update((key, own[key]) for key in entry.pass_environment if own and key in own)
    environment.update(
        (key, expand(value, namespace, name)) for key, value in entry.environment.items())
    environment.update(env)
    fixed = tuple(expand(word, namespace, name) for word in entry.argv)
    return Command(fixed + tuple(args), environment, _cwd(entry, cwd or '', namespace, name))


def assign(args: Sequence[str], slots: Sequence[ArgumentSlot]) -> list[int]:
    """
    Return for each argument the index of the slot that it goes into.

    An argument may match several slots: if there is a way to place all arguments and to
    fill all required slots, it is found.

    :raises NotAllowed: ARGUMENT_NOT_ALLOWED, when there is none.
    """
    fits = [[index for index, slot in enumerate(slots) if _fits(argument, slot)]
            for argument in args]
    for argument, indices in zip(args, fits, strict=True):
        if not indices:
            raise NotAllowed(
                f'argument {shown(argument)} fits no slot; {_slots_in_words(slots)}'
                + (', and := only where the pattern has it' if slots and ':=' in argument else ''),
                ResultCode.ARGUMENT_NOT_ALLOWED)
    placed: dict[int, int] = {}  # argument -> slot
    taken: dict[int, int] = {}  # slot -> the one argument that fills it

    def fill(slot: int, seen: set[int]) -> bool:
        for argument, indices in enumerate(fits):
            if slot in indices and argument not in seen:
                seen.add(argument)
                if argument not in placed or fill(placed[argument], seen):
                    placed[argument] = slot
                    taken[slot] = argument
                    return True
        return False

    def place(argument: int, seen: set[int]) -> bool:
        for slot in fits[argument]:
            if slots[slot].repeated:
                placed[argument] = slot
                return True
            if slot not in seen:
                seen.add(slot)
                if slot not in taken or place(taken[slot], seen):
                    placed[argument] = slot
                    taken[slot] = argument
                    return True
        return False

    for index, slot in enumerate(slots):
        if slot.required and not fill(index, set()):
            raise NotAllowed(
                f'argument {slot.name!r} is missing: one that matches {shown(slot.pattern)}',
                ResultCode.ARGUMENT_NOT_ALLOWED)
    for index, argument in enumerate(args):
        if index not in placed and not place(index, set()):
            names = ', '.join(repr(slots[slot].name) for slot in fits[index])
            raise NotAllowed(
                f'argument {shown(argument)} is one too many: {names} may be given once',
                ResultCode.ARGUMENT_NOT_ALLOWED)
    return [placed[index] for index in range(len(args))]


def _fits(argument: str, slot: ArgumentSlot) -> bool:
    # Reading refuses patterns that take options by accident; this holds without it.
    if argument.startswith('-') and '-' not in slot.pattern:
        return False
    # `topic:=other` and `__ns:=/other` remap a ROS node wherever they stand, also behind `--`.
    if ':=' in argument and ':=' not in _GROUP.sub('(', slot.pattern).replace('\\', ''):
        return False
    return re.fullmatch(slot.pattern, argument) is not None


def _slots_in_words(slots: Sequence[ArgumentSlot]) -> str:
    if not slots:
        return 'it takes no arguments'
    some = ', '.join(f'{slot.name} ({shown(slot.pattern)})' for slot in slots[:8])
    return f"it takes {some}{', …' if len(slots) > 8 else ''}"


def _check_environment(entry: Entry, env: Mapping[str, str]) -> None:
    allowed = entry.environment_from_caller
    for key, value in env.items():
        if not isinstance(key, str) or not _VARIABLE_NAME.match(key) or len(key) > MAX_LENGTH:
            raise InvalidRequest(f'{shown(str(key))} is no name of an environment variable')
        if reason := why_forbidden(key):
            raise NotAllowed(
                f'no caller may set {shown(key)}: {reason}', ResultCode.ENVIRONMENT_NOT_ALLOWED)
        if key not in allowed and ANY_NAME not in allowed:
            raise NotAllowed(
                f'{shown(key)} may not be set; '
                + (f"it lets callers set {', '.join(allowed)}" if allowed
                   else 'it lets callers set no variables'),
                ResultCode.ENVIRONMENT_NOT_ALLOWED)
        _check_text(value, f'variable {shown(key)}')


def _cwd(entry: Entry, cwd: str, namespace: str, name: str) -> str | None:
    if not cwd:
        return None if entry.cwd is None else expand(entry.cwd, namespace, name)
    _check_text(cwd, 'cwd')
    if not entry.cwd_from_caller:
        raise NotAllowed(
            'the working directory may not be chosen: '
            + (f'the entry fixes {shown(entry.cwd)}' if entry.cwd is not None
               else 'the entry does not say cwd_from_caller'),
            ResultCode.CWD_NOT_ALLOWED)
    if not os.path.isabs(cwd) or '..' in cwd.split('/'):
        raise InvalidRequest(f'cwd {shown(cwd)} is not an absolute path without ..')
    return cwd


def _check_count(things: object, what: str) -> None:
    count = len(things)  # type: ignore[arg-type]
    if count > MAX_COUNT:
        raise InvalidRequest(
            f'{count} {what}; at most {MAX_COUNT} are taken', ResultCode.REQUEST_TOO_LARGE)


def _check_text(text: object, what: str) -> None:
    if not isinstance(text, str):
        raise InvalidRequest(f'{what} is not a string')
    if len(text) > MAX_LENGTH:
        raise InvalidRequest(
            f'{what} has {len(text)} characters; at most {MAX_LENGTH} are taken',
            ResultCode.REQUEST_TOO_LARGE)
    if _NEVER.search(text):
        raise InvalidRequest(f'{what} holds a NUL or a line break: {shown(text)}')
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f'{what} is not valid Unicode: {shown(text)}') from None
