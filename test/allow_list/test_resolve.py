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

"""A request to a command, or a refusal."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st
import pytest

from launch_service_node.allow_list.forbidden import FORBIDDEN, why_forbidden
from launch_service_node.allow_list.model import ArgumentSlot, Entry
from launch_service_node.allow_list.resolve import (
    assign,
    expand,
    MAX_COUNT,
    MAX_LENGTH,
    MAX_TOTAL,
    resolve,
)
from launch_service_node.errors import InvalidRequest, NotAllowed, ProcessError, ResultCode

MAP = ArgumentSlot('map', 'map:=[a-z_]+')
RATE = ArgumentSlot('rate', r'--rate=\d+')
ENTRY = Entry('x', argv=('/bin/x', '--fixed'), slots=(MAP, RATE),
              environment_from_caller=('ROBOT', 'MODE'))


def code_of(entry: Entry = ENTRY, *args: object, **more: object) -> tuple[ResultCode, str]:
    """Return how a request is refused."""
    with pytest.raises((InvalidRequest, NotAllowed)) as caught:
        resolve(entry, *args, **more)  # type: ignore[arg-type]
    assert '\n' not in caught.value.message
    assert len(caught.value.message) < 400
    return caught.value.code, caught.value.message


def test_arguments_of_the_caller_come_after_the_fixed_ones() -> None:
    """In the caller's order."""
    command = resolve(ENTRY, ['--rate=3', 'map:=lab'])
    assert command.argv == ('/bin/x', '--fixed', '--rate=3', 'map:=lab')
    assert command.environment == {}
    assert command.cwd is None


def test_a_request_may_give_nothing() -> None:
    """What isn't required may be left out."""
    assert resolve(ENTRY).argv == ('/bin/x', '--fixed')


@pytest.mark.parametrize('argument', [
    'lab', 'map:=', 'map:=lab ', ' map:=lab', 'xmap:=lab', 'map:=Lab', 'map:=lab;ls', '',
    '--rate=', '--ros-args', '-r', '$(name)',
])
def test_an_argument_that_matches_no_slot_as_a_whole_is_refused(argument: str) -> None:
    """The message shows the slots that there are."""
    code, message = code_of(ENTRY, [argument])
    assert code == ResultCode.ARGUMENT_NOT_ALLOWED
    assert ascii(argument) in message and 'map:=[a-z_]+' in message


def test_an_entry_without_slots_takes_no_arguments() -> None:
    """It says so."""
    code, message = code_of(Entry('x', argv=('/x',)), ['a'])
    assert code == ResultCode.ARGUMENT_NOT_ALLOWED
    assert message == "argument 'a' fits no slot; it takes no arguments"


def test_a_slot_takes_one_argument_unless_it_is_repeated() -> None:
    """The message names the slot."""
    code, message = code_of(ENTRY, ['map:=a', 'map:=b'])
    assert code == ResultCode.ARGUMENT_NOT_ALLOWED
    assert "'map:=b' is one too many: 'map' may be given once" in message
    repeated = Entry('x', argv=('/x',), slots=(ArgumentSlot('map', 'map:=.', repeated=True),))
    assert resolve(repeated, ['map:=a', 'map:=b']).argv == ('/x', 'map:=a', 'map:=b')


def test_a_required_argument_has_to_be_there() -> None:
    """The message says what it has to look like."""
    entry = Entry('x', argv=('/x',), slots=(ArgumentSlot('map', 'map:=.', required=True),))
    code, message = code_of(entry)
    assert code == ResultCode.ARGUMENT_NOT_ALLOWED
    assert "'map' is missing" in message and 'map:=.' in message


def test_a_dash_has_to_be_in_the_pattern() -> None:
    """Even when a list that was written by something else lets everything through."""
    entry = Entry('x', argv=('/x',), slots=(ArgumentSlot('any', '.*'),))
    assert resolve(entry, ['ros-args'])
    assert code_of(entry, ['--ros-args'])[0] == ResultCode.ARGUMENT_NOT_ALLOWED


