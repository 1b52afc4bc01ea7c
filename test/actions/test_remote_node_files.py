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

"""Parameter files of this side go along with a remote node, and go again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip('launch', reason='launch cannot be imported')
pytest.importorskip('launch_ros', reason='launch_ros cannot be imported')

from actions.node_lab import Robot, sides  # noqa: E402
from launch.actions import Shutdown  # noqa: E402
from launch.substitutions import TextSubstitution  # noqa: E402
from launch_ros.actions import SetParametersFromFile  # noqa: E402
from launch_ros.descriptions import ParameterFile  # noqa: E402
from launching import Told, when_it_says  # noqa: E402


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Give parameter files on this side."""
    texts = {'plain': '/**:\n  ros__parameters:\n    speed: 1.5 # fast\n',
             'with': 'side: $(var side)\n'}
    for name, text in texts.items():
        (tmp_path / f'{name}.yaml').write_text(text)
    return {name: tmp_path / f'{name}.yaml' for name in texts}


def test_parameter_files_of_this_side_go_along_in_their_order(
        arm: Robot, files: dict[str, Path]) -> None:
    parameters = [str(files['plain']), {'a': 1}, files['plain'],
                  ParameterFile(files['with'], allow_substs=True),
                  ParameterFile([TextSubstitution(text=str(files['plain']))])]
    shown = arm.show(*sides(), SetParametersFromFile(str(files['plain'])), parameters=parameters)
    plain = files['plain'].read_text()
    assert shown.files[:2] == [plain, plain]
    assert shown.files[3:] == [plain, 'side: left\n', plain]
    assert shown.parameters[2] == {'/**': {'ros__parameters': {'a': 1}}}
    assert shown.words == ['--ros-args', *['--params-file', '*'] * 6]
    assert [one.name for one in shown.paths][:3] == [
        '0_plain.yaml', '1_plain.yaml', '2_parameters.yaml']
    assert not any(one.exists() for one in shown.paths)


def test_parameters_of_a_named_node_are_for_that_node(arm: Robot) -> None:
    shown = arm.show(name='driver', namespace='/robot1', parameters=[{'a': 1}])
    assert shown.parameters == [{'/robot1/driver': {'ros__parameters': {'a': 1}}}]


def test_files_are_gone_after_a_stop(arm: Robot) -> None:
    told = Told(node := arm.node(executable='stay', parameters=[{'a': 1}, {'b': 2}]))
    arm.launcher.run(*told.hear(), node, when_it_says(node, b'ready', Shutdown()))
    paths = [Path(word) for word in told.stdout.decode().split()[:2]]
    assert len(paths) == 2
    assert not any(one.parent.exists() for one in paths)


def test_a_node_that_is_started_again_gets_its_files_again(arm: Robot) -> None:
    told = Told(node := arm.node(parameters=[{'a': 1}], respawn=True, respawn_max_retries=1))
    arm.launcher.run(*told.hear(), node)
    decoder, said = json.JSONDecoder(), told.stdout.decode()
    first, end = decoder.raw_decode(said)
    second, _ = decoder.raw_decode(said[end:])
    assert first[1] == second[1] == ['"/**":\n  "ros__parameters":\n    "a": 1\n']
    assert first[0] != second[0]


def test_a_parameter_file_that_is_too_large_is_told(arm: Robot, tmp_path: Path) -> None:
    (tmp_path / 'large.yaml').write_bytes(bytes((1 << 22) + 2))
    assert arm.launcher.run(arm.node(parameters=[str(tmp_path / 'large.yaml')])) == 1
    assert 'large.yaml has 4194306 bytes, and 4194304 is the most' in arm.launcher.log()
