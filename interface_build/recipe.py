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

"""One build of the interfaces: translate, describe, generate, compile, link; only what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig

from . import generate, objects
from .compiler import check_python_headers, Compiler, find_compiler, include_folders, run
from .environment import Prefixes
from .errors import StepFailed
from .interfaces import dependencies, interface_files
from .libraries import HEADER_PACKAGES, libraries, Library

# Seconds after which a generator counts as hung.
TIMEOUT = 600.0
# From lib/pythonX.Y/site-packages/<package> to lib.
_FROM_EXTENSION_TO_LIB = '$ORIGIN/../../..'


@dataclass(frozen=True)
class Built:
    """What a build made, below one work folder."""

    #: Paths of the interfaces, relative to the source folder.
    interfaces: tuple[str, ...]
    #: The packages whose messages they use.
    dependencies: tuple[str, ...]
    #: Folder of msg/ and srv/ with the IDL files, and of those with their descriptions.
    idl: Path
    descriptions: Path
    #: Folders that hold <package>/{msg,srv}/…, one for each generator.
    generated: Mapping[str, Path]
    #: Shared libraries, and the extension modules for the Python package.
    libraries: tuple[Path, ...]
    extensions: tuple[Path, ...]


class Recipe:
    """
    Builds the interfaces of one package.

    :param source: the folder with msg/ and srv/; nothing is written there.
    :param work: the folder for all that is generated; made when missing.
    """

    def __init__(
        self, package: str, source: Path, work: Path, prefixes: Prefixes,
        environ: Mapping[str, str],
    ) -> None:
        self._package = package
        self._source = source
        self._work = work
        self._prefixes = prefixes
        self._environ = environ
        self._jobs = os.cpu_count() or 1

    def build(self) -> Built:
        """
        Build what is not up to date.

        :raises NoGenerators, NoCompiler: before anything was done.
        :raises StepFailed: when a generator or the compiler says no.
        """
        compiler = find_compiler(self._environ)
        check_python_headers()
        files = interface_files(self._source)
        uses = dependencies(self._source, files, self._prefixes)
        generated = self._generate(files, uses)
        names = libraries(self._package, uses)
        include = [*generated.values(),
                   *include_folders((*HEADER_PACKAGES, *uses), self._prefixes),
                   *_python_include_folders()]
        compiled = self._compile(compiler, names, generated, include)
        linked = {each.name: self._link(compiler, each, compiled[each.name]) for each in names}
        return Built(
            tuple(files), tuple(uses), self._work / 'idl', self._work / 'descriptions', generated,
            tuple(linked[each.name] for each in names if not each.extension),
            tuple(linked[each.name] for each in names if each.extension))

    def _generate(self, files: list[str], uses: list[str]) -> dict[str, Path]:
        inputs = [Path(generate.__file__), *(self._source / name for name in files)]
        for name in uses:
            inputs += sorted((self._prefixes.of(name) / 'share' / name).glob('*/*.idl'))
        versions = [f'{name} {self._prefixes.of(name)} {self._prefixes.version(name)}'
                    for name in (*generate.GENERATORS, *uses)]
        idl_folder = self._work / 'idl'
        descriptions_folder = self._work / 'descriptions'
        idl = [f'{idl_folder}:{Path(name).with_suffix(".idl")}' for name in files]
        descriptions = [str(descriptions_folder / Path(name).with_suffix('.json'))
                        for name in files]
        include = [str(self._prefixes.of(name) / 'share' / name) for name in uses]
        folders = {name: self._work / 'generated' / name for name in generate.GENERATORS}

        def step(name: str, output: Path, **request: object) -> None:
            request = {'step': name, 'package': self._package, 'output': str(output), **request}
            command = [sys.version, *versions, json.dumps(request)]
            stamp = self._work / 'stamps' / f'{name}.json'
            if objects.is_current(stamp, command, [output]):
                return
            stamp.unlink(missing_ok=True)
            shutil.rmtree(output, ignore_errors=True)
            output.mkdir(parents=True)
            self._run_step(name, request)
            objects.write_stamp(stamp, command, inputs)

        step('translate', idl_folder, source=str(self._source), files=files)
        step('describe', descriptions_folder, idl=idl, include=include)
        _side_by_side(self._jobs, [
            partial(step, name, folder / self._package, idl=idl, include=include,
                    descriptions=descriptions)
            for name, folder in folders.items()])
        return folders

    def _run_step(self, name: str, request: Mapping[str, object]) -> None:
        environ = {
            **self._environ,
            'AMENT_PREFIX_PATH': os.pathsep.join(map(str, self._prefixes.folders)),
            'PYTHONPATH': os.pathsep.join(filter(None, (
                str(Path(__file__).resolve().parents[1]), self._environ.get('PYTHONPATH')))),
            # Some templates go through sets: the same input shall give the same files.
            'PYTHONHASHSEED': '0',
        }
        print(f'generating: {name}', flush=True)
        try:
            done = subprocess.run(
                [sys.executable, '-m', f'{__package__}.generate'],
                input=json.dumps({**request, 'python_path': [each for each in sys.path if each]}),
                env=environ, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as error:
            raise StepFailed(f'{name} took more than {TIMEOUT:.0f} s') from error
        if done.returncode:
            print(done.stdout, done.stderr, sep='\n', flush=True)
            raise StepFailed(f'{name} failed on the interfaces: it said why, above')

    def _compile(
        self, compiler: Compiler, names: Iterable[Library], generated: Mapping[str, Path],
        include: list[Path],
    ) -> dict[str, list[Path]]:
        results: dict[str, list[Path]] = {}
        jobs = []
        for library in names:
            results[library.name] = []
            root = generated[library.generator] / self._package
            sources = sorted(root.glob(library.sources))
            if not sources:
                raise StepFailed(
                    f'{library.generator} wrote no {library.sources} for lib{library.name}: '
                    'this ROS 2 arranges its generated files in a way that is not known here')
            for source in sources:
                flat = '.'.join(source.relative_to(root).parts)
                output = self._work / 'objects' / library.name / f'{flat}.o'
                results[library.name].append(output)
                jobs.append(partial(self._compile_one, compiler, source, output, include))
        _side_by_side(self._jobs, jobs)
        return results

    def _compile_one(
        self, compiler: Compiler, source: Path, output: Path, include: list[Path],
    ) -> None:
        depfile = output.with_suffix('.d')
        stamp = output.with_suffix('.json')
        command = compiler.compile_command(source, output, depfile, include, self._work)
        if objects.is_current(stamp, command, [output]):
            return
        output.parent.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        run(command, f'compiling {source.name}')
        objects.write_stamp(
            stamp, command, objects.headers_in(depfile.read_text(encoding='utf-8')))

    def _link(self, compiler: Compiler, library: Library, compiled: list[Path]) -> Path:
        folder = self._work / ('extensions' if library.extension else 'lib')
        suffix = sysconfig.get_config_var('EXT_SUFFIX') if library.extension else '.so'
        prefix = '' if library.extension else 'lib'
        output = folder / f'{prefix}{library.name}{suffix}'
        own = [self._work / 'lib' / f'lib{name}.so' for name in library.own]
        command = compiler.link_command(
            output, compiled,
            [self._work / 'lib', *(each / 'lib' for each in self._prefixes.folders)],
            (*library.own, *library.others), python=library.python,
            run_path=_FROM_EXTENSION_TO_LIB if library.extension else '$ORIGIN')
        stamp = self._work / 'stamps' / f'{library.name}.json'
        if not objects.is_current(stamp, command, [output]):
            stamp.unlink(missing_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
            output.unlink(missing_ok=True)
            run(command, f'linking {output.name}')
            objects.write_stamp(stamp, command, [*compiled, *own])
        return output


def _python_include_folders() -> list[Path]:
    import numpy
    return [Path(sysconfig.get_paths()['include']), Path(numpy.get_include())]


def _side_by_side(jobs: int, calls: Iterable[Callable[[], None]]) -> None:
    """Make calls in threads, and raise what the first one raises that fails."""
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(call) for call in calls]
        try:
            for future in futures:
                future.result()
        finally:
            for future in futures:
                future.cancel()
