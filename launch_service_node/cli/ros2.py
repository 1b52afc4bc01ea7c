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

"""The verbs as a command of `ros2`; the only module that imports ros2cli."""

from __future__ import annotations

import argparse

from ros2cli.command import CommandExtension

from .main import add_verbs, one_line_errors, run


class LaunchServiceCommand(CommandExtension):  # type: ignore[misc]
    """Start, stop and watch processes that a LaunchServiceNode looks after."""

    def add_arguments(self, parser: argparse.ArgumentParser, cli_name: str) -> None:
        """Add the verbs and common options."""
        self._parser = parser
        add_verbs(parser)
        one_line_errors(parser)

    def main(self, *, parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
        """Run the verb, and return its exit code."""
        return run(args, self._parser)
