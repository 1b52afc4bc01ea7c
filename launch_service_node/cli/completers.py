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
What the next word may be; argcomplete's protocol, so that `ros2` has it too.

Only what this host knows is offered: a tab must not wait for the ROS graph.
"""

from __future__ import annotations

import argparse
import os
import re
from typing import Any

from ..errors import LaunchServiceError
from .backend import Waits
from .local_backend import LocalReach
from .options import UsageError
from .target import choose, split_namespace

WAITS = Waits(find=0.5, answer=0.5)
SIGNALS = ('SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGKILL', 'SIGSTOP',
           'SIGCONT', 'SIGWINCH')


class NamespaceCompleter:
    """Instances of this host, as long as no word was given."""

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        """Return the candidates that begin with `prefix`."""
        return [namespace for namespace in self.namespaces(parsed_args)
                if namespace.startswith(prefix)]

    def namespaces(self, parsed_args: argparse.Namespace) -> list[str]:
        """Return all instances of this host that may be named at this place."""
        if getattr(parsed_args, 'words', None):
            return []
        with LocalReach(WAITS) as reach:
            return reach.namespaces()


class _WordCompleter(NamespaceCompleter):
    """A namespace as the first word, then words that the instance gives."""

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        if prefix.startswith('/'):
            return super().__call__(prefix, parsed_args)
        try:
            namespace, words = split_namespace(getattr(parsed_args, 'words', None) or [])
            with LocalReach(WAITS) as reach:
                found = self.candidates(words, choose(namespace, reach))
        except (LaunchServiceError, UsageError):
            return self.namespaces(parsed_args) if not prefix else []
        return [word for word in found if word.startswith(prefix) and word not in words]

    def candidates(self, words: list[str], backend: Any) -> list[str]:
        raise NotImplementedError


class ProcessCompleter(_WordCompleter):
    """Names of processes."""

    def candidates(self, words: list[str], backend: Any) -> list[str]:
        """Return the names of all listed processes."""
        return sorted({process['process_name'] for process in backend.list('', '')['processes']})


class ExecutableCompleter(_WordCompleter):
    """Ids of the allow-list."""

    def candidates(self, words: list[str], backend: Any) -> list[str]:
        """Return the ids, for the first word only."""
        if words:
            return []
        return [entry['id'] for entry in backend.executables('')['executables']]


class SignalCompleter(ProcessCompleter):
    """A signal, then names of processes."""

    def candidates(self, words: list[str], backend: Any) -> list[str]:
        """Return signals for the first word and processes for the others."""
        return super().candidates(words, backend) if words else list(SIGNALS)


class HostCompleter:
    """
    Names of hosts that ssh_config and known_hosts have.

    :param first: only for the first word.
    """

    def __init__(self, first: bool) -> None:
        self._first = first

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        """Return the candidates that begin with `prefix`, which may hold a user."""
        if self._first and getattr(parsed_args, 'words', None):
            return []
        user, at, name = prefix.rpartition('@')
        config = getattr(parsed_args, 'ssh_config', None) or '~/.ssh/config'
        return [user + at + host for host in hosts_known(config) if host.startswith(name)]


def hosts_known(config: str, known: str = '~/.ssh/known_hosts') -> list[str]:
    """Return the names of hosts in both files, but patterns and hashed ones."""
    found: set[str] = set()
    for line in _lines(config):
        host = re.fullmatch(r'\s*host[\s=]+(.*)', line, re.IGNORECASE)
        found.update(host[1].split() if host else ())
    for line in _lines(known):
        words = [word for word in line.split() if not word.startswith('@')]
        found.update(name for name in words[0].split(',') if name[0] not in '[|')
    return sorted(name for name in found if not set(name) & set('*?!'))


def _lines(path: str) -> list[str]:
    try:
        with open(os.path.expanduser(path), encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    return [line for line in lines if line.strip() and not line.lstrip().startswith('#')]
