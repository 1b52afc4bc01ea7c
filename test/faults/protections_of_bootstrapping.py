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

"""Protections, point 17: bringing up over SSH."""

from __future__ import annotations

from faults.protection import Protection

TABLE = (
    Protection(17, 'it goes on when nobody listens', 'bootstrap/robot_end.py',
               'except OSError:', 'except ZeroDivisionError:',
               'bootstrap/test_acting.py::'
               'test_whoever_does_not_listen_any_more_misses_nothing_but_news'),
    Protection(17, 'one at a time', 'bootstrap/acting.py',
               'fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)', 'pass',
               'bootstrap/test_acting.py::test_who_takes_long_is_not_waited_for_for_ever'),
    Protection(17, 'a start that fails takes its files along', 'bootstrap/acting.py',
               'self._files.put_back()', 'pass',
               'bootstrap/test_acting.py::'
               'test_what_does_not_start_leaves_neither_files_nor_enclave'),
    Protection(17, 'a start that fails takes its enclave along', 'bootstrap/acting.py',
               'self._keystore.remove()', 'pass',
               'bootstrap/test_acting.py::'
               'test_what_does_not_start_leaves_neither_files_nor_enclave'),
    Protection(17, 'what ran before comes back', 'bootstrap/acting.py',
               '{self._bring_back(running)}', 'what ran before is back',
               'bootstrap/test_bring_up.py::'
               'test_a_replacement_that_does_not_come_up_leaves_what_was_there'),
    Protection(17, 'what comes back has its own allow-list', 'bootstrap/acting.py',
               'self._reload()  # the next one may', 'pass  # the next one may',
               'bootstrap/test_acting.py::test_what_is_brought_back_has_its_allow_list_back'),
    Protection(17, 'one that runs otherwise is left alone', 'bootstrap/acting.py',
               'if not self._order.replace:', 'if False:',
               'bootstrap/test_bring_up.py::'
               'test_one_that_runs_otherwise_is_a_conflict_and_is_left_alone'),
    Protection(17, 'the set-up there comes before the settings here', 'bootstrap/acting.py',
               'environ.setdefault(name, value)', 'environ[name] = value',
               'bootstrap/test_acting.py::test_defaults_give_way_and_the_environment_does_not'),
    Protection(17, "a service manager's node", 'bootstrap/acting.py',
               "if not running.instance['node'].get('managed'):", 'if False:',
               'bootstrap/test_acting.py::'
               'test_what_a_service_manager_looks_after_is_not_taken_from_it'),
    Protection(17, 'a supervisor of another version hands over', 'bootstrap/acting.py',
               "if running.instance['version'] != __version__:", 'if False:',
               'bootstrap/test_acting.py::test_another_version_takes_over_what_runs'),
    Protection(17, "only its own heartbeat is an instance's", 'bootstrap/graph.py',
               'if message.instance_id == instance_id:', 'if True:',
               'bootstrap/test_bring_up.py::test_a_second_one_of_the_same_name_is_told'),
    Protection(17, 'one of the same name is told that shows only later', 'bootstrap/graph.py',
               'self._since + _SETTLED if is_new else 0', '0',
               'bootstrap/test_graph.py::test_another_that_shows_only_later_is_told'),
    Protection(17, 'up is only who is on this graph', 'bootstrap/bringing_up.py',
               'if not seen:', 'if False:',
               'bootstrap/test_bring_up.py::test_another_domain_is_named'),
    Protection(17, 'what is sent is private', 'bootstrap/putting.py',
               'os.O_CLOEXEC, 0o600)', 'os.O_CLOEXEC, 0o644)',
               'bootstrap/test_files.py::test_files_are_put_together_and_put_back_together'),
    Protection(17, 'no enclave for a stranger', 'bootstrap/request.py',
               'if request.enclave and request.host.target.host_key_policy == ACCEPT_NEW:',
               'if False:',
               'bootstrap/test_files.py::'
               'test_an_enclave_goes_only_where_the_host_key_was_recorded'),
    Protection(17, 'no enclave for what the node starts', 'bootstrap/acting.py',
               "self._ros_arguments += ['--enclave', ENCLAVE]",
               "environ['ROS_SECURITY_ENCLAVE_OVERRIDE'] = ENCLAVE",
               'bootstrap/test_acting.py::test_an_enclave_is_for_the_node_alone'),
    Protection(17, 'the package is looked for first', 'bootstrap/finding.py',
               'if found.version is None:', 'if False:',
               'bootstrap/test_decisions.py::test_a_machine_that_will_not_do'),
    Protection(17, 'what is blocked in the starting shell', 'supervisor/main.py',
               'signal.pthread_sigmask(signal.SIG_SETMASK, ())', 'pass',
               'bootstrap/test_detached.py::'
               'test_what_the_starting_shell_ignores_or_blocks_is_heard_by_what_it_started'),
    Protection(17, 'the answer before the farewell', 'bootstrap/bringing_up.py',
               'leave(listener.close)', 'listener.close()',
               'cli/test_ending.py::test_nor_when_another_host_was_asked'),
    Protection(17, 'what was there comes back, whatever its list', 'bootstrap/acting.py',
               'except LaunchServiceError as error:\n                unread',
               'except ZeroDivisionError as error:\n                unread',
               'bootstrap/test_acting.py::'
               'test_it_is_brought_back_also_when_its_allow_list_can_not_be_read_again'),
)