@pytest.mark.parametrize('text', ['a\0', '\n', 'a\nb', 'a\r', '\ud800'])
def test_nul_line_breaks_and_half_characters_are_refused_everywhere(text: str) -> None:
    """Whatever the pattern says; DOTALL would let a line break through."""
    entry = Entry('x', argv=('/x',), slots=(ArgumentSlot('any', '(?s).*'),),
                  environment_from_caller=('A',), cwd_from_caller=True)
    assert code_of(entry, [text])[0] == ResultCode.INVALID_REQUEST
    assert code_of(entry, [], {'A': text})[0] == ResultCode.INVALID_REQUEST
    assert code_of(entry, [], {text: 'a'})[0] == ResultCode.INVALID_REQUEST
    assert code_of(entry, [], {}, f'/{text}')[0] == ResultCode.INVALID_REQUEST


def test_what_is_too_large_is_refused() -> None:
    """Right at the limits it is not."""
    entry = Entry('x', argv=('/x',), slots=(ArgumentSlot('any', 'a*', repeated=True),),
                  environment_from_caller=('A',), cwd_from_caller=True)
    assert resolve(entry, ['a'] * MAX_COUNT)
    assert resolve(entry, ['a' * MAX_LENGTH], {'A': 'a' * MAX_LENGTH}, '/' * MAX_LENGTH)
    too_large = ResultCode.REQUEST_TOO_LARGE
    assert code_of(entry, ['a'] * (MAX_COUNT + 1))[0] == too_large
    assert code_of(entry, ['a' * (MAX_LENGTH + 1)])[0] == too_large
    assert code_of(entry, ['a' * MAX_LENGTH] * (MAX_TOTAL // MAX_LENGTH + 1))[0] == too_large
    assert code_of(entry, [], {'A': 'a' * (MAX_LENGTH + 1)})[0] == too_large
    assert code_of(entry, [], {f'A{n}': '' for n in range(MAX_COUNT + 1)})[0] == too_large
    assert code_of(entry, [], {}, '/' * (MAX_LENGTH + 1))[0] == too_large


def test_what_is_no_string_is_refused() -> None:
    """It came from JSON."""
    assert code_of(ENTRY, [1])[0] == ResultCode.INVALID_REQUEST
    assert code_of(ENTRY, [], {'ROBOT': None})[0] == ResultCode.INVALID_REQUEST


def test_a_message_shows_little_of_an_offending_text_and_escapes_it() -> None:
    """It goes to logs and terminals."""
    message = code_of(ENTRY, ['\x1b[31m' + 'é' * 1000])[1]
    assert '\x1b' not in message and message.isascii()
    assert message.count('\\xe9') < 60


def test_an_entry_without_an_executable_is_no_command() -> None:
    """The error says why."""
    with pytest.raises(ProcessError, match='no package') as caught:
        resolve(Entry('x', error='no package'))
    assert caught.value.code == ResultCode.EXECUTABLE_UNUSABLE


# -- which slot an argument goes into ----------------------------------------------------


def test_an_argument_makes_room_for_another() -> None:
    """The first fits both slots, the second only the first slot."""
    slots = [ArgumentSlot('ab', '[ab]'), ArgumentSlot('a', 'a')]
    assert assign(['a', 'b'], slots) == [1, 0]
    assert assign(['b', 'a'], slots) == [0, 1]


def test_a_required_slot_is_filled_first() -> None:
    """Even when an optional one comes before it."""
    slots = [ArgumentSlot('any', '.'), ArgumentSlot('a', 'a', required=True)]
    assert assign(['a'], slots) == [1]
    both = [ArgumentSlot('ab', '[ab]', required=True), ArgumentSlot('a', 'a', required=True)]
    assert assign(['a', 'b'], both) == [1, 0]


ALPHABET = 'abc'
SLOTS = st.lists(st.builds(
    ArgumentSlot, st.sampled_from('xyz'), st.sets(st.sampled_from(ALPHABET), min_size=1).map(
        lambda letters: f"[{''.join(sorted(letters))}]"),
    st.booleans(), st.booleans()), max_size=4)


@given(st.lists(st.sampled_from(ALPHABET), max_size=4), SLOTS)
def test_a_placement_is_found_if_and_only_if_there_is_one(
    args: list[str], slots: list[ArgumentSlot],
) -> None:
    """Against trying all."""
    def valid(placement: tuple[int, ...]) -> bool:
        return (all(re.fullmatch(slots[slot].pattern, argument)
                    for argument, slot in zip(args, placement, strict=True))
                and all(placement.count(index) <= 1 or slot.repeated
                        for index, slot in enumerate(slots))
                and all(index in placement
                        for index, slot in enumerate(slots) if slot.required))

    every = [placement for placement in itertools.product(range(len(slots)), repeat=len(args))
             if valid(placement)]
    try:
        found = assign(args, slots)
    except NotAllowed as error:
        assert error.code == ResultCode.ARGUMENT_NOT_ALLOWED
        assert not every
    else:
        assert tuple(found) in every


@given(st.lists(st.text(max_size=20), max_size=5))
def test_what_is_accepted_matches_a_slot_and_holds_no_line_break(args: list[str]) -> None:
    """Whatever comes in: it is refused, or it is harmless."""
    slots = (MAP, RATE, ArgumentSlot('free', '(?s)[^-].*', repeated=True))
    try:
        command = resolve(Entry('x', argv=('/x',), slots=slots), args)
    except (NotAllowed, InvalidRequest):
        return
    assert command.argv == ('/x', *args)
    for argument in args:
        assert any(re.fullmatch(slot.pattern, argument) for slot in slots)
        assert not set(argument) & {'\0', '\n', '\r'}
        assert not argument.startswith('-') or re.fullmatch(RATE.pattern, argument)


# -- placeholders ------------------------------------------------------------------------


@pytest.mark.parametrize(('text', 'namespace', 'expected'), [
    ('__ns:=$(namespace)', '/r', '__ns:=/r'), ('__ns:=$(namespace)', '/', '__ns:=/'),
    ('$(namespace)/$(name)', '/a/b', '/a/b/n'), ('$(namespace)/arm', '/', '/arm'),
    ('$(name)/x', '/', 'n/x'), ('$(other) $HOME ~', '/r', '$(other) $HOME ~'), ('', '/', ''),
])
def test_placeholders_stand_for_namespace_and_name(
    text: str, namespace: str, expected: str,
) -> None:
    """In the root namespace there is no double slash."""
    assert expand(text, namespace, 'n') == expected


def test_placeholders_are_expanded_in_what_the_entry_says_only() -> None:
    """A caller's text is taken as it is."""
    entry = Entry('x', argv=('/x', '$(name)'), cwd='/data/$(name)', environment={'A': '$(name)'},
                  slots=(ArgumentSlot('any', '.*'),), environment_from_caller=('B',))
    command = resolve(entry, ['$(name)'], {'B': '$(name)'}, None, '/r', 'n')
    assert command.argv == ('/x', 'n', '$(name)')
    assert command.environment == {'A': 'n', 'B': '$(name)'}
    assert command.cwd == '/data/n'


# -- environment -------------------------------------------------------------------------


def test_the_caller_beats_the_entry_which_beats_the_instance_which_beats_the_base() -> None:
    """Each may set what it is allowed to."""
    entry = Entry('x', argv=('/x',), environment={'C': 'entry', 'D': 'entry'},
                  environment_from_caller=('D',), pass_environment=('B', 'C', 'D', 'NONE'))
    command = resolve(entry, [], {'D': 'caller'}, base=dict.fromkeys('ABCD', 'base'),
                      own=dict.fromkeys('BCDE', 'own'))
    assert command.environment == {'A': 'base', 'B': 'own', 'C': 'entry', 'D': 'caller'}


def test_a_variable_that_is_not_listed_is_refused() -> None:
    """The message lists those that are."""
    code, message = code_of(ENTRY, [], {'OTHER': ''})
    assert code == ResultCode.ENVIRONMENT_NOT_ALLOWED
    assert 'ROBOT, MODE' in message
    assert 'no variables' in code_of(Entry('x', argv=('/x',)), [], {'A': ''})[1]


@pytest.mark.parametrize('name', [
    'LD_PRELOAD', 'LD_LIBRARY_PATH', 'PYTHONPATH', 'PYTHONSTARTUP', 'PATH', 'AMENT_PREFIX_PATH',
    'ROS_SECURITY_ENABLE', 'BASH_ENV', 'BASH_FUNC_ls%%', 'ENV', 'IFS', 'GLIBC_TUNABLES', 'HOME',
    'RMW_IMPLEMENTATION', 'FASTRTPS_DEFAULT_PROFILES_FILE', 'CYCLONEDDS_URI', 'NODE_OPTIONS',
    'PERL5LIB', 'JAVA_TOOL_OPTIONS', 'LAUNCH_SERVICE_STATE_DIR', 'NOTIFY_SOCKET',
    '_ROS_WHEELS_BOOTSTRAP_COMPLETE', 'GZ_SIM_SYSTEM_PLUGIN_PATH', 'VK_ICD_FILENAMES',
    'ASAN_OPTIONS', 'DYLD_INSERT_LIBRARIES', 'XDG_CONFIG_HOME', 'OMP_TOOL_LIBRARIES',
    'VDPAU_DRIVER_PATH', 'CUDA_INJECTION64_PATH', 'SDL_DYNAMIC_API', 'ALSA_CONFIG_PATH',
    'ALSA_PLUGIN_DIR', 'PIPEWIRE_MODULE_DIR', 'GZ_CONFIG_PATH', 'DOTNET_STARTUP_HOOKS', 'LESSOPEN',
    'REQUESTS_CA_BUNDLE',
])
def test_loader_and_interpreter_variables_never_come_from_a_caller(name: str) -> None:
    """Even when the entry lists them."""
    entry = Entry('x', argv=('/x',), environment_from_caller=(name,))
    code, _ = code_of(entry, [], {name: '/tmp/x'})
    assert code in (ResultCode.ENVIRONMENT_NOT_ALLOWED, ResultCode.INVALID_REQUEST)
    assert why_forbidden(name)


@pytest.mark.parametrize('name', [
    'ROS_DOMAIN_ID', 'RCUTILS_COLORIZED_OUTPUT', 'MY_ROBOT', 'TURTLEBOT3_MODEL', 'DISPLAY', 'LANG',
    'MAP', 'PATHS', 'MYPATH', 'ENVIRONMENT',
])
def test_ordinary_variables_may_be_listed(name: str) -> None:
    """Similar names are no reason to refuse."""
    entry = Entry('x', argv=('/x',), environment_from_caller=(name,))
    assert resolve(entry, [], {name: 'x'}).environment == {name: 'x'}


@pytest.mark.parametrize(('pattern', 'reason'), FORBIDDEN)
def test_each_forbidden_pattern_forbids_something(pattern: str, reason: str) -> None:
    """With a reason that can stand in a message."""
    assert why_forbidden(pattern.replace('*', 'X'))
    assert reason and '\n' not in reason


@pytest.mark.parametrize('name', ['', '1A', 'A=B', 'A-B', 'A B', 'é', 'A' * 5000])
def test_what_is_no_name_of_a_variable_is_refused(name: str) -> None:
    """A = in a name would set another one."""
    assert code_of(ENTRY, [], {name: ''})[0] == ResultCode.INVALID_REQUEST


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(['ROBOT', 'PATH', 'LD_X']),
                       st.text(max_size=8), max_size=4))
