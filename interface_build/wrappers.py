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

"""The executables of lib/<package>/, which `ros2 run` starts: small scripts of POSIX sh."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import shlex

#: Executable and the module whose main() it runs.
EXECUTABLES = {
    'launch_service_node': 'launch_service_node.node.main',
    **{name: f'launch_service_node.examples.{name}'
       for name in ('talker', 'listener', 'crasher', 'stubborn', 'chatter', 'heartbeat')},
}

# Not `python -m`: that would import from the current folder first, where a source
# folder of this package, which has no messages, may lie.
_SCRIPT = """\
#!/bin/sh
# Runs {module} with the Python of this installation.
python=$(dirname -- "$0")/../../bin/python3
{fallback}exec "$python" -c '
import sys
if not sys.path[0]:
    del sys.path[0]
sys.argv[0] = "{name}"
from {module} import main
sys.exit(main())
' "$@"
"""


def script(name: str, module: str, interpreter: str | None) -> str:
    """
    Return the text of an executable.

    It takes the python3 of its own prefix, which a virtual environment has; else the
    interpreter of the build, which is right for a workspace; else python3 on PATH.

    :param interpreter: path of the interpreter of the build; None when what is built
        may be installed elsewhere, as a wheel may.
    """
    choices = ['python3'] if interpreter is None else [shlex.quote(interpreter), 'python3']
    fallback = ''.join(
        f'command -v "$python" >/dev/null || python={choice}\n' for choice in choices)
    return _SCRIPT.format(name=name, module=module, fallback=fallback)


def write_executables(
    folder: Path, interpreter: str | None, executables: Mapping[str, str] = EXECUTABLES,
) -> list[Path]:
    """Write an executable file each into a folder, made when missing; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, module in executables.items():
        path = folder / name
        path.write_text(script(name, module, interpreter), encoding='utf-8')
        path.chmod(0o755)
        written.append(path)
    return written
