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

"""Who could change a file: with real files, modes, owners and links."""

from __future__ import annotations

import grp
import os
from pathlib import Path
import pwd
import struct

import pytest

from launch_service_node.allow_list import trust
from launch_service_node.allow_list.trust import Trust

STRANGER = 65534  # nobody
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can give files away')


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a safe file in a safe folder."""
    folder = tmp_path / 'folder'
    folder.mkdir()
    path = folder / 'file'
    path.write_text('x')
    return path


def why(path: Path | str) -> str:
    """Ask anew: nothing is remembered from the question before."""
    return Trust().why_not(str(path))


def test_ones_own_file_is_safe(file: Path) -> None:
    """Also one in the sticky folder where pytest keeps its temporary folders."""
    assert why(file) == ''


def test_a_file_of_root_is_safe() -> None:
    """Whoever asks."""
    assert Trust([STRANGER]).why_not('/bin/sh') == ''


def test_a_file_that_everyone_may_write_is_not(file: Path) -> None:
    """The message is one line and names the command that mends it; the command does."""
    file.chmod(0o646)
    reason = why(file)
    assert reason == f"everyone may write to '{file}'; chmod go-w {file}"
    os.chmod(file, 0o646 & ~0o022)
    assert why(file) == ''


@pytest.mark.parametrize('mode', [0o757, 0o777])
def test_a_folder_that_everyone_may_write_is_not(file: Path, mode: int) -> None:
    """Whoever may write to the folder may put another file there."""
    file.parent.chmod(mode)
    assert why(file).startswith(f"everyone may write to '{file.parent}'; chmod go-w")


def test_a_sticky_folder_is_safe_for_ones_own_file(file: Path) -> None:
    """As /tmp is."""
    file.parent.chmod(0o1777)
    assert why(file) == ''


def test_a_folder_further_up_counts_too(file: Path) -> None:
    """Each folder down to the root is looked at."""
    file.parent.parent.chmod(0o777)
    assert f"'{file.parent.parent}'" in why(file)


def test_the_command_is_quoted(tmp_path: Path) -> None:
    """A path may hold anything."""
    path = tmp_path / "it's a file"
    path.write_text('')
    path.chmod(0o666)
    assert why(path).endswith(f"chmod go-w '{tmp_path}/it'\"'\"'s a file'")


def test_what_does_not_exist_is_not_safe(tmp_path: Path) -> None:
    """Someone might create it."""
    assert 'No such file' in why(tmp_path / 'nothing')


class Accounts:
    """Made-up users and groups in place of those of this host."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        self.uid, self.gid = file.stat().st_uid, file.stat().st_gid
        self.users = [self._user('me', self.uid, self.gid)]
        self.members: list[str] = []
        monkeypatch.setattr(pwd, 'getpwall', lambda: self.users)
        monkeypatch.setattr(pwd, 'getpwuid', self._by_uid)
        monkeypatch.setattr(grp, 'getgrgid', lambda gid: grp.struct_group(
            ('group', 'x', gid, self.members)))

    def _user(self, name: str, uid: int, gid: int) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, 'x', uid, gid, '', '/', '/bin/sh'))

    def _by_uid(self, uid: int) -> pwd.struct_passwd:
        return next(user for user in self.users if user.pw_uid == uid)

    def add(self, name: str, uid: int, gid: int) -> None:
        """Add a user with a primary group."""
        self.users.append(self._user(name, uid, gid))


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch, file: Path) -> Accounts:
    """Give a file that its group may write to, and users to choose."""
    file.chmod(0o664)
    file.parent.chmod(0o775)
    return Accounts(monkeypatch, file)


def test_the_owners_private_group_may_write(accounts: Accounts, file: Path) -> None:
    """As with Ubuntu's umask 002."""
    assert why(file) == ''
    accounts.members.append('me')
    assert why(file) == ''


def test_a_group_with_another_member_may_not(accounts: Accounts, file: Path) -> None:
    """The member could write."""
    accounts.members.append('other')
    assert why(file).startswith(f"group group may write to '{file.parent}'; chmod go-w")


def test_a_group_that_is_the_primary_one_of_another_user_may_not(
    accounts: Accounts, file: Path,
) -> None:
    """Such a user is no listed member."""
    accounts.add('other', accounts.uid + 1, accounts.gid)
    assert 'group group may write' in why(file)


def test_a_group_that_is_not_the_owners_primary_one_may_not(
    accounts: Accounts, file: Path,
) -> None:
    """It may have no members today, and a set-gid program all the same."""
    accounts.users[0] = accounts._user('me', accounts.uid, accounts.gid + 1)
    assert 'group group may write' in why(file)


