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

"""The output of one process: bounds, offsets, the last lines, and characters that are whole."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, HealthCheck, settings, strategies
import pytest

from launch_service_node.supervisor.kernel import linux
from launch_service_node.supervisor.output import MAX_READ, Output

LIMIT = 64 * 1024


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(str(tmp_path / 'out'), LIMIT)


def write(output: Output, data: bytes) -> None:
    with open(output.path, 'ab') as file:
        file.write(data)


def allocated(output: Output) -> int:
    return os.stat(output.path).st_blocks * 512


@pytest.fixture(params=['holes', 'no holes'])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where files can have holes, and where not."""
    if request.param == 'no holes':
        monkeypatch.setattr(linux, 'punch_hole', lambda *_: False)
    return str(request.param)


def test_nothing_was_printed_yet(output: Output) -> None:
    assert output.end() == 0
    assert output.read(-1, 10, 0) == (b'', 0, 0, 0, True)
    assert output.bound() > 0
    output.remove()


def test_it_never_takes_more_than_its_limit(output: Output, file_system: str) -> None:
    for _ in range(100):
        write(output, os.urandom(LIMIT // 10))
        output.bound()
        assert allocated(output) <= LIMIT
    assert output.end() == 100 * (LIMIT // 10)


def test_an_offset_means_the_same_byte_for_ever(output: Output, file_system: str) -> None:
    everything = b''.join(b'%07d\n' % number for number in range(8 * LIMIT // 8))
    for start in range(0, len(everything), 1000):
        write(output, everything[start:start + 1000])
        output.bound()
        end = output.end()
        assert end == min(start + 1000, len(everything))
        for offset in (0, end // 2, end - 500, end):
            piece = output.read(offset, 0, 300)
            assert piece.data == everything[piece.offset:piece.next_offset]
            assert piece.offset >= min(offset, end)
            assert piece.dropped <= piece.offset
    assert output.read(0, 0, 0).dropped > 0
    assert output.read(0, 0, 0).offset == output.read(0, 0, 0).dropped


def test_half_of_the_limit_can_always_be_read(output: Output) -> None:
    for _ in range(50):
        write(output, b'x' * (LIMIT // 5))
        output.bound()
    first = output.read(0, 0, 1).offset
    assert LIMIT // 2 - 4096 <= output.end() - first <= LIMIT


@pytest.mark.parametrize(('text', 'lines', 'expected'), [
    (b'', 3, b''), (b'one', 1, b'one'), (b'one\n', 1, b'one\n'), (b'one\n', 5, b'one\n'),
    (b'one\ntwo\nthree\n', 2, b'two\nthree\n'), (b'one\ntwo\nthree', 2, b'two\nthree'),
    (b'one\ntwo\n\n', 2, b'two\n\n'), (b'\n\n\n', 2, b'\n\n'), (b'one\ntwo\n', 0, b''),
    (b'\r\none\r\n', 1, b'one\r\n'), (b'a\0b\nc', 1, b'c')])
def test_the_last_lines(output: Output, text: bytes, lines: int, expected: bytes) -> None:
    write(output, text)
    piece = output.read(-1, lines, 0)
    assert piece.data == expected
    assert piece.next_offset == len(text)
    assert piece.at_end


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(strategies.lists(strategies.integers(0, 200000), max_size=8), strategies.integers(0, 10))
def test_the_last_lines_of_any_length(tmp_path: Path, lengths: list[int], lines: int) -> None:
    output = Output(str(tmp_path / 'lines'), 10 * 2 ** 20)
    output.remove()
    text = b''.join(b'x' * length + b'\n' for length in lengths)
    write(output, text)
    expected = b''.join(text.splitlines(keepends=True)[-lines:]) if lines else b''
    piece = output.read(-1, lines, MAX_READ)
    assert expected.endswith(piece.data)
    assert piece.data == expected[-MAX_READ:] or len(piece.data) >= 256 * 1024


def test_a_line_without_an_end_does_not_make_it_read_everything(
        output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(output.path, 100 * 2 ** 20)
    write(output, b'x' * (20 * 2 ** 20))
    real, read = os.pread, 0

    def pread(fd: int, count: int, offset: int) -> bytes:
        nonlocal read
        data = real(fd, count, offset)
        read += len(data)
        return data
    monkeypatch.setattr(os, 'pread', pread)
    piece = output.read(-1, 10, 0)
    assert 0 < len(piece.data) <= 65536
    assert piece.at_end
    assert read < 4 * 2 ** 20


def test_following_gets_every_byte_once_and_no_character_in_two(output: Output) -> None:
    text = ('ä€😀' * 5000).encode()
    write(output, text)
    got, offset = b'', 0
    while True:
        piece = output.read(offset, 0, 7)
        assert piece.offset == offset
        got += piece.data
        piece.data.decode()  # raises when a character is cut
        offset = piece.next_offset
        if piece.at_end:
            break
    assert got == text


def test_a_character_that_is_being_written_is_given_when_it_is_whole_or_the_last(
        output: Output) -> None:
    write(output, '€'.encode() + '€'.encode()[:2])
    piece = output.read(0, 0, 4)
    assert piece.data == '€'.encode()
    assert not piece.at_end
    assert output.read(3, 0, 0).data == '€'.encode()[:2]  # there is no more of it yet


@pytest.mark.parametrize('data', [b'\xff' * 100, b'\x80' * 100, b'\xc3' * 100, bytes(range(256))])
def test_bytes_that_are_no_text_are_given_as_they_are(output: Output, data: bytes) -> None:
    write(output, data)
    got, offset = b'', 0
    while len(got) < len(data):
        piece = output.read(offset, 0, 5)
        assert piece.data  # or it would never end
        got, offset = got + piece.data, piece.next_offset
    assert got == data


def test_an_offset_beyond_the_end_is_the_end(output: Output) -> None:
    write(output, b'12345')
    assert output.read(2 ** 62, 0, 0) == (b'', 5, 5, 0, True)


def test_no_more_is_given_at_a_time_than_is_allowed(output: Output) -> None:
    output = Output(output.path, 100 * 2 ** 20)
    write(output, b'x' * (3 * 2 ** 20))
    assert len(output.read(0, 0, 2 ** 40).data) == MAX_READ


def test_a_process_that_empties_its_own_output_confuses_nobody(output: Output) -> None:
    """Such as a shell's `echo >/dev/stderr`."""
    write(output, b'x' * LIMIT)
    output.bound()
    os.truncate(output.path, 0)
    write(output, b'after\n')
    output.bound()
    assert output.read(-1, 1, 0).data == b'after\n'
    assert output.read(LIMIT, 0, 0).at_end


def test_emptying_goes_on_when_its_note_is_damaged(
        output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, 'punch_hole', lambda *_: False)
    Path(f'{output.path}.emptied').write_text('nonsense')
    write(output, b'x' * LIMIT)
    output.bound()
    assert output.end() == LIMIT
    output.remove()
    assert os.listdir(os.path.dirname(output.path)) == []
