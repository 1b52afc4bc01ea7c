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

"""The words for a service that is not there, or does not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os

from ..errors import ResultCode, Unreachable
from .names import namespace_of_node


def ros_settings(environ: Mapping[str, str] = os.environ) -> str:
    """Return what decides whom a process meets on the ROS graph, as far as it is set."""
    settings = [f'ROS_DOMAIN_ID={environ.get("ROS_DOMAIN_ID") or 0}',
                f'RMW_IMPLEMENTATION={environ.get("RMW_IMPLEMENTATION") or "(default)"}']
    settings += [f'{name}={environ[name]}'
                 for name in ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_STATIC_PEERS',
                              'ROS_LOCALHOST_ONLY', 'ROS_DISCOVERY_SERVER',
                              'ROS_SECURITY_ENABLE') if environ.get(name)]
    return ', '.join(settings)


def not_found(node: str, seconds: float, others: Sequence[str] = (),
              environ: Mapping[str, str] = os.environ) -> Unreachable:
    """Return the error for a service that did not turn up on the graph."""
    seen = f'; the graph has {", ".join(map(namespace_of_node, others))}' if others else ''
    return Unreachable(
        f'no LaunchServiceNode {node} on the ROS graph within {seconds:g} s{seen}: see that it '
        f'runs (on its host: `launch-service list --local`) and has the same settings as here: '
        f'{ros_settings(environ)}',
        ResultCode.SERVICE_UNAVAILABLE, node=node, others=list(others))


def none_found(seconds: float, environ: Mapping[str, str] = os.environ) -> Unreachable:
    """Return the error for a graph without any LaunchServiceNode."""
    return Unreachable(
        f'no LaunchServiceNode on the ROS graph within {seconds:g} s: start one with '
        f'`launch-service up`, or see that it has the same settings as here: '
        f'{ros_settings(environ)}', ResultCode.SERVICE_UNAVAILABLE)


def timed_out(service: str, seconds: float) -> Unreachable:
    """Return the error for a service that is there and did not answer."""
    return Unreachable(
        f'{service} did not answer within {seconds:g} s, and may still be at work: look with '
        '`launch-service list`, or ask again and wait longer', ResultCode.TIMED_OUT)


def went_away(service: str) -> Unreachable:
    """Return the error for a service that left the graph during a call."""
    return Unreachable(
        f'{service} left the ROS graph before it answered, so it is not known what became of '
        'the request: look with `launch-service list`', ResultCode.SERVICE_UNAVAILABLE)


def closed(service: str, cause: str = '') -> Unreachable:
    """Return the error for a call whose client or context was closed meanwhile."""
    why = f': {" ".join(cause.split())}' if cause else ''
    return Unreachable(f'the client was closed before {service} answered{why}',
                       ResultCode.SERVICE_UNAVAILABLE)


def no_ros(error: Exception) -> Unreachable:
    """Return the error for ROS that is not installed, or does not start."""
    cause = (str(error).strip() or type(error).__name__).splitlines()[0]
    return Unreachable(
        f'cannot join the ROS graph: {cause}; source a ROS set-up that has launch_service_node, '
        'or ask the instance of this host with --local', ResultCode.SERVICE_UNAVAILABLE)


def no_domain(wrong: str) -> Unreachable:
    """Return the error for a ROS domain that there is not; `wrong` says so."""
    return Unreachable(
        f'cannot join the ROS graph: {wrong}; set ROS_DOMAIN_ID, or ask the instance of this '
        'host with --local', ResultCode.SERVICE_UNAVAILABLE)


def no_middleware(seconds: float, environ: Mapping[str, str] = os.environ) -> str:
    """Return the words for a middleware that neither comes up nor fails."""
    return (f'cannot join the ROS graph: the middleware did not come up within {seconds:g} s '
            f'({ros_settings(environ)}); ask the instance of this host with --local')
