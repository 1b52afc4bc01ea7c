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

"""The same news for the standard monitors: /diagnostics."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from ..msg import ProcessStatus
from . import conversion
from .process_table import ALIVE, ProcessTable
from .view import InstanceView

LEVELS = {ProcessStatus.BACKOFF: DiagnosticStatus.WARN,
          ProcessStatus.FAILED: DiagnosticStatus.ERROR,
          ProcessStatus.UNKNOWN: DiagnosticStatus.ERROR}
STATES = ('STOPPED', 'RUNNING', 'SUSPENDED', 'STARTING', 'STOPPING', 'BACKOFF', 'FAILED',
          'UNKNOWN')


def of_instance(view: InstanceView, table: ProcessTable) -> DiagnosticStatus:
    """Say how the instance does."""
    level, message = DiagnosticStatus.OK, 'serving'
    if view.supervisor_trouble:
        level, message = DiagnosticStatus.ERROR, view.supervisor_trouble
    elif view.allow_list_errors:
        level = DiagnosticStatus.WARN
        message = f'allow-list: {view.allow_list_errors[0]}'
    elif view.settings.get('allow_any'):
        level, message = DiagnosticStatus.WARN, 'allow_any is on: anyone may start anything'
    elif view.mode != 'run':
        level, message = DiagnosticStatus.WARN, f'mode {view.mode}: no new starts'
    return DiagnosticStatus(
        level=level, name=view.node_name, message=conversion.text(message),
        hardware_id=view.hostname,
        values=conversion.key_values({
            'mode': view.mode,
            'processes': str(table.count(*ALIVE)),
            'failed': str(table.count(ProcessStatus.FAILED)),
            'restarting': str(table.count(ProcessStatus.BACKOFF)),
            'executables': str(view.num_executables),
            'host memory [%]': f'{view.mem_usage:.1f}',
            'host processor load [%]': f'{view.processor_load:.1f}'}))


def of_process(status: ProcessStatus) -> DiagnosticStatus:
    """Say how a process does."""
    state = STATES[status.process_status]
    return DiagnosticStatus(
        level=LEVELS.get(status.process_status, DiagnosticStatus.OK),
        name=f'{status.node_name}: {status.process_name}',
        message=f'{state}: {status.err_msg}' if status.err_msg else state,
        hardware_id=status.hostname,
        values=conversion.key_values({
            'process_id': str(status.process_id),
            'executable': status.executable_id,
            'exit code': str(status.exit_code) if status.exit_known else 'unknown',
            'signal': str(status.term_signal) if status.exit_known else 'unknown',
            'restarts': str(status.restart_count)}))


class DiagnosticsPublisher:
    """
    Publishes /diagnostics, whenever it is told to and somebody listens.

    One status for the instance, and one for each process that does badly; once there,
    it stays until the process is no longer listed, so that a monitor sees it recover.
    """

    def __init__(self, node: Node, view: InstanceView, table: ProcessTable) -> None:
        self._view = view
        self._table = table
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def report(self) -> None:
        """Publish how things are now."""
        if not self._publisher.get_subscription_count():
            return
        message = DiagnosticArray()
        message.header.stamp = conversion.time_message(time.time_ns())
        message.status = [of_instance(self._view, self._table),
                          *map(of_process, self._table.troubled())]
        self._publisher.publish(message)
