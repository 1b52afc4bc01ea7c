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

"""Output is read up to now, or followed to its end."""

from typing import Any

from cli.fakes import FakeBackend, record
import pytest

from launch_service_node.cli import following
from launch_service_node.cli.backend import Selection
from launch_service_node.errors import InvalidRequest, LaunchServiceError, ResultCode, Unreachable

ONE = Selection(process_id=1)


def part(data: str, start: int, eof: bool = False, length: int | None = None) -> dict[str, Any]:
    """Return what `read` answers."""
    return {'data': data, 'offset': start, 'dropped_bytes': 0, 'eof': eof,
            'next_offset': start + (len(data) if length is None else length)}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, 'next_pause', lambda pause, came: 0.0)


def _data(parts: Any) -> str:
    return ''.join(one['data'] for one in parts)


def test_reading_begins_the_asked_number_of_lines_before_the_end() -> None:
    backend = FakeBackend('/a', outputs=[part('b\nc\n', 2)])
    assert _data(following.Reader(backend, ONE, 2).until_now()) == 'b\nc\n'
    assert backend.calls == [('read', ONE, -1, 2, following.PART)]


def test_reading_all_begins_at_the_first_byte_and_goes_on_from_part_to_part() -> None:
    whole = following.PART
    backend = FakeBackend('/a', outputs=[part('x' * whole, 0), part('y' * whole, whole),
                                         part('z', 2 * whole)])
    assert len(_data(following.Reader(backend, ONE, None).until_now())) == 2 * whole + 1
    assert [call[2] for call in backend.calls] == [0, whole, 2 * whole]


def test_following_goes_on_over_silence_until_the_end() -> None:
    backend = FakeBackend('/a', outputs=[
        part('a\n', 0), part('', 2), part('', 2), part('b\n', 2), part('', 4, eof=True)])
    assert _data(following.Reader(backend, ONE, 10).follow()) == 'a\nb\n'


def test_following_prints_the_last_words_that_come_with_the_end() -> None:
    backend = FakeBackend('/a', outputs=[part('bye\n', 0, eof=True), part('', 4, eof=True)])
    assert _data(following.Reader(backend, ONE, 10).follow()) == 'bye\n'


def test_following_ends_when_the_process_is_forgotten() -> None:
    class Forgets(FakeBackend):
        def read(self, *args: Any) -> dict[str, Any]:
            if not self.outputs:
                raise InvalidRequest('gone', ResultCode.NOT_FOUND)
            return super().read(*args)
    assert _data(following.Reader(
        Forgets('/a', outputs=[part('a\n', 0)]), ONE, 10).follow()) == 'a\n'


@pytest.mark.parametrize('error', [Unreachable('gone'), InvalidRequest('what')])
def test_following_does_not_hide_other_errors(error: LaunchServiceError) -> None:
    class Fails(FakeBackend):
        def read(self, *args: Any) -> dict[str, Any]:
            if not self.outputs:
                raise error
            return super().read(*args)
    with pytest.raises(LaunchServiceError):
        list(following.Reader(Fails('/a', outputs=[part('a\n', 0)]), ONE, 10).follow())


def test_pauses_grow_in_silence_up_to_a_bound_and_shrink_with_output() -> None:
    from importlib import reload
    reload(following)
    pause = following.SOONEST
    for _ in range(50):
        longer = following.next_pause(pause, came=False)
        assert longer > pause or longer == following.LATEST
        pause = longer
    assert pause == following.LATEST
    assert following.next_pause(pause, came=True) == following.SOONEST


def test_among_processes_of_one_name_the_newest_is_meant() -> None:
    backend = FakeBackend('/a', [record('x', 3), record('x', 7), record('y', 9)])
    assert following.newest(backend, Selection('x')) == Selection(process_id=7)


def test_a_name_that_nobody_has_is_not_found() -> None:
    with pytest.raises(InvalidRequest) as caught:
        following.newest(FakeBackend('/a'), Selection('nope'))
    assert caught.value.code == ResultCode.NOT_FOUND


def test_an_id_is_taken_as_it_is() -> None:
    backend = FakeBackend('/a', [])
    assert following.newest(backend, Selection(process_id=5)) == Selection(process_id=5)
    assert not backend.calls


def test_parts_joined_are_one_part() -> None:
    assert following.joined([part('a', 0), part('b', 1, eof=True)]) == part('ab', 0, eof=True)
