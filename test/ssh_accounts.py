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

"""This user with another password, login shell and way to log in, for one sshd alone."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
import shutil
import subprocess

#: What the user's password is, and how /etc/shadow has it.
PASSWORD = 'open sesame'
_HASHED = ('$6$lsnlsnls$DQ93ySQg6tTVYbjRMvcrb/9xscfg8mvxWAKS8KZrI.2/'
           'XkOAaQatD5ej.PyjTPHzE2ABPQcoe6nPtXquWTJkc1')

_PAM = """auth required pam_unix.so
account required pam_permit.so
session required pam_permit.so
"""


def why_not() -> str:
    """Say in one line why nobody can have another account here; empty when one can."""
    if os.geteuid() != 0 or shutil.which('unshare') is None:
        return 'another password or login shell needs root, and `unshare` (util-linux)'
    done = subprocess.run(['unshare', '--mount', 'true'], check=False, timeout=30,
                          capture_output=True)
    return '' if done.returncode == 0 else 'another password or login shell needs CAP_SYS_ADMIN'


def with_account(folder: Path, command: list[str], shell: str | None = None,
                 pam: str = _PAM) -> list[str]:
    """Return a command that sees, with all below it, this user with `PASSWORD` and a shell."""
    user = getpass.getuser()
    people = []
    for line in Path('/etc/passwd').read_text().splitlines():
        fields = line.split(':')
        if fields[0] == user and shell:
            fields[6] = shell
        people.append(':'.join(fields))
    secrets = [f'{user}:{_HASHED}:19000:0:99999:7:::' if line.startswith(f'{user}:') else line
               for line in Path('/etc/shadow').read_text().splitlines()]
    mounts = []
    for name, text in (('passwd', '\n'.join(people)), ('shadow', '\n'.join(secrets)),
                       ('pam.d/sshd', pam)):
        if Path('/etc', name).exists():
            file = folder / Path(name).name
            file.write_text(text + '\n')
            mounts.append(f'mount --bind {file} /etc/{name}')
    return ['unshare', '--mount', 'sh', '-ec', '\n'.join([*mounts, 'exec "$@"']), 'sh', *command]