def test_only_listed_names_get_through(env: dict[str, str]) -> None:
    """Whatever comes in."""
    try:
        command = resolve(ENTRY, [], env)
    except (NotAllowed, InvalidRequest):
        return
    assert command.environment == env
    assert set(env) <= {'ROBOT', 'MODE'}
    assert not any(set(value) & {'\0', '\n', '\r'} for value in env.values())


# -- working directory -------------------------------------------------------------------


def test_a_fixed_working_directory_stays() -> None:
    """A caller's is refused, even the same."""
    entry = Entry('x', argv=('/x',), cwd='/data')
    assert resolve(entry).cwd == '/data'
    code, message = code_of(entry, [], {}, '/data')
    assert code == ResultCode.CWD_NOT_ALLOWED and "'/data'" in message


def test_a_caller_may_choose_only_where_the_entry_says_so() -> None:
    """Nothing is allowed by default."""
    assert code_of(ENTRY, [], {}, '/data')[0] == ResultCode.CWD_NOT_ALLOWED
    entry = Entry('x', argv=('/x',), cwd_from_caller=True)
    assert resolve(entry, [], {}, '/data').cwd == '/data'
    assert resolve(entry, [], {}, '').cwd is None
    for cwd in ('data', '.', '/data/../etc', '~'):
        assert code_of(entry, [], {}, cwd)[0] == ResultCode.INVALID_REQUEST
