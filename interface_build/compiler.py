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

"""The C and C++ compiler: which, and its command lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import shlex
import shutil
import subprocess
import sysconfig

from .environment import Prefixes
from .errors import NoCompiler, StepFailed

# Seconds after which a compiler counts as hung.
TIMEOUT = 600.0


@dataclass(frozen=True)
class Compiler:
    """Commands for C and C++, and the flags that the environment adds."""

    c: tuple[str, ...]
    cxx: tuple[str, ...]
    c_flags: tuple[str, ...] = ()
    cxx_flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()

    def compile_command(
        self, source: Path, output: Path, depfile: Path, include: Sequence[Path],
        hidden: Path = Path('/'),
    ) -> list[str]:
        """
        Return the command that makes an object file and lists the headers it used.

        :param hidden: folder that is left out of names in the object, so that where
            something was built makes no difference.
        """
        if source.suffix == '.c':
            command, flags = [*self.c, '-std=gnu11'], self.c_flags
        else:
            command, flags = [*self.cxx, '-std=c++17'], self.cxx_flags
        return [*command, '-O1', '-g0', '-fPIC', '-w', f'-ffile-prefix-map={hidden}=', *flags,
                *(f'-I{folder}' for folder in include),
                '-MMD', '-MF', str(depfile), '-c', str(source), '-o', str(output)]

    def link_command(
        self, output: Path, objects: Sequence[Path], folders: Sequence[Path],
        names: Sequence[str], *, python: bool, run_path: str,
    ) -> list[str]:
        """
        Return the command that links a shared library.

        :param python: leave its undefined symbols to the interpreter.
        :param run_path: where the loader looks for what it needs, after LD_LIBRARY_PATH.
        """
        strict = [] if python else ['-Wl,-z,defs']
        return [*self.cxx, '-shared', '-o', str(output), f'-Wl,-soname,{output.name}',
                '-Wl,--as-needed', *strict, *self.link_flags, f'-Wl,-rpath,{run_path}',
                *map(str, objects), *(f'-L{folder}' for folder in folders),
                *(f'-l{name}' for name in names)]


def find_compiler(environ: Mapping[str, str]) -> Compiler:
    """
    Return what CC and CXX name, else what the machine has.

    CFLAGS, CXXFLAGS and LDFLAGS are added to the commands.

    :raises NoCompiler: when there is none.
    """
    found = []
    for variable, candidates in (('CC', ('cc', 'gcc', 'clang')),
                                 ('CXX', ('c++', 'g++', 'clang++'))):
        named = environ.get(variable)
        choices = [shlex.split(named)] if named else [[name] for name in candidates]
        command = next((each for each in choices if shutil.which(each[0])), None)
        if command is None:
            raise NoCompiler(
                f'no {"C" if variable == "CC" else "C++"} compiler '
                f'({named or " or ".join(candidates)} is not on PATH): install one, such as '
                f'the package g++ of Debian and Ubuntu, or name it in {variable}')
        found.append(tuple(command))
    flags = (tuple(shlex.split(environ.get(name, '')))
             for name in ('CFLAGS', 'CXXFLAGS', 'LDFLAGS'))
    return Compiler(*found, *flags)


def check_python_headers() -> Path:
    """
    Return the folder of Python.h.

    :raises NoCompiler: when it is not installed.
    """
    folder = Path(sysconfig.get_paths()['include'])
    if not (folder / 'Python.h').is_file():
        raise NoCompiler(
            f'the headers of Python are missing ({folder}/Python.h): install them, '
            'such as the package python3-dev of Debian and Ubuntu')
    return folder


def include_folders(packages: Sequence[str], prefixes: Prefixes) -> list[Path]:
    """Return the header folders of packages: below include/<package>, and include itself."""
    own = [prefixes.of(package) / 'include' / package for package in packages]
    shared = [folder / 'include' for folder in prefixes.folders]
    return [folder for folder in (*own, *shared) if folder.is_dir()]


def run(command: Sequence[str], what: str) -> None:
    """
    Run a command of the compiler.

    :raises StepFailed: when it fails; what it said was printed.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f'{what} took more than {TIMEOUT:.0f} s') from error
    if done.returncode:
        print(shlex.join(command), done.stdout, done.stderr, sep='\n', flush=True)
        raise StepFailed(f'{what} failed: the compiler said why, above')
