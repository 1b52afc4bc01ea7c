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

"""The environment that an instance was brought up with, kept for the supervisors after a fall."""

from __future__ import annotations

import json
import os
import sys


def environment_of(path: str, own: dict[str, str], brought_back: bool) -> dict[str, str]:
    """
    Return the environment of the instance, which is in the file from then on.

    :param own: that of this supervisor.
    :param brought_back: whether a process of the instance has started it: then `own` is what
        that process was given, and counts only when there is no file that makes sense.
    """
    if brought_back:
        try:
            with open(path, encoding='utf-8') as file:
                return {str(key): str(value) for key, value in json.load(file).items()}
        except (OSError, ValueError, AttributeError) as error:
            print(f'cannot read {path}: {error}; pass_environment takes from the environment of '
                  'whoever has started this supervisor', file=sys.stderr)
            return own
    new = f'{path}.new'
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, 'w', encoding='utf-8') as file:
            json.dump(own, file)
        os.replace(new, path)
    except OSError as error:
        print(f'cannot write {path}: {error.strerror}', file=sys.stderr)
        _remove(path)  # that of an earlier life of the instance would be taken for this one's
    return own


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
