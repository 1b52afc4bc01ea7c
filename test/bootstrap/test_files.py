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

"""Files that are sent: which, and how they are put in place."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import stat
from typing import Any

import pytest

from launch_service_node.bootstrap.order import Order
from launch_service_node.bootstrap.putting import config_dir, Files, Keystore
from launch_service_node.bootstrap.request import make_order, MOST, Request
from launch_service_node.errors import InvalidRequest, ProcessError
from launch_service_node.ssh.host import Host
from launch_service_node.ssh.target import ACCEPT_NEW, Target

ENCLAVE = ('cert.pem', 'key.pem', 'governance.p7s', 'identity_ca.cert.pem', 'permissions.p7s',
           'permissions_ca.cert.pem')


def order_for(policy: str = 'strict', **fields: Any) -> Order:
    return make_order(Request(Host(Target('robot1', host_key_policy=policy)), **fields), {})


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def enclave(tmp_path: Path) -> Path:
    """Give the folder of an enclave, with links as `ros2 security` makes them."""
    folder = tmp_path / 'enclave'
    folder.mkdir()
    for name in ENCLAVE[1:]:
        (folder / name).write_text(name)
    (tmp_path / 'public.pem').write_text('cert.pem')
    (folder / 'cert.pem').symlink_to('../public.pem')
    return folder


def test_a_folder_of_allow_lists_is_what_the_reader_takes_for_one(tmp_path: Path) -> None:
    for name in ('b.yaml', 'a.yml', '.c.yaml', 'd.yaml~', 'e.txt'):
        (tmp_path / name).write_text(name)
    (tmp_path / 'f.yaml').mkdir()
    assert list(order_for(allow_list=(str(tmp_path),)).files) == ['a.yml', 'b.yaml']


def test_files_that_cannot_be_sent(tmp_path: Path) -> None:
    (tmp_path / 'one').mkdir()
    for path in (tmp_path / 'a.yaml', tmp_path / 'one' / 'a.yaml'):
        path.write_text('x')
    large = tmp_path / 'large.yaml'
    large.write_bytes(b' ' * (MOST + 1))
    for paths, says in (((tmp_path / 'no.yaml',), 'cannot read'), ((large,), 'too much'),
                        ((tmp_path / 'a.yaml', tmp_path / 'one' / 'a.yaml'), 'called a.yaml')):
        with pytest.raises(InvalidRequest, match=says):
            order_for(allow_list=tuple(map(str, paths)))
    (tmp_path / 'one' / 'a.yaml').unlink()
    with pytest.raises(InvalidRequest, match='holds no allow-list'):
        order_for(allow_list=(str(tmp_path / 'one'),))


def test_a_user_that_there_is_not_has_no_files() -> None:
    with pytest.raises(InvalidRequest, match='cannot read ~no_such_user_/a.yaml: No such file'):
        order_for(allow_list=('~no_such_user_/a.yaml',))
    with pytest.raises(InvalidRequest, match='~no_such_user_/e is no enclave'):
        order_for(enclave='~no_such_user_/e')


@pytest.mark.parametrize(('what', 'name'), [
    ('allow_list', 'is_dir'), ('allow_list', 'iterdir'), ('enclave', 'exists'),
    ('enclave', 'iterdir')])
def test_a_folder_that_may_not_be_looked_into(
        enclave: Path, monkeypatch: pytest.MonkeyPatch, what: str, name: str) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    given: Any = {'allow_list': (str(enclave),), 'enclave': str(enclave)}[what]
    with monkeypatch.context() as patch:
        patch.setattr(Path, name, refuse)  # root may look into any
        with pytest.raises(InvalidRequest) as caught:
            order_for(**{what: given})
    assert str(caught.value) == f'cannot read {enclave}: Permission denied'


def test_what_decides_about_the_graph_is_forwarded_as_a_default() -> None:
    environ = {'ROS_DOMAIN_ID': '7', 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'HOME': '/x'}
    request = Request(Host(Target('robot1'), env={'A': 'b'}), rmw='rmw_x', labels={'room': 'lab'})
    order = make_order(request, environ)
    assert dict(order.defaults) == {'ROS_DOMAIN_ID': '7'}
    assert dict(order.environment) == {'A': 'b', 'RMW_IMPLEMENTATION': 'rmw_x'}
    assert dict(order.parameters) == {'labels': ['room=lab']}


def test_an_enclave_goes_only_where_the_host_key_was_recorded(enclave: Path) -> None:
    assert sorted(order_for(enclave=str(enclave)).enclave) == sorted(ENCLAVE)
    with pytest.raises(InvalidRequest, match='accept-new: record its key first'):
        order_for(ACCEPT_NEW, enclave=str(enclave))
    (enclave / 'key.pem').unlink()
    with pytest.raises(InvalidRequest, match='is no enclave, key.pem is not there'):
        order_for(enclave=str(enclave))


def test_files_are_put_together_and_put_back_together(tmp_path: Path) -> None:
    folder = tmp_path / 'a' / 'b'
    first = Files(str(folder), {'x.yaml': b'1', 'y.yaml': b'2'})
    assert first.paths == first.stale() == [f'{folder}/x.yaml', f'{folder}/y.yaml']
    first.put()
    assert first.stale() == [] and (mode(folder.parent), mode(folder)) == (0o700, 0o700)
    assert mode(folder / 'x.yaml') == 0o600
    second = Files(str(folder), {'x.yaml': b'1', 'y.yaml': b'3', 'z.yaml': b'4'})
    before = os.stat(folder / 'x.yaml').st_ino
    second.put()
    assert os.stat(folder / 'x.yaml').st_ino == before  # unchanged: not touched
    second.put_back()
    assert {one.name: one.read_text() for one in folder.iterdir()} == {
        'x.yaml': '1', 'y.yaml': '2'}


def test_a_file_that_cannot_be_written_takes_the_others_back(tmp_path: Path) -> None:
    (tmp_path / 'y.yaml').mkdir()
    with pytest.raises(ProcessError, match='cannot write'):
        Files(str(tmp_path), {'x.yaml': b'1', 'y.yaml': b'2'}).put()
    assert not (tmp_path / 'x.yaml').exists()


@pytest.mark.parametrize('name', ['../x', '', '..', 'a/b', 'a\0'])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    for kind in (Files, Keystore):
        with pytest.raises(InvalidRequest):
            kind(str(tmp_path), {name: b''})


def test_a_key_store_is_whole_private_and_named_by_its_content(tmp_path: Path) -> None:
    one = Keystore(str(tmp_path / 'i'), {'key.pem': b'1', 'cert.pem': b'2'})
    other = Keystore(str(tmp_path / 'i'), {'key.pem': b'12', 'cert.pem': b''})
    assert one.path != other.path and Keystore('/i', {}).path == ''
    os.makedirs(f'{one.path}.new/enclaves/left/from/a/kill')
    one.put()
    made = [one.path, *(os.path.join(top, name) for top, folders, files in os.walk(one.path)
                        for name in (*folders, *files))]
    assert {os.path.relpath(path, one.path): mode(path) for path in made} == {
        '.': 0o700, 'enclaves': 0o700, 'enclaves/launch_service': 0o700,
        'enclaves/launch_service/key.pem': 0o600, 'enclaves/launch_service/cert.pem': 0o600}
    other.put()
    other.remove_others()
    assert os.listdir(tmp_path / 'i') == [os.path.basename(other.path)]
    other.remove()
    assert os.listdir(tmp_path / 'i') == []


def test_where_it_is_put() -> None:
    assert config_dir('/a/b', {'HOME': '/h'}) == '/h/.config/launch_service/a.b'
    assert config_dir('/', {'HOME': '/h', 'XDG_CONFIG_HOME': '/c'}) == '/c/launch_service/@root'
