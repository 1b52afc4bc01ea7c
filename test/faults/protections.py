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
Takes out one protection at a time, and shows that a test notices.

    python3 test/faults/protections.py                 all of them, some minutes
    python3 test/faults/protections.py 3 15 journal    points of the list, or words of a row
    python3 test/faults/protections.py --jobs 4

Each row of the table (protections_of_*.py) names a file of the
package, the piece of its text that is the protection, what it becomes, and the test that
must fail then. A copy of the package is changed, never the checkout; first every test has
to pass on a copy as it is. Exit code 1: a test did not notice, or could say nothing.
test_protections.py sees to it that the table does not rot.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import os
from pathlib import Path
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import (  # noqa: E402
    protections_of_bootstrapping,
    protections_of_life,
    protections_of_use,
)
from faults.protection import Protection  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'launch_service_node'

#: Seconds that a test waits for what will not come, now that its protection is out.
PATIENCE = 15.0

#: Seconds that a test may take, and that it has to clean up when it took longer.
TEST_TIMEOUT = 180.0
CLEAN_UP = 60.0

PASSED, FAILED = 0, 1  # of pytest; anything else says nothing about the protection

TABLE = (*protections_of_life.TABLE, *protections_of_use.TABLE,
         *protections_of_bootstrapping.TABLE)


def code_of(row: Protection, package: Path) -> str:
    """
    Return the text of a file without its protection.

    :raises ValueError: when the protection does not stand there exactly once, or what is
        left is no Python.
    """
    text = (package / row.file).read_text()
    found = text.count(row.text)
    if found != 1:
        raise ValueError(f'{row.file} has this {found} times, and not once: {row.text!r}')
    changed = text.replace(row.text, row.becomes)
    compile(changed, row.file, 'exec')
    return changed


class Copy:
    """A copy of the package and its tests that can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / PACKAGE
        self._tmp = folder / 'tmp'
        ignore = shutil.ignore_patterns('__pycache__', '*.pyc')
        for name in (PACKAGE, 'test', 'docs'):
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        for name in ('pytest.ini', 'README.md', 'package.xml'):
            shutil.copy(ROOT / name, folder / name)
        self._hook = folder / 'hook'
        self._hook.mkdir()
        (self._hook / 'sitecustomize.py').write_text(_HOOK.format(
            package=PACKAGE, folders=[str(self.package), *_installed()]))

    @contextmanager
    def without(self, row: Protection) -> Iterator[None]:
        """Take a protection out for a while."""
        path = self.package / row.file
        whole = path.read_text()
        path.write_text(code_of(row, self.package))
        try:
            yield
        finally:
            path.write_text(whole)

    def run(self, *tests: str, timeout: float) -> tuple[int | None, str]:
        """Run tests, and return pytest's exit code (None: it took too long) and its last words."""
        self._tmp.mkdir()
        # What Python has compiled is taken for the same by its second and its size.
        environment = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '1', 'TMPDIR': str(self._tmp),
                       'LAUNCH_SERVICE_TEST_PATIENCE': str(PATIENCE),
                       'PYTHONPATH': os.pathsep.join(filter(None, (
                           str(self._hook), os.environ.get('PYTHONPATH', ''))))}
        command = [sys.executable, '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider',
                   '--tb=line', '-rs', f'--basetemp={self._tmp}/base',
                   *(f'test/{test}' for test in tests)]
        log = self.folder / 'log'
        with open(log, 'wb') as file:
            popen = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=file,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                     start_new_session=True)
            code = self._wait(popen, timeout)
        self._end_leftovers()
        shutil.rmtree(self._tmp, ignore_errors=True)
        lines = log.read_text(errors='replace').splitlines()
        skipped = [line for line in lines if line.startswith('SKIPPED')]
        return code, (skipped or lines or ['it said nothing'])[-1]

    def _wait(self, popen: subprocess.Popen[bytes], timeout: float) -> int | None:
        """Wait for pytest; one that takes too long is interrupted, so that it cleans up."""
        try:
            return popen.wait(timeout)
        except subprocess.TimeoutExpired:
            popen.send_signal(signal.SIGINT)
        except BaseException:
            popen.send_signal(signal.SIGINT)
            popen.wait(CLEAN_UP)
            raise
        try:
            popen.wait(CLEAN_UP)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()
        return None

    def _end_leftovers(self) -> None:
        """End whatever a test has left: without a protection, more may live than it knows of."""
        mark = str(self._tmp).encode()
        deadline = time.monotonic() + CLEAN_UP
        while time.monotonic() < deadline:
            found = False
            for name in filter(str.isdigit, os.listdir('/proc')):
                try:
                    handle = os.pidfd_open(int(name))
                except OSError:
                    continue
                try:
                    environment = Path(f'/proc/{name}/environ').read_bytes()
                    if mark in environment:
                        found = True
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                except OSError:
                    pass  # it has gone, or is somebody else's
                finally:
                    os.close(handle)
            if not found:
                return
            time.sleep(0.05)


