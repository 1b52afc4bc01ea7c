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

"""Set-up scripts: which shell line sources them, and what they left."""

from __future__ import annotations

import os

from .spawning import encode

# Whatever a set-up script prints is not mistaken for the environment that it leaves.
_SOURCE = 'exec 3>&1 1>&2\n{}\nexec /bin/cat /proc/self/environ >&3'

# The shell's own; they mean nothing to what comes after it.
_OF_THE_SHELL = (b'_', b'OLDPWD')


def as_path(script: str) -> str:
    """Return the path of a script, which no shell takes for an option or looks for in PATH."""
    return script if script.startswith('/') else './' + script


def is_missing(path: str) -> bool:
    """Say whether there is no file that this user can read."""
    return not os.access(encode(path), os.R_OK) or os.path.isdir(encode(path))


def script_for(paths: list[str]) -> str:
    """Return what a shell is to do: source these, and tell the environment on stdout."""
    return _SOURCE.format('\n'.join(". '" + path.replace("'", "'\\''") + "'" for path in paths))


def environment_in(told: bytes) -> dict[bytes, bytes]:
    """Return the environment that was told; empty when there was none."""
    env = dict(one.split(b'=', 1) for one in told.split(b'\0') if b'=' in one)
    for name in _OF_THE_SHELL:
        env.pop(name, None)
    return env
