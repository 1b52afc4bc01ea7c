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

"""Names of nodes and services."""

from pathlib import Path

import pytest

from launch_service_node.client import names
from launch_service_node.errors import InvalidRequest

ROOT = Path(__file__).parents[2]
LIST = 'launch_service_node/srv/ListProcesses'


@pytest.mark.parametrize(('namespace', 'node'), [
    ('/robot1', '/robot1/launch_service'),
    ('robot1/', '/robot1/launch_service'),
    ('/fleet/robot1', '/fleet/robot1/launch_service'),
    ('/', '/launch_service'),
    ('/robot1/launch_service', '/robot1/launch_service'),
])
def test_the_node_of_a_namespace(namespace: str, node: str) -> None:
    assert names.node_of(namespace) == node


def test_a_renamed_node_is_found_under_its_name() -> None:
    assert names.node_of('/robot1', 'procs') == '/robot1/procs'


@pytest.mark.parametrize('namespace', ['/1robot', '/a b', '/a/../b', '/robot-1'])
def test_what_is_no_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(InvalidRequest):
        names.node_of(namespace)


def test_namespace_and_node_belong_together() -> None:
    for namespace in ('/', '/robot1', '/fleet/robot1'):
        assert names.namespace_of_node(names.node_of(namespace)) == namespace


def test_nodes_are_known_by_the_type_of_their_service() -> None:
    assert names.nodes_among([
        ('/b/launch_service/list_processes', [LIST]),
        ('/a/launch_service/list_processes', [LIST]),
        ('/a/launch_service/shutdown', ['launch_service_node/srv/Shutdown']),
        ('/c/launch_service/list_processes', ['std_srvs/srv/Trigger']),
        ('/d/moved', [LIST]),
    ]) == ['/a/launch_service', '/b/launch_service']


def test_every_interface_of_the_package_has_a_service() -> None:
    of_package = {service.type_name for service in names.SERVICES
                  if service.package == 'launch_service_node'}
    assert of_package == {path.stem for path in (ROOT / 'srv').glob('*.srv')}