_HOOK = '''\
"""Has this package imported from a copy; generated messages come from where they are."""

import sys

FOLDERS = {folders!r}


class Finder:
    """Finds the package; what is below it is found by Python itself."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Return where the package lies, None for any other."""
        if name != {package!r}:
            return None
        from importlib.util import spec_from_file_location
        return spec_from_file_location(
            name, FOLDERS[0] + '/__init__.py', submodule_search_locations=FOLDERS)


sys.meta_path.insert(0, Finder)
'''


def _installed() -> list[str]:
    """Return the folders that the installed package consists of."""
    said = subprocess.run(
        [sys.executable, '-c', f'import {PACKAGE}; print(*{PACKAGE}.__path__, sep="\\n")'],
        cwd='/', check=True, capture_output=True, text=True, timeout=TEST_TIMEOUT)
    return said.stdout.splitlines()


def verdict_of(copy: Copy, row: Protection, timeout: float) -> tuple[bool, str]:
    """Return whether a test notices that a protection is out, and that in words."""
    try:
        with copy.without(row):
            code, said = copy.run(row.test, timeout=timeout)
    except (ValueError, SyntaxError) as error:
        return False, f'BAD ROW: {error}'
    if code == FAILED:
        return True, 'noticed'
    if code is None:
        return False, f'NO END in {timeout:g} s'
    if code == PASSED:
        return False, f'NOT NOTICED: {said}'
    return False, f'SAYS NOTHING (pytest ended with {code}): {said}'


def wanted(words: Iterable[str]) -> list[Protection]:
    """Return the rows of these points, and those that have one of these words."""
    words = list(words)
    return [row for row in TABLE if not words or any(
        row.point == int(word) if word.isdigit() else word in ' '.join(map(str, row))
        for word in words)]


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; see the top of this file."""
    parser = argparse.ArgumentParser(
        description='Take out one protection at a time, and see that its test fails.')
    parser.add_argument('words', nargs='*', help='points of the list, or words of a row')
    parser.add_argument('--jobs', type=int, default=1, help='copies to work on at a time')
    parser.add_argument('--timeout', type=float, default=TEST_TIMEOUT, help='seconds for a test')
    options = parser.parse_args(arguments)
    # In the background of a script it is ignored, and so it would be by pytest.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows = wanted(options.words)
    width = max((len(row.what) for row in rows), default=0)
    bad = []
    with tempfile.TemporaryDirectory(
            prefix='protections_', ignore_cleanup_errors=True) as name:
        os.chmod(name, 0o755)  # some tests run as another user
        copies: queue.Queue[Copy] = queue.Queue()
        for number in range(options.jobs):
            folder = Path(name, str(number))
            folder.mkdir()
            copies.put(Copy(folder))

        def judge(row: Protection) -> tuple[bool, str, float]:
            copy, began = copies.get(), time.monotonic()
            try:
                return *verdict_of(copy, row, options.timeout), time.monotonic() - began
            finally:
                copies.put(copy)

        def passes(test: str) -> str:
            copy = copies.get()
            try:
                code, said = copy.run(test, timeout=options.timeout)
                skipped = said.startswith('SKIPPED') or ' skipped' in said
                return '' if code == PASSED and not skipped else said
            finally:
                copies.put(copy)
        with ThreadPoolExecutor(options.jobs) as pool:
            tests = sorted({row.test for row in rows})
            said_of = dict(zip(tests, pool.map(passes, tests), strict=True))
            able = [row for row in rows if not said_of[row.test]]
            for row in rows:
                if said_of[row.test]:
                    bad.append(row)
                    print(f'{row.point:>2}  {row.what:<{width}}  CAN NOT SAY: {row.test}: '
                          f'{said_of[row.test]}', flush=True)
            for row, (noticed, said, seconds) in zip(able, pool.map(judge, able), strict=True):
                if not noticed:
                    bad.append(row)
                print(f'{row.point:>2}  {row.what:<{width}}  {seconds:5.1f} s  {said}'
                      + ('' if noticed else f'  ({row.test})'), flush=True)
    print(f'{len(rows) - len(bad)} of {len(rows)} protections are held by their test')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
