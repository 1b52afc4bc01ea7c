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

"""Command lines of launch files: split as a shell does, substitutions stay in their words."""

from __future__ import annotations

import shlex

from hypothesis import example, given
from hypothesis import strategies as st
import pytest

pytest.importorskip('launch', reason='launch cannot be imported')

from launch import LaunchContext, Substitution  # noqa: E402
from launch.substitutions import LaunchConfiguration, TextSubstitution  # noqa: E402
from launch.utilities import perform_substitutions  # noqa: E402

from launch_service_node.actions.execute_remote_parse import words  # noqa: E402


def split(*parts: str | Substitution, **configurations: str) -> list[str]:
    context = LaunchContext()
    context.launch_configurations.update(configurations)
    found = words([TextSubstitution(text=part) if isinstance(part, str) else part
                   for part in parts])
    return [perform_substitutions(context, word) for word in found]


@given(st.text(alphabet='ab \t\n\'"\\', max_size=20))
@example("a 'b c' \"d 'e' \\\"f\\\\ \\g\" h\\ i '' j\"\"k")
def test_text_is_split_as_shlex_does(text: str) -> None:
    try:
        expected = shlex.split(text)
    except ValueError as error:
        if 'quotation' in str(error):
            with pytest.raises(ValueError, match='quotation'):
                split(text)
        return  # a backslash at the end stays
    assert split(text) == expected


@given(st.lists(st.text(max_size=8), max_size=6))
def test_what_shlex_joins_is_split_again(given: list[str]) -> None:
    given = [word.replace('\0', '') for word in given]
    assert split(shlex.join(given)) == given


X = LaunchConfiguration('x')


@pytest.mark.parametrize(('parts', 'expected'), [
    ([X], ['a b']),
    ([X, X], ['a ba b']),
    ([X, ' ', X], ['a b', 'a b']),
    (['run ', X, '/bin --flag=', X, ' last'], ['run', 'a b/bin', '--flag=a b', 'last']),
    (["sh -c 'echo ", X, " c' d"], ['sh', '-c', 'echo a b c', 'd']),
    (['"', X, '"', "'' ", 'e'], ['a b', 'e']),
    ([' ', X, ' '], ['a b']),
    (['\\', X], ['\\a b']),
])
def test_a_substitution_stays_in_its_word(parts: list[str | Substitution],
                                          expected: list[str]) -> None:
    assert split(*parts, x='a b') == expected
