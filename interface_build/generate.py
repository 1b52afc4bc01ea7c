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

"""
One step of generation, with the classes of rosidl, in a process of its own.

A process each, because their template engine keeps global state; so they can also
run side by side. `rosidl generate` can't be used: where an entry point is
registered twice, as in the wheels, it refuses.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
from pathlib import Path
import sys

# Module and class of each generator; the folder of its output is called like its package.
GENERATORS = {
    'rosidl_generator_c': 'GenerateC',
    'rosidl_generator_cpp': 'GenerateCpp',
    'rosidl_generator_py': 'GeneratePython',
    'rosidl_typesupport_c': 'GenerateCTypesupport',
    'rosidl_typesupport_cpp': 'GenerateCppTypesupport',
    'rosidl_typesupport_fastrtps_c': 'GenerateFastRTPSCTypesupport',
    'rosidl_typesupport_fastrtps_cpp': 'GenerateFastRTPSCppTypesupport',
    'rosidl_typesupport_introspection_c': 'GenerateIntrospectionCTypesupport',
    'rosidl_typesupport_introspection_cpp': 'GenerateIntrospectionCppTypesupport',
}
# The implementations behind the dispatchers rosidl_typesupport_c and rosidl_typesupport_cpp.
IMPLEMENTATIONS = ('fastrtps', 'introspection')


def translate(package: str, source: Path, files: list[str], output: Path) -> list[str]:
    """Translate .msg and .srv files, relative to source, to IDL; return `root:path` of each."""
    # Not through rosidl_cli's translate(): in Jazzy that needs catkin_pkg for nothing.
    from rosidl_adapter.msg import convert_msg_to_idl
    from rosidl_adapter.srv import convert_srv_to_idl
    convert = {'.msg': convert_msg_to_idl, '.srv': convert_srv_to_idl}
    results = []
    for name in files:
        path = Path(name)
        convert[path.suffix](source, package, path, output / path.parent)
        results.append(f'{output}:{path.with_suffix(".idl").as_posix()}')
    return results


def describe(package: str, idl: list[str], include: list[str], output: Path) -> list[str]:
    """Write the type descriptions with their hashes (JSON); return the files."""
    from rosidl_generator_type_description.cli import HashTypeDescription
    return [str(path) for path in HashTypeDescription('json').generate_type_hashes(
        package, idl, include, output)]


def generate(
    generator: str, package: str, idl: list[str], include: list[str], descriptions: list[str],
    output: Path,
) -> None:
    """Run one of GENERATORS."""
    kind = getattr(importlib.import_module(f'{generator}.cli'), GENERATORS[generator])
    arguments = {}
    parameters = inspect.signature(kind.__init__).parameters
    if 'typesupport_implementations' in parameters:
        language = 'cpp' if generator.endswith('cpp') else 'c'
        chosen = [f'rosidl_typesupport_{name}_{language}' for name in IMPLEMENTATIONS]
        if generator == 'rosidl_generator_py':
            chosen.insert(0, 'rosidl_typesupport_c')
        arguments['typesupport_implementations'] = chosen
    wanted = inspect.signature(kind.generate).parameters
    extra = {'type_description_files': descriptions} if 'type_description_files' in wanted else {}
    kind(generator, **arguments).generate(package, idl, include, output, **extra)


def main() -> None:
    """Do the step that a JSON object on standard input describes; print its result as JSON."""
    logging.getLogger('rosidl_cli').setLevel(logging.ERROR)
    request = json.load(sys.stdin)
    sys.path.extend(each for each in request.pop('python_path') if each not in sys.path)
    step = request.pop('step')
    request['output'] = Path(request['output'])
    result = None
    if step == 'translate':
        request['source'] = Path(request['source'])
        result = translate(**request)
    elif step == 'describe':
        result = describe(**request)
    else:
        generate(step, **request)
    print('\n' + json.dumps(result))


if __name__ == '__main__':
    main()