def test_an_access_control_list_makes_a_private_group_unsafe(
    accounts: Accounts, file: Path,
) -> None:
    """The bits of the group are then those of everyone who is named in the list."""
    assert why(file) == ''
    # version 2; owner rw, user nobody rw, group r, mask rw, others r
    entries = [(1, 6, 0xffffffff), (2, 6, STRANGER), (4, 4, 0xffffffff), (16, 6, 0xffffffff),
               (32, 4, 0xffffffff)]
    value = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)
    try:
        os.setxattr(file, 'system.posix_acl_access', value)
    except OSError:
        pytest.skip('the file system has no access control lists')
    assert 'group group may write' in why(file)


@needs_root
def test_a_file_of_someone_else_is_not_safe(file: Path) -> None:
    """The owner may write to it whatever its mode."""
    os.chown(file, STRANGER, STRANGER)
    file.chmod(0o444)
    assert why(file) == f"'{file}' belongs to nobody, not to root; chown -h root {file}"
    assert Trust([STRANGER]).why_not(str(file)) == ''


@needs_root
def test_a_file_in_the_folder_of_someone_else_is_not_safe(file: Path) -> None:
    """Its owner may rename what is in it."""
    os.chown(file.parent, STRANGER, STRANGER)
    assert f"'{file.parent}' belongs to nobody" in why(file)


def test_a_user_does_not_trust_another(file: Path) -> None:
    """Root's files are fine for everyone, an ordinary user's only for that user."""
    if os.geteuid() == 0:
        os.chown(file, 1234, 1234)
    owner = file.stat().st_uid
    assert 'belongs to' in Trust([owner + 1]).why_not(str(file))


def test_a_link_is_followed_to_what_it_leads_to(file: Path, tmp_path: Path) -> None:
    """A safe link to an unsafe file is unsafe."""
    link = tmp_path / 'link'
    link.symlink_to('folder/file')
    assert why(link) == ''
    file.chmod(0o666)
    assert f"'{file}'" in why(link)


def test_the_folder_of_a_link_counts(file: Path, tmp_path: Path) -> None:
    """An unsafe link to a safe file is unsafe: another link could be put in its place."""
    open_folder = tmp_path / 'open'
    open_folder.mkdir()
    link = open_folder / 'link'
    link.symlink_to(file)
    assert why(link) == ''
    open_folder.chmod(0o777)
    assert f"'{open_folder}'" in why(link)


def test_each_link_of_a_chain_counts(file: Path, tmp_path: Path) -> None:
    """A link in the middle, with .. in it, in a folder that everyone may write to."""
    middle = tmp_path / 'middle'
    middle.mkdir()
    (middle / 'two').symlink_to('../folder/./file')
    (tmp_path / 'one').symlink_to(middle / 'two')
    assert why(tmp_path / 'one') == ''
    middle.chmod(0o777)
    assert f"'{middle}'" in why(tmp_path / 'one')


def test_a_linked_folder_is_followed_too(file: Path, tmp_path: Path) -> None:
    """`..` after a link is the folder above the target, as for the kernel."""
    deep = tmp_path / 'deep'
    (deep / 'inner').mkdir(parents=True)
    (tmp_path / 'short').symlink_to(deep / 'inner')
    (deep / 'file').write_text('')
    path = f'{tmp_path}/short/../file'
    assert os.path.exists(path)
    assert why(path) == ''
    deep.chmod(0o777)
    assert f"'{deep}'" in why(path)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    """It is no endless loop here."""
    (tmp_path / 'a').symlink_to('b')
    (tmp_path / 'b').symlink_to('a')
    assert 'symbolic links' in why(tmp_path / 'a')


@needs_root
def test_a_strangers_link_in_a_sticky_folder_is_not_safe(file: Path, tmp_path: Path) -> None:
    """In a sticky folder the owner of a link may change where it leads."""
    sticky = tmp_path / 'sticky'
    sticky.mkdir()
    sticky.chmod(0o1777)
    link = sticky / 'link'
    link.symlink_to(file)
    assert why(link) == ''
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)
    assert f"'{link}' belongs to nobody" in why(link)


def test_a_name_without_an_account_is_shown_as_its_number() -> None:
    """The account may be gone."""
    assert trust._user_name(3_999_999_999) == '3999999999'
    assert trust._group_name(3_999_999_999) == '3999999999'
    assert not trust._only_member(3_999_999_999, 3_999_999_999)
