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

"""The connections of a launch: shared by all its actions, closed when it has shut down."""

from __future__ import annotations

import threading
import weakref

from launch import LaunchContext
from launch.event_handlers import OnShutdown

from ..ssh.pool import Pool

_POOLS = '_launch_service_node_connections'


def pool_of(context: LaunchContext, persistent: bool = True) -> Pool:
    """
    Return the connections of this launch; to be called in launch's own thread.

    From the shutdown of the launch on, each closes when nobody uses it any more.

    :param persistent: whether they stay for later actions when nobody uses them.
    """
    pools: dict[bool, Pool] | None = context.get_locals_as_dict().get(_POOLS)
    if pools is None:
        pools = {}
        context.extend_globals({_POOLS: pools})
    if persistent not in pools:
        pool = pools[persistent] = Pool(keep=persistent and not context.is_shutdown)
        weakref.finalize(context, pool.close)
        if pool.keeps:
            def let_go(*_: object) -> None:
                # Saying goodbye takes time, which launch's thread has not.
                threading.Thread(target=pool.let_go, name='ssh goodbye', daemon=True).start()
            context.register_event_handler(OnShutdown(on_shutdown=let_go))
    return pools[persistent]
