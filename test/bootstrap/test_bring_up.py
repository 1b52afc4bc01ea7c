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

"""Bringing an instance up on another host: what is done, what is answered, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
import stat

from bootstrap.conftest import ALLOW_LIST, error_of, Site
from harness import alive, wait_until
import pytest


def test_the_first_starts_it_and_the_next_finds_it(site: Site) -> None:
    robot = site.robots[0]
    done = site.bootstrap(robot, '/first', '--allow-list', 'robot.yaml', '--label', 'room=lab')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('/first is up on host2: node /first/launch_service, pid ')
    assert [line.split(': ')[1] for line in done.stderr.splitlines()] == [
        'connecting ...', 'checking ...', 'handing over ...', 'starting ...',
        'waiting for its heartbeat ...']
    again = site.document(robot, '/first', '--allow-list', 'robot.yaml')
    assert (again['outcome'], again['host'], again['seen']) == ('attached', 'host2', True)
    assert again['instance']['hostname'] == 'host2'
    assert again['instance']['node']['domain_id'] == int(site.laptop.environment['ROS_DOMAIN_ID'])
    started = site('start', '/first', 'idle')
    assert started.returncode == 0, started.stderr


def test_without_a_namespace_it_is_that_of_the_hosts_name(site: Site) -> None:
    robot = site.robots[1]
    done = site('bootstrap', robot.name, *site.options(robot), '--json')
    assert json.loads(done.stdout)['namespace'] == '/host3', done.stderr


def test_what_was_sent_is_for_its_owner_alone(site: Site) -> None:
    robot = site.robots[0]
    told = site.document(robot, '/modes', '--allow-list', 'robot.yaml', '--no-wait-graph')
    path = Path(told['instance']['settings']['allow_list'][0])
    assert path == robot.home / '.config/launch_service/modes/robot.yaml'
    assert path.read_text() == ALLOW_LIST and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parents
            if robot.home in one.parents} == {0o700}
    assert [one.name for one in path.parent.iterdir()] == ['robot.yaml']


def test_one_that_runs_otherwise_is_a_conflict_and_is_left_alone(site: Site) -> None:
    robot = site.robots[0]
    before = site.document(robot, '/taken', '--allow-list', 'robot.yaml', '--no-wait-graph')
    other = site.laptop.home / 'more' / 'robot.yaml'
    other.parent.mkdir()
    other.write_text(ALLOW_LIST.replace('3600', '7'))
    for words, says in (
            (['--allow-list', 'more/robot.yaml'], 'the text of '),
            (['--remote-allow-list', 'setup.bash'], 'asked for was '),
            (['--param', 'heartbeat_period:=0.5'], 'heartbeat_period is not 0.5'),
            (['--domain-id', '199'], 'ROS_DOMAIN_ID is '),
            (['--', '-r', 'a:=b'], 'the ROS arguments are not -r a:=b')):
        done = site.bootstrap(robot, '/taken', '--no-wait-graph', *words)
        assert done.returncode == 5, f'{words}: {done.stderr}'
        line = error_of(done)
        assert 'runs already on host2, otherwise: ' in line and says in line
        assert '--replace' in line
    after = site.document(robot, '/taken', '--no-wait-graph')
    assert after['outcome'] == 'attached'
    assert after['instance']['node'] == before['instance']['node']
    path = robot.home / '.config/launch_service/taken/robot.yaml'
    assert path.read_text() == ALLOW_LIST


def test_replacing_keeps_the_processes(site: Site) -> None:
    robot = site.robots[0]
    before = site.document(robot, '/again', '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert site('--local', 'start', '/again', 'idle', on=robot).returncode == 0
    process = site.processes(robot, '/again')[0]
    after = site.document(robot, '/again', '--param', 'heartbeat_period:=0.5', '--replace')
    assert after['outcome'] == 'replaced'
    assert after['instance']['node']['pid'] != before['instance']['node']['pid']
    assert after['instance']['settings']['allow_list'] == (
        before['instance']['settings']['allow_list'])
    now = site.processes(robot, '/again')[0]
    assert now['os_pid'] == process['os_pid'] and alive(now['os_pid'])


def test_replacing_the_text_of_an_allow_list_needs_no_other_node(site: Site) -> None:
    robot = site.robots[0]
    before = site.document(robot, '/text', '--allow-list', 'robot.yaml', '--no-wait-graph')
    more = site.laptop.home / 'text' / 'robot.yaml'
    more.parent.mkdir()
    more.write_text(ALLOW_LIST + "  - {id: more, cmd: [/bin/sleep, '1']}\n")
    after = site.document(robot, '/text', '--allow-list', 'text/robot.yaml', '--replace',
                          '--no-wait-graph')
    assert after['outcome'] == 'replaced'
    assert after['instance']['node'] == before['instance']['node']
    assert site('--local', 'start', '/text', 'more', on=robot).returncode == 0


def test_a_replacement_that_does_not_come_up_leaves_what_was_there(site: Site) -> None:
    robot = site.robots[0]
    before = site.document(robot, '/back', '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert site('--local', 'start', '/back', 'idle', on=robot).returncode == 0
    process = site.processes(robot, '/back')[0]
    done = site.bootstrap(robot, '/back', '--param', 'no_such_period:=1', '--param',
                          'heartbeat_period:=never', '--replace', '--no-wait-graph')
    assert done.returncode == 1, done.stderr
    assert 'what ran before is back' in error_of(done)
    after = site.document(robot, '/back', '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert after['outcome'] == 'attached'
    assert after['instance']['instance_id'] == before['instance']['instance_id']
    assert site.processes(robot, '/back')[0]['os_pid'] == process['os_pid']


def test_what_does_not_come_up_leaves_nothing(site: Site) -> None:
    robot = site.robots[0]
    done = site.bootstrap(robot, '/never', '--allow-list', 'robot.yaml', '--no-wait-graph',
                          '--param', 'heartbeat_period:=never')
    assert done.returncode == 1 and 'host2: ' in error_of(done)
    wait_until(lambda: not site.runs(robot, '/never'))
    assert not list((robot.home / '.config/launch_service/never').iterdir())


def test_the_package_is_missing(site: Site) -> None:
    robot = site.robots[0]
    done = site('bootstrap', robot.name, '/none', *site.options(robot)[:2], '--no-wait-graph')
    line = error_of(done)
    assert done.returncode == 1
    assert "can't import launch_service_node, no set-up script was named: source the" in line
    assert 'ModuleNotFoundError' in line


def test_a_set_up_script_is_missing(site: Site) -> None:
    robot = site.robots[0]
    done = site('bootstrap', robot.name, '/none', *site.options(robot), '--setup', '/no/setup.sh',
                '--no-wait-graph')
    assert done.returncode == 1
    assert 'host2 has no set-up script /no/setup.sh' in error_of(done)


def test_an_allow_list_is_missing_there_or_here(site: Site) -> None:
    robot = site.robots[0]
    done = site.bootstrap(robot, '/none', '--remote-allow-list', 'no.yaml', '--no-wait-graph')
    assert done.returncode == 3
    assert f'there is no allow-list {robot.home}/no.yaml on host2' in error_of(done)
    done = site.bootstrap(robot, '/none', '--allow-list', 'no.yaml', '--no-wait-graph')
    assert done.returncode == 1 and 'cannot read no.yaml: No such file' in error_of(done)
    assert 'connecting' not in done.stderr
    assert not site.runs(robot, '/none')


def test_what_is_wrong_with_an_allow_list_is_told(site: Site) -> None:
    (site.laptop.home / 'odd.yaml').write_text(
        'allowable_processes:\n  - {id: odd, cmd: [/no/such/program]}\n  - {idd: typo}\n')
    done = site.bootstrap(site.robots[0], '/odd', '--allow-list', 'odd.yaml', '--no-wait-graph')
    assert done.returncode == 0
    assert 'launch-service: allow-list: ' in done.stderr and 'odd.yaml:3' in done.stderr


def test_another_domain_is_named(site: Site) -> None:
    done = site.bootstrap(site.robots[0], '/apart', '--graph-timeout', '3', '--env',
                          'ROS_DOMAIN_ID=177')
    assert done.returncode == 3
    line = error_of(done)
    here = site.laptop.environment['ROS_DOMAIN_ID']
    assert '/apart runs on host2, but is not on this graph: no heartbeat came within 3 s' in line
    assert f'it uses domain 177, here domain {here}' in line
    assert site.runs(site.robots[0], '/apart')


def test_a_host_that_keeps_to_itself_is_named(site: Site) -> None:
    done = site.bootstrap(site.robots[0], '/hermit', '--graph-timeout', '3', '--env',
                          'ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST')
    assert done.returncode == 3
    assert 'ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST there; give both' in error_of(done)


def test_the_domain_of_here_is_that_of_there_unless_its_set_up_says_so(site: Site) -> None:
    robot = site.robots[2]
    quiet = robot.home / 'quiet.bash'
    quiet.write_text(f'. {robot.setup}\nunset ROS_DOMAIN_ID\n')
    done = site('bootstrap', robot.name, '/follows', *site.options(robot)[:2], '--setup',
                str(quiet), '--json', ROS_DOMAIN_ID='178')
    assert json.loads(done.stdout)['instance']['node']['domain_id'] == 178, done.stderr
    chosen = robot.home / 'chosen.bash'
    chosen.write_text(f'. {robot.setup}\nexport ROS_DOMAIN_ID=179\n')
    done = site('bootstrap', robot.name, '/leads', *site.options(robot)[:2], '--setup',
                str(chosen), '--json', '--no-wait-graph')
    assert json.loads(done.stdout)['instance']['node']['domain_id'] == 179, done.stderr


def test_a_heartbeat_on_a_topic_of_the_whole_fleet_is_heard(site: Site) -> None:
    remap = ['--', '-r', '~/heartbeat:=/fleet/heartbeat']
    site.document(site.robots[1], '/remapped_too', '--param', 'heartbeat_period:=0.05', *remap)
    told = site.document(site.robots[2], '/remapped', '--param', 'heartbeat_period:=2', *remap)
    assert (told['outcome'], told['seen']) == ('started', True)
    assert told.get('notes', []) == []  # who has another name is no other one of this name


def test_down_on_a_host_undoes_it(site: Site) -> None:
    robot = site.robots[2]
    site.document(robot, '/gone', '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert site('--local', 'start', '/gone', 'idle', on=robot).returncode == 0
    pid = site.processes(robot, '/gone')[0]['os_pid']
    done = site('down', '/gone', '--host', robot.name, *site.options(robot))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == '/gone on host4 is down, no process is left'
    assert not alive(pid)
    wait_until(lambda: not site.runs(robot, '/gone'))
    again = site('down', '/gone', '--host', robot.name, *site.options(robot))
    assert again.returncode == 3 and 'host4: no instance /gone runs here' in error_of(again)
    bare = site('down', '/gone', '--host', robot.name, *site.options(robot)[:2])
    assert bare.returncode == 1 and "host4 can't import launch_service_node" in error_of(bare)


def test_down_on_a_host_may_keep_the_processes(site: Site) -> None:
    robot = site.robots[2]
    site.document(robot, '/kept', '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert site('--local', 'start', '/kept', 'idle', on=robot).returncode == 0
    pid = site.processes(robot, '/kept')[0]['os_pid']
    done = site('down', '/kept', '--host', robot.name, '--keep-processes', *site.options(robot))
    assert 'the node of /kept on host4 is down, its supervisor goes on with 1 process' in (
        done.stdout), done.stderr
    assert alive(pid)
    told = site.document(robot, '/kept', '--allow-list', 'robot.yaml', '--no-wait-graph')
    assert told['outcome'] == 'started'
    assert site.processes(robot, '/kept')[0]['os_pid'] == pid


def test_a_robot_that_is_off_does_not_answer(site: Site) -> None:
    done = site('bootstrap', '198.51.100.7', '/off', *site.options(site.robots[0]))
    assert done.returncode == 4
    assert "(198.51.100.7 port 22) doesn't answer (No route to host): is it on" in error_of(done)


def test_without_ros_here_nothing_is_begun(site: Site) -> None:
    robot = site.robots[2]
    broken = site.laptop.home / 'broken'
    (broken / 'rclpy').mkdir(parents=True)
    (broken / 'rclpy/__init__.py').write_text('raise ImportError("no rclpy here")')
    done = site.bootstrap(robot, '/unseen', PYTHONPATH=str(broken))
    assert done.returncode == 3
    assert 'no rclpy here; source a ROS set-up here' in error_of(done)
    assert '--no-wait-graph' in done.stderr and 'handing over' not in done.stderr
    assert not site.runs(robot, '/unseen')


def test_a_second_one_of_the_same_name_is_told(site: Site) -> None:
    first, second = site.robots[:2]
    site.document(first, '/same', '--param', 'heartbeat_period:=0.2')
    told = site.document(second, '/same', '--param', 'heartbeat_period:=5')
    assert told['notes'] == ['another /same/launch_service runs on host2: give one of them '
                             'another namespace']


@pytest.mark.parametrize(('words', 'says'), [
    ([], 'say on which host'),
    (['/robot1'], 'say on which host'),
    (['host2', 'robot1'], 'a namespace begins with a slash: /robot1'),
    (['ho st'], 'is no name of a host'),
    (['host2', '--port', '0x'], 'port'),
    (['host2', '--host-key-policy', 'no'], 'is no host-key policy'),
])
def test_words_that_make_no_sense(site: Site, words: list[str], says: str) -> None:
    done = site('bootstrap', *words)
    assert done.returncode == 2 and says in error_of(done)
