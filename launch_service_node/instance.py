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

"""Where an instance keeps its state: one folder for each namespace and user of a machine."""

from __future__ import annotations

from collections.abc import Mapping
import os
import re
import stat

from .errors import InstanceError, InvalidRequest, ResultCode

ROOT_FOLDER = '@root'
SOCKET_NAME = 'supervisor.sock'

# A token of a ROS name: https://design.ros2.org/articles/topic_and_service_names.html
NAME_TOKEN = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')


def state_home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder that holds the instances of this user, absolute; it need not exist."""
    own = environ.get('LAUNCH_SERVICE_STATE_DIR')
    if own:
        return os.path.abspath(own)
    xdg = environ.get('XDG_STATE_HOME')
    if xdg and os.path.isabs(xdg):  # the XDG base directory rules ignore a relative one
        return os.path.join(xdg, 'launch_service')
    home = environ.get('HOME') or os.path.expanduser('~')
    return os.path.join(home, '.local', 'state', 'launch_service')


def valid_namespace(text: str) -> str:
    """
    Return a namespace in its full form, with one leading slash and none at the end.

    :raises InvalidRequest: when a part is not a ROS name token.
    """
    parts = [part for part in text.split('/') if part]
    for part in parts:
        if not NAME_TOKEN.match(part):
            raise InvalidRequest(
                f'{text!r} is not a valid namespace: {part!r} may hold only letters, digits and _,'
                ' and may not begin with a digit', ResultCode.NAME_INVALID)
    return '/' + '/'.join(parts)


def namespace_from_hostname(hostname: str) -> str:
    """Make the first label of a host name a valid namespace: `robot-7.lab` is `/robot_7`."""
    token = re.sub(r'[^A-Za-z0-9_]', '_', hostname.split('.', 1)[0])
    if not token or token[0].isdigit():
        token = f'host_{token}'
    return '/' + token


def folder_of_namespace(namespace: str) -> str:
    """Return the name of the folder of an instance, such as `fleet.robot1`."""
    return valid_namespace(namespace)[1:].replace('/', '.') or ROOT_FOLDER


def namespace_of_folder(folder: str) -> str:
    """Return the namespace that a folder of the state folder belongs to."""
    return '/' if folder == ROOT_FOLDER else '/' + folder.replace('.', '/')


def instance_dir(namespace: str, home: str | None = None) -> str:
    """Return the state folder of the instance of a namespace; it need not exist."""
    return os.path.join(state_home() if home is None else home, folder_of_namespace(namespace))


def known_instances(home: str | None = None) -> list[str]:
    """Return the namespaces that have a state folder here, whether they run or not."""
    home = state_home() if home is None else home
    try:
        names = sorted(os.listdir(home))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [namespace_of_folder(name) for name in names
            if os.path.isdir(os.path.join(home, name))]


def make_private_dir(path: str) -> str:
    """
    Make a folder that only its owner may enter, parents included, and return its path.

    :raises InstanceError: when it can't be made, or is somebody else's.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        found = os.lstat(path)
    except OSError as error:
        raise InstanceError(
            f'cannot make the state folder {path}: {error.strerror}; '
            'set LAUNCH_SERVICE_STATE_DIR to a folder you may write') from error
    if not stat.S_ISDIR(found.st_mode):
        raise InstanceError(f'the state folder {path} is no folder; move it away')
    if found.st_uid != os.geteuid():
        raise InstanceError(
            f'the state folder {path} belongs to uid {found.st_uid}, not to you; '
            'set LAUNCH_SERVICE_STATE_DIR to a folder of your own')
    if found.st_mode & 0o077:
        os.chmod(path, 0o700)
    return path
