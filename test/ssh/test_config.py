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

"""What ssh_config says: as ssh itself has it, and without an ssh."""

from __future__ import annotations

from pathlib import Path
import shutil
import stat
from typing import Any

import pytest

from launch_service_node.errors import ConnectTimedOut, InvalidRequest
from launch_service_node.ssh import config
from launch_service_node.ssh.config import fill_in, from_options, resolve
from launch_service_node.ssh.target import Resolved, split_hop, Target

needs_ssh = pytest.mark.skipif(shutil.which('ssh') is None, reason='there is no ssh')
both = pytest.mark.parametrize('ssh', [pytest.param('ssh', marks=needs_ssh), None])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate the home folder."""
    monkeypatch.setenv('HOME', str(tmp_path))


def ask(tmp_path: Path, text: str, ssh: str | None, **target: Any) -> Resolved:
    file = tmp_path / 'config'
    file.write_text(text)
    return resolve(Target(**{'host': 'robot', 'config_file': str(file), **target}), ssh)


@both
def test_an_alias_is_followed(tmp_path: Path, ssh: str | None) -> None:
    (tmp_path / 'my key').touch()
    found = ask(tmp_path, f"""
Host robot
  HostName ROBOT1.example
  Port 2222
  User ubuntu
  IdentityFile "{tmp_path}/my key"
  IdentitiesOnly yes
  ProxyJump me@gate:99,inner
  UserKnownHostsFile {tmp_path}/hosts {tmp_path}/more
  IdentityAgent {tmp_path}/agent
""", ssh)
    assert (found.name, found.port, found.user) == ('robot', 2222, 'ubuntu')
    assert found.host.lower() == 'robot1.example'
    assert found.key_name == '[robot1.example]:2222'
    assert found.identity_files == (f'{tmp_path}/my key',)
    assert found.identities_only
    assert found.jump_hosts == ('me@gate:99', 'inner')
    assert found.known_hosts[:2] == (f'{tmp_path}/hosts', f'{tmp_path}/more')
    assert found.identity_agent == f'{tmp_path}/agent'
    assert found.proxy_command is None


@both
@pytest.mark.parametrize('names', [
    ['my hosts', 'more'], ['more', 'my hosts'], ["o'neil hosts"], ["o'neil", 'my hosts'],
    ["o'neil", "o'neil 2"]])
def test_known_hosts_may_have_blanks_and_apostrophes(
        tmp_path: Path, ssh: str | None, names: list[str]) -> None:
    files = tuple(f'{tmp_path}/{name}' for name in names)
    quoted = ' '.join(f'"{file}"' for file in files)
    found = ask(tmp_path, f'UserKnownHostsFile {quoted}\nGlobalKnownHostsFile none\n', ssh)
    assert found.known_hosts == files


@both
def test_what_the_user_says_wins(tmp_path: Path, ssh: str | None) -> None:
    found = ask(tmp_path, 'Host *\n User a\n Port 1\n ProxyCommand false\n HostKeyAlias h\n', ssh,
                user='b', port=22, jump_hosts=(), ssh_key='~/id')
    assert (found.user, found.port, found.proxy_command, found.jump_hosts) == ('b', 22, None, ())
    assert found.identity_files[0] == f'{tmp_path}/id'
    assert found.key_name == 'h'


@both
def test_none_is_none(tmp_path: Path, ssh: str | None) -> None:
    text = 'Host *\n ProxyJump none\n IdentityAgent none\n IdentityFile none\n'
    found = ask(tmp_path, text, ssh)
    assert (found.jump_hosts, found.proxy_command, found.identity_agent) == ((), None, '')
    assert found.identity_files == ()


@both
def test_the_tokens_of_a_proxy_command_are_filled_in(tmp_path: Path, ssh: str | None) -> None:
    found = ask(tmp_path, 'Host robot\n HostName r1\n User u\n ProxyCommand a %h:%p %r %n %%\n',
                ssh, port=7)
    # paramiko fills in some itself.
    assert found.proxy_command == 'a r1:7 u robot %'


@needs_ssh
def test_ssh_follows_includes_and_matches(tmp_path: Path) -> None:
    (tmp_path / 'more').write_text('Match user nobody-at-all\n Port 1\nMatch all\n Port 5\n')
    assert ask(tmp_path, f'Include {tmp_path}/more\n', 'ssh').port == 5


@both
def test_a_config_with_mistakes_is_named(tmp_path: Path, ssh: str | None) -> None:
    with pytest.raises(InvalidRequest, match='ssh_config'):
        ask(tmp_path, 'Host robot\n  Port many\n', ssh)


@both
def test_a_config_that_is_missing_is_named(tmp_path: Path, ssh: str | None) -> None:
    for path in ('/nowhere/config', '~no_such_user_/config'):
        with pytest.raises(InvalidRequest, match=path):
            resolve(Target('robot', config_file=path), ssh)


def test_a_missing_ssh_is_replaced(tmp_path: Path) -> None:
    assert ask(tmp_path, 'Host robot\n  Port 7\n', 'no-such-ssh').port == 7


def test_a_slow_ssh_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / 'ssh'
    slow.write_text('#!/bin/sh\nexec sleep 1000\n')
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(config, 'SSH_G_TIMEOUT', 0.3)
    with pytest.raises(ConnectTimedOut, match='Match exec'):
        ask(tmp_path, '', str(slow))


@pytest.mark.parametrize('options', [
    {'hostname': ['-oProxyCommand=id']}, {'hostname': ['a;b']}, {'user': ['$(id)']},
    {'port': ['x']}, {'proxycommand': ['nc %X']}])
def test_what_cannot_be_right_is_refused(options: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidRequest):
        from_options(Target('robot'), options)


def test_a_doubled_percent_is_one() -> None:
    assert fill_in('%%h %h', {'%%': '%', '%h': 'x'}) == '%h x'


@pytest.mark.parametrize(('text', 'parts'), [
    ('gate', (None, 'gate', None)), ('me@gate:99', ('me', 'gate', 99)),
    ('[::1]:99', (None, '::1', 99)), ('::1', (None, '::1', None)),
    ('ssh://me@gate:99/', ('me', 'gate', 99))])
def test_a_jump_host_is_read(text: str, parts: tuple[Any, ...]) -> None:
    assert split_hop(text) == parts


@pytest.mark.parametrize('text', ['', '@gate', 'gate:x', 'me@', '-J', 'a b'])
def test_what_is_no_jump_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        split_hop(text)


@both
def test_an_ipv6_address_in_brackets_is_known_as_without(tmp_path: Path, ssh: str | None) -> None:
    for port, name in ((22, 'fd00::1'), (2222, '[fd00::1]:2222')):
        found = ask(tmp_path, '', ssh, host='[fd00::1]', port=port)
        assert (found.host, found.key_name) == ('fd00::1', name)
