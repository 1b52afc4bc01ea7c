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

"""known_hosts is read as ssh reads it: compared with ssh-keygen."""

from __future__ import annotations

from pathlib import Path
import shutil
import subprocess

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

from launch_service_node.ssh.known_hosts import Entry, look_up, matches, parse, prefer, Verdict

KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIIUJkrH4B1mS7kzh6sTyXwBwVRVbrzvJqNfEDPwPVHwk'

NAMES = ['robot', 'robot1', 'ROBOT', 'a.robot', '10.0.0.1', '[robot]:2222', '[10.0.0.1]:22',
         'obot', 'robot:2222']
patterns = st.lists(st.sampled_from([
    'robot', 'ROBOT', 'robot*', '*', '?obot', '*.robot', '10.0.0.?', '[robot]:2222', '[*]:2222',
    '[robot]:*', '!robot', '!10.*', '[ab]obot', '!*', 'rob[o]t']), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns, st.sampled_from(NAMES))
@pytest.mark.skipif(shutil.which('ssh-keygen') is None, reason='there is no ssh-keygen')
def test_ssh_keygen_agrees(tmp_path: Path, words: list[str], name: str) -> None:
    file = tmp_path / 'known_hosts'
    file.write_text(f'{",".join(words)} ssh-ed25519 {KEY}\n')
    found = subprocess.run(['ssh-keygen', '-F', name, '-f', str(file)], capture_output=True,
                           timeout=30, check=False).returncode == 0
    assert matches(','.join(words), name) == found


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for entry in parse(text, 'file'):
        matches(entry.patterns, 'robot')


@pytest.mark.parametrize('field', ['|1|', '|1|a', '|1|!!|!!', '|1|aGk=|aGk=|x', '|2|aGk=|aGk='])
def test_a_broken_hash_means_nobody(field: str) -> None:
    assert not matches(field, 'robot')


def test_a_key_counts_as_revoked_also_where_it_is_known() -> None:
    entries = [Entry('', 'robot', 't', b'k', 'f', 1), Entry('@revoked', '*', 't', b'k', 'f', 2)]
    assert look_up(entries, 'robot', 't', b'k').verdict is Verdict.REVOKED
    assert look_up(entries, 'robot', 't', b'other').verdict is Verdict.CHANGED
    assert look_up(entries, 'robot', 'u', b'other').verdict is Verdict.OTHER_TYPE


def test_another_hosts_key_says_nothing() -> None:
    entries = [Entry('', 'other', 't', b'k', 'f', 1)]
    assert look_up(entries, 'robot', 't', b'k').verdict is Verdict.UNKNOWN


def test_recorded_types_are_asked_for_first() -> None:
    certificate = 'ssh-ed25519-cert-v01@openssh.com'
    offered = [certificate, 'ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'ssh-rsa']
    assert prefer(offered, ['ssh-rsa'], False)[:2] == ['rsa-sha2-512', 'ssh-rsa']
    assert prefer(offered, [], False) == [*offered[1:], certificate]
    assert prefer(offered, ['ssh-rsa'], True)[:2] == [certificate, 'rsa-sha2-512']
