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

"""The SROS2 policies of config/ grant what the node needs, and what each role is for."""

from pathlib import Path
import time
from xml.etree import ElementTree

from harness import PATIENCE
import pytest
from rclpy.node import NodeNameNonExistentError

POLICY = Path(__file__).resolve().parents[2] / 'config' / 'launch_service.policy.xml'
NODE = '/robot1/launch_service'
CHANGING = {'start_process', 'stop_process', 'restart_process', 'signal_process'}
OWNERS = {'reload_allow_list', 'shutdown', 'set_parameters', 'set_parameters_atomically'}


def granted(enclave: str, right: str) -> set[str]:
    """Return the names that an enclave has a right for (`publish`, `request`, …)."""
    profile, = ElementTree.parse(POLICY).iterfind(
        f".//enclave[@path='{enclave}']/profiles/profile")
    return {name.text.replace('~', NODE)
            for group in profile if group.get(right) == 'ALLOW' for name in group}


def until(found, expected):
    """Return what a question gives, at the latest when discovery must be over."""
    deadline = time.monotonic() + PATIENCE
    while found() != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return found()


def test_the_node_may_do_what_it_does_and_no_more(robot, caller):
    robot.node()

    def names(what):
        try:
            return {name for name, _ in what('launch_service', '/robot1')}
        except NodeNameNonExistentError:
            return set()  # not discovered so far
    for right, what in [
            ('reply', caller.node.get_service_names_and_types_by_node),
            ('publish', caller.node.get_publisher_names_and_types_by_node),
            ('subscribe', caller.node.get_subscriber_names_and_types_by_node)]:
        expected = granted(NODE, right)
        assert until(lambda: names(what), expected) == expected  # noqa: B023


@pytest.mark.parametrize('role, may', [
    ('/observer', set()), ('/operator', CHANGING), ('/maintainer', CHANGING | OWNERS)])
def test_a_role_may_change_what_it_is_for(role, may):
    names = {name.rpartition('/')[2] for name in granted(role, 'request')}
    assert names & (CHANGING | OWNERS) == may
    assert {'list_processes', 'list_executables', 'read_output'} <= names


@pytest.mark.parametrize('role', ['/observer', '/operator', '/maintainer'])
def test_a_role_names_nothing_that_the_node_does_not_offer(role):
    assert granted(role, 'request') <= granted(NODE, 'reply')
    assert granted(role, 'subscribe') <= granted(NODE, 'publish')
    assert granted(role, 'publish') == granted(role, 'reply') == set()
