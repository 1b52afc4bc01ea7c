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

"""Options that say how a host is reached, and names of hosts that a tab offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from launch_service_node.cli.complete import complete
from launch_service_node.cli.completers import hosts_known
from launch_service_node.cli.host_options import host_of
from launch_service_node.cli.main import make_parser
from launch_service_node.cli.options import UsageError
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.target import Target


def host(*words: str) -> Host:
    args = make_parser().parse_args(['bootstrap', *words])
    return host_of(args.words[0], args)


@pytest.mark.parametrize(('words', 'target'), [
    (['robot1'], Target('robot1')),
    (['joe@robot1:2222'], Target('robot1', user='joe', port=2222)),
    (['joe@robot1:2222', '-p', '22'], Target('robot1', user='joe', port=22)),
    (['fe80::1'], Target('fe80::1')),
    (['robot1', '-i', 'key', '-F', 'config', '-J', 'a', '--jump', 'joe@b:7'],
     Target('robot1', ssh_key='key', config_file='config', jump_hosts=('a', 'joe@b:7'))),
    (['robot1', '--host-key-policy', 'accept-new', '--connect-timeout', '3'],
     Target('robot1', host_key_policy='accept-new', connect_timeout=3.0)),
])
def test_what_is_reached(words: list[str], target: Target) -> None:
    assert host(*words).target == target


def test_what_holds_there() -> None:
    found = host('robot1', '--setup', '/a.bash', '--setup', 'b.bash', '--env', 'A=b=c',
                 '--python', '/usr/bin/python3')
    assert found.setup == ('/a.bash', 'b.bash') and dict(found.env) == {'A': 'b=c'}
    assert found.python == '/usr/bin/python3' and str(found) == 'robot1'


@pytest.mark.parametrize(('text', 'says'), [
    ('-oProxyCommand=x', 'unknown option'), ('a b', 'is no name of a host'),
    ('@robot1', 'is no host: write'), ('robot1:99999', 'port 99999 does not exist')])
def test_what_is_no_host(text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        with pytest.raises(UsageError, match=says):
            host(text)
    except SystemExit:
        assert says in capsys.readouterr().err


def test_secrets_are_asked_for_and_no_option_holds_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('getpass.getpass', lambda prompt: f'answer to {prompt}')
    target = host('robot1', '--ask-password', '--ask-passphrase').target
    assert target.password == 'answer to password for robot1: '
    assert target.passphrase == 'answer to passphrase of the key: '
    assert 'answer' not in repr(target)
    verbs = make_parser()._subparsers._group_actions[0].choices  # type: ignore
    for action in verbs['bootstrap']._actions:
        assert action.nargs == 0 or not {'--password', '--passphrase'} & set(action.option_strings)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home with a few hosts that ssh knows."""
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / '.ssh').mkdir()
    (tmp_path / '.ssh/config').write_text(
        'Host robot1 robot2\n  HostName 10.0.0.1\nHOST=arm\nHost *.lab !x ?\n# Host no\n\n')
    (tmp_path / '.ssh/known_hosts').write_text(
        'robot3,10.0.0.3 ssh-ed25519 AAAA\n|1|hash= ssh-rsa AAAA\n[robot4]:22 ssh-rsa AAAA\n'
        '@cert-authority *.lab ssh-rsa AAAA\n@revoked robot5 ssh-rsa AAAA\n')
    return tmp_path


def test_hosts_that_are_known(home: Path) -> None:
    assert hosts_known('~/.ssh/config') == [
        '10.0.0.3', 'arm', 'robot1', 'robot2', 'robot3', 'robot5']
    assert hosts_known('/no/such/config', '/no/such/file') == []


@pytest.mark.parametrize(('words', 'expected'), [
    (['bootstrap', 'robot'], ['robot1', 'robot2', 'robot3', 'robot5']),
    (['bootstrap', 'joe@a'], ['joe@arm']),
    (['bootstrap', 'robot1', ''], []),
    (['down', '--host', 'robot2'], ['robot2']),
    (['down', '/robot1', '--host', 'ro'], ['robot1', 'robot2', 'robot3', 'robot5']),
    (['bootstrap', '--systemd', 'a'], ['auto', 'always']),
])
def test_a_tab_offers_hosts(home: Path, words: list[str], expected: list[str]) -> None:
    assert complete(make_parser(), words) == expected
