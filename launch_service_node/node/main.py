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
The program `launch_service_node`: starts LaunchServiceNode, and ends it in good order.

Exit codes: 0 after a clean end, 1 when something was left or went wrong on the way, 2 for
a bad option, parameter or ROS_ variable, 3 when another node serves the instance, 4 when
its supervisor can't be started.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from ..errors import InstanceError, InvalidRequest, LaunchServiceError
from ..inbox import not_ignored, Signal
from ..last_resort import ends_within
from .news import End, NodeInbox

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.executors import Executor

    from .launch_service import LaunchServiceNode

OK, FAILED, BAD_USAGE, CONFLICT, NO_SUPERVISOR = range(5)

GRACE = 0.3  # seconds for the middleware to deliver what was sent last
JOIN = 3.0  # seconds for a thread to end
LEAVING = 30.0  # seconds for the middleware to let go; until then no signal may get through

USAGE = """\
usage: launch_service_node [--managed] [--ros-args ...]

Serves the processes of this host's instance on the ROS graph. Without
`-r __ns:=/name` its namespace is made of the host's name. docs/node.md lists
parameters, services and topics.

  --managed   a supervisor brought this node up and keeps it alive: the end of the
              node ends no process
  --version   print the version
  --help      print this
"""


def say(line: str) -> None:
    """Write a line to stderr; no error when nobody reads it any more."""
    try:
        os.write(2, f'[launch_service] {line}\n'.encode(errors='backslashreplace'))
    except OSError:
        pass


def main(args: list[str] | None = None) -> int:
    """Run the node until it ends, and return the exit code."""
    # First, so that Ctrl-C is taken from here on. rclpy's own handlers would end the
    # context, and with it the publishers that still have to tell how the processes end.
    with NodeInbox(signal.SIGINT, signal.SIGTERM, *not_ignored(signal.SIGHUP)) as inbox:
        words = sys.argv if args is None else [sys.argv[0], *args]
        try:
            return _main(words, inbox)
        except LaunchServiceError as error:
            return _tell(error)


def _tell(error: LaunchServiceError) -> int:
    """Say what stood in the way, and return the exit code for it."""
    say(error.message)
    return (BAD_USAGE if isinstance(error, InvalidRequest)
            else CONFLICT if isinstance(error, InstanceError) else NO_SUPERVISOR)


def _main(words: list[str], inbox: NodeInbox) -> int:
    from rclpy.context import Context
    context = Context()
    own = _init(context, words)
    try:
        if own & {'--help', '-h'}:
            print(USAGE, end='')
            return OK
        if '--version' in own:
            from .. import __version__
            print(__version__)
            return OK
        if own - {'--managed'}:
            raise InvalidRequest(f'unknown option {min(own - {"--managed"})}; see --help')
        return _run(context, '--managed' in own, inbox)
    finally:
        context.try_shutdown()


def _init(context: Context, words: list[str]) -> set[str]:
    """Take the ROS arguments, and return the others."""
    import rclpy
    from rclpy.impl.implementation_singleton import rclpy_implementation
    from rclpy.signals import SignalHandlerOptions
    from rclpy.utilities import remove_ros_args
    try:
        own = set(remove_ros_args(words)[1:])
        rclpy.init(args=words, context=context, signal_handler_options=SignalHandlerOptions.NO)
    except (rclpy_implementation.RCLInvalidROSArgsError,
            rclpy_implementation.UnknownROSArgsError, ValueError) as error:
        raise InvalidRequest(f'bad ROS arguments: {" ".join(str(error).split())}') from error
    except rclpy_implementation.RCLError as error:  # such as of ROS_DOMAIN_ID
        raise _no_node(error) from error
    return own


def _no_node(error: Exception) -> InvalidRequest:
    return InvalidRequest(f"cannot join the ROS graph: {' '.join(str(error).split())}; see that "
                          'the names, the parameters and the ROS_ variables are right')


def _make_node(context: Context, managed: bool, inbox: NodeInbox) -> LaunchServiceNode:
    import socket

    from rclpy.exceptions import ParameterException
    from rclpy.impl.implementation_singleton import rclpy_implementation
    from rclpy.utilities import get_rmw_implementation_identifier

    from ..domain import wrong_domain
    from ..instance import namespace_from_hostname
    from .launch_service import LaunchServiceNode
    wrong = wrong_domain(context.get_domain_id(), get_rmw_implementation_identifier())
    if wrong:
        raise InvalidRequest(f'cannot join the ROS graph: {wrong}; set ROS_DOMAIN_ID')
    try:
        return LaunchServiceNode(namespace_from_hostname(socket.gethostname()), managed,
                                 lambda error: inbox.put(End(error)), context=context)
    except (rclpy_implementation.RCLError, ParameterException) as error:
        raise _no_node(error) from error


def _run(context: Context, managed: bool, inbox: NodeInbox) -> int:
    from rclpy.executors import SingleThreadedExecutor

    node = _make_node(context, managed, inbox)
    executor = SingleThreadedExecutor(context=context)
    stop = threading.Event()
    spinner = threading.Thread(target=_spin, args=(executor, stop, inbox), daemon=True,
                               name='executor')
    code = FAILED
    try:
        if inbox.signalled():
            code = OK
        else:
            node.begin()
            executor.add_node(node)
            spinner.start()
            code = _serve(node, managed, inbox)
    except LaunchServiceError as error:
        code = _tell(error)
    finally:
        with ends_within(LEAVING, code):
            stop.set()
            if spinner.is_alive():
                executor.create_task(_nothing)  # ends its wait
                spinner.join(JOIN)
            node.say_goodbye(GRACE)
            node.link.close()
            executor.shutdown(timeout_sec=JOIN)
            node.destroy_node()
            context.try_shutdown()
    return code


def _spin(executor: Executor, stop: threading.Event, inbox: NodeInbox) -> None:
    """Run callbacks until told to stop; a defect ends the node, visibly."""
    try:
        while not stop.is_set():
            executor.spin_once()
    except Exception as error:  # noqa: BLE001 - the main thread shows it
        if not stop.is_set():
            inbox.put(End(error))


def _nothing() -> None:
    pass


def _serve(node: LaunchServiceNode, managed: bool, inbox: NodeInbox) -> int:
    news = inbox.get()
    if isinstance(news, End):
        if isinstance(news.error, LaunchServiceError):
            raise news.error
        if news.error is not None:
            say('a defect ends this node; the processes live on:\n'
                + ''.join(traceback.format_exception(news.error)).rstrip())
            return FAILED
        say('ends: the instance was shut down')
        return OK
    assert isinstance(news, Signal)
    if managed:
        say(f'ends by {news.name}; the processes live on')
        return OK
    from .ending import keep, stop
    if node.ros_parameters.values['on_shutdown'] == 'keep':
        return keep(node, inbox, say)
    return stop(node, inbox, say)


if __name__ == '__main__':
    sys.exit(main())
