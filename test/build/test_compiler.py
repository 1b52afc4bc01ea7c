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

"""The compiler that is found, and its command lines."""

import os
from pathlib import Path
import subprocess

import pytest

from interface_build.compiler import Compiler, find_compiler, run
from interface_build.errors import NoCompiler, StepFailed


def test_what_the_environment_names_is_used_with_its_arguments():
    compiler = find_compiler({'CC': 'sh -c cc', 'CXX': 'sh'})
    assert compiler.c == ('sh', '-c', 'cc') and compiler.cxx == ('sh',)


def test_a_machine_without_a_compiler_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(NoCompiler, match=r'cc or gcc or clang .* install one'):
        find_compiler({})


def test_flags_of_the_environment_come_after_ours():
    compiler = find_compiler({'CC': 'sh', 'CXX': 'sh', 'CXXFLAGS': '-O3 -march=native'})
    command = compiler.compile_command(Path('a.cpp'), Path('a.o'), Path('a.d'), [])
    assert command.index('-O1') < command.index('-O3')
    assert '-O3' not in compiler.compile_command(Path('a.c'), Path('a.o'), Path('a.d'), [])


def test_a_library_with_a_missing_symbol_does_not_link(tmp_path):
    compiler = find_compiler(os.environ)
    source, output = tmp_path / 'a.c', tmp_path / 'a.o'
    source.write_text('void missing(void); void present(void) { missing(); }', encoding='utf-8')
    run(compiler.compile_command(source, output, tmp_path / 'a.d', []), 'compiling')
    arguments = (tmp_path / 'liba.so', [output], [], [])
    with pytest.raises(StepFailed, match='linking liba'):
        run(compiler.link_command(*arguments, python=False, run_path='$ORIGIN'), 'linking liba')
    run(compiler.link_command(*arguments, python=True, run_path='$ORIGIN'), 'linking liba')
    dynamic = subprocess.run(
        ['readelf', '-d', str(tmp_path / 'liba.so')], capture_output=True, text=True, timeout=60,
        check=True).stdout
    assert '[liba.so]' in dynamic and '[$ORIGIN]' in dynamic


def test_what_the_compiler_says_is_printed(tmp_path, capsys):
    source = tmp_path / 'a.c'
    source.write_text('this is not C', encoding='utf-8')
    command = Compiler(('cc',), ('c++',)).compile_command(
        source, tmp_path / 'a.o', tmp_path / 'a.d', [])
    with pytest.raises(StepFailed, match=r'compiling a\.c failed'):
        run(command, 'compiling a.c')
    assert 'a.c' in capsys.readouterr().out
