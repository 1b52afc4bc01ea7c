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


"""Protections, points 9 to 16: readiness, output, shortages, events, allow-list, the end."""

from __future__ import annotations

from faults.protection import Protection

TABLE = (
    # 9: ready
    Protection(9, 'who is late is stopped', 'supervisor/readiness.py',
               'self._timers.append(self._loop.after(settings.timeout, self._late))', 'pass',
               'supervisor/test_readiness.py::'
               'test_who_is_late_is_stopped_with_its_tree_and_restarted_by_its_policy'),
    Protection(9, 'a line of an earlier run does not count', 'supervisor/readiness.py',
               'self._offset = output_start', 'self._offset = 0',
               'supervisor/test_readiness.py::test_a_line_of_an_earlier_run_does_not_count'),
    Protection(9, 'all conditions have to hold', 'supervisor/readiness.py',
               'is not None and not self._missing:', 'is not None:',
               'supervisor/test_readiness.py::test_all_of_several_conditions_have_to_hold'),
    Protection(9, 'only READY=1 is READY=1', 'supervisor/notify_socket.py',
               "if b'READY=1' in message.split(b'\\n'):", 'if message:',
               'supervisor/test_readiness.py::test_a_notification_that_says_something_else_is_none'),
    Protection(9, 'who is ready is still read', 'supervisor/notify_socket.py',
               '        self.ready = True\n',
               '        self.ready = True\n'
               '        self._loop.unwatch(self._socket.fileno())\n',
               'supervisor/test_notify_socket.py::'
               'test_who_goes_on_to_tell_when_it_is_ready_is_not_kept_waiting'),
    Protection(9, 'what others say does not count', 'supervisor/notify_socket.py',
               'if not belongs:', 'if False:',
               'supervisor/test_notify_socket.py::'
               'test_what_somebody_else_says_makes_nobody_ready'),
    Protection(9, 'who has spoken waits until it is known', 'supervisor/notify_socket.py',
               '            self._take(sender)\n        # Last',
               '            self._loop.after(0.1, lambda: self._take(sender))\n        # Last',
               'supervisor/test_notify_socket.py::'
               'test_a_child_that_ends_when_it_was_heard_speaks_for_its_tree'),
    Protection(9, 'a fall makes nobody ready', 'supervisor/readiness.py',
               "self._missing['notify'] = 'no READY=1 has come from it'", 'pass',
               'supervisor/test_notify_socket.py::'
               'test_after_a_fall_it_is_ready_only_when_it_says_so'),
    Protection(9, 'after a fall there is a socket again', 'supervisor/run.py',
               'self._notify.open_when_possible()', 'pass',
               'supervisor/test_notify_socket.py::'
               'test_after_a_fall_it_is_ready_only_when_it_says_so'),
    Protection(9, 'an address that is taken is tried again', 'supervisor/notify_socket.py',
               'self._timer = self._loop.after(_AGAIN, self.open_when_possible)', 'pass',
               'supervisor/test_notify_socket.py::'
               'test_after_a_fall_an_address_that_is_taken_is_had_as_soon_as_it_is_free'),
    Protection(9, 'a flood of output is looked at in parts', 'supervisor/readiness.py',
               '        if self._next_look is None:\n            self._look_at_output()',
               '        self._look_at_output()\n        while self._next_look is not None:\n'
               '            self._look_at_output()',
               'supervisor/test_readiness.py::'
               'test_a_flood_of_output_that_is_looked_at_keeps_nobody_waiting'),
    Protection(9, 'the rest of a line is no line', 'supervisor/readiness.py',
               "self._line, self._in_rest_of_line, self._dropped = b'', True, True", 'pass',
               'supervisor/test_readiness.py::'
               'test_the_rest_of_a_line_whose_beginning_was_dropped_is_no_line'),
    Protection(9, 'a look at output that fails is not the last', 'supervisor/readiness.py',
               'self._next_look = self._loop.after(_AGAIN, self._look_at_output)', 'pass',
               'supervisor/test_readiness.py::'
               'test_output_that_could_not_be_looked_at_is_looked_at_again'),
    Protection(9, 'who is suspended may be ready', 'supervisor/process.py',
               'self.world.commit(self)  # a suspended', 'pass  # a suspended',
               'supervisor/test_readiness.py::'
               'test_one_that_is_ready_while_it_is_suspended_is_so_to_the_next_supervisor'),
    Protection(9, 'a death before it is told', 'supervisor/process.py',
               'self._waiters.start_failed(error or failures.not_started(self.record))', 'pass',
               'supervisor/test_readiness.py::'
               'test_the_death_of_one_that_is_not_ready_is_told_with_its_signal'),
    # 10: output
    Protection(10, 'what was written unseen is bounded', 'supervisor/supervisor.py',
               'self.keeper.settle(process.output)', 'pass',
               'supervisor/test_outputs.py::'
               'test_what_was_written_and_ended_without_a_supervisor_is_bounded_by_the_next'),
    Protection(10, 'the oldest half is dropped', 'supervisor/output.py',
               'if size - start > threshold:', 'if False:',
               'supervisor/test_outputs.py::'
               'test_a_flood_of_100_MB_a_second_stays_under_its_limit[binary-104857600]'),
    Protection(10, 'also where there are no holes', 'supervisor/output.py',
               'self._empty(fd, size)', 'pass',
               'supervisor/test_outputs.py::'
               'test_the_limit_holds_without[a file system without holes]'),
    Protection(10, 'what was dropped is counted', 'supervisor/output.py',
               'dropped = emptied + first', 'dropped = 0',
               'supervisor/test_output.py::test_an_offset_means_the_same_byte_for_ever'),
    Protection(10, 'the next run writes behind the last', 'supervisor/kernel/spawn.py',
               'os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)',
               'os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)',
               'supervisor/test_outputs.py::test_a_second_run_goes_on_in_the_same_file'),
    Protection(10, 'a look that fails is not the last', 'supervisor/outputs.py',
               '            watched.timer = self._loop.after(_WITHOUT_INOTIFY, lambda: '
               'self._look(watched))\n            return\n        grown',
               '            return\n        grown',
               'supervisor/test_outputs.py::test_a_look_that_fails_is_not_the_last'),
    # 11: limits
    Protection(11, 'open files are limited', 'supervisor/kernel/limits.py',
               'rlimits.append((resource.RLIMIT_NOFILE, limits.open_files, limits.open_files))',
               'pass',
               'supervisor/test_limits.py::test_open_files_are_bounded_and_the_program_sees_it'),
    Protection(11, 'an out-of-memory kill is named', 'supervisor/kernel/limits.py',
               "if counters.get('oom_kill', 0):", 'if False:',
               'supervisor/test_limit_decisions.py::'
               'test_only_what_the_kernel_has_counted_is_named_as_a_cause'),
    Protection(11, 'it is told of the process', 'supervisor/run.py',
               "return said + self._cause if said else ''", 'return said',
               'supervisor/cgroups/test_counters.py::'
               'test_what_the_kernel_has_counted_is_told_of_the_process'),
    Protection(11, 'where no cgroup is, memory has a limit all the same',
               'supervisor/kernel/limits.py',
               'rlimits.append((resource.RLIMIT_DATA, limits.memory, limits.memory))', 'pass',
               'supervisor/test_limit_decisions.py::'
               'test_without_controllers_it_says_what_stands_in_and_why'),
    Protection(11, 'niceness is that of the entry', 'supervisor/kernel/restricting.py',
               'os.setpriority(os.PRIO_PROCESS, 0, plan.nice)', 'pass',
               'supervisor/test_limits.py::'
               'test_niceness_is_that_of_the_entry_whatever_the_supervisors_is'),
    # 12: exhaustion
    Protection(12, 'a shortage is told as one', 'supervisor/run.py',
               'ResultCode.RESOURCE_EXHAUSTED', 'ResultCode.START_FAILED',
               'faults/test_shortages.py::test_a_shortage_is_told_and_leaves_nothing_behind'),
    Protection(12, 'a fork that was in vain leaves nothing', 'supervisor/run.py',
               'self._spawned.abandon()', 'pass',
               'faults/test_shortages.py::test_a_shortage_is_told_and_leaves_nothing_behind'),
    Protection(12, 'what is not recorded does not run', 'supervisor/process.py',
               'if self._go(State.STARTING):', 'if self._go(State.STARTING) or True:',
               'faults/test_full_disk.py::test_what_can_not_be_recorded_is_not_started'),
    Protection(12, 'who can not be looked at is not dead', 'supervisor/kernel/tree.py',
               'if error.errno in (errno.EMFILE, errno.ENFILE):', 'if False:',
               'supervisor/test_starting.py::'
               'test_who_can_not_be_looked_at_is_neither_lost_nor_told_dead'),
    Protection(12, 'a list that was not read is tried again', 'supervisor/supervisor.py',
               'if self.rules.unread and self._reading_again is None:', 'if False:',
               'supervisor/test_rules.py::'
               'test_a_list_that_could_not_be_read_is_read_when_it_can_be'),
    Protection(12, 'one reader that hangs is enough', 'supervisor/supervisor.py',
               'if self.rules.unread and self.rules.stuck:', 'if False:',
               'supervisor/test_rules.py::'
               'test_a_reader_that_the_kernel_holds_is_not_joined_by_others'),
    Protection(12, 'one who waits for the list and fails is alone', 'supervisor/rules.py',
               'self._loop.guarded(waiter)', 'waiter()',
               'supervisor/test_rules.py::'
               'test_one_who_fails_when_it_is_read_keeps_no_other_waiting'),
    Protection(12, 'a stop needs no descriptor', 'supervisor/stopping.py',
               'left = self._find()\n        except OSError:',
               'left = self._find()\n        except ZeroDivisionError:',
               'faults/test_shortages.py::test_a_stop_needs_no_descriptor'),
    Protection(12, 'whom SIGKILL did not reach has not withstood it', 'supervisor/stopping.py',
               'elif left is None or self._missed:', 'elif left is None:',
               'faults/test_shortages.py::test_whom_no_signal_reached_for_want_of_a_descriptor'
               '_is_not_told_to_have_withstood_it'),
    Protection(12, 'an end is told without a descriptor', 'supervisor/run.py',
               'return True  # out of descriptors', 'raise',
               'faults/test_descriptors.py::'
               'test_who_ends_meanwhile_is_restarted_as_soon_as_there_are_some'),
    Protection(12, 'a defect in one end is none of the others', 'supervisor/reaper.py',
               'self._loop.guarded(process.exited, status)', 'process.exited(status)',
               'faults/test_descriptors.py::'
               'test_what_goes_wrong_with_one_end_keeps_no_other_from_being_told'),
    Protection(12, 'measuring leaves descriptors to others', 'supervisor/kernel/sampling.py',
               'resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE:', '10 ** 9:',
               'faults/test_descriptors.py::'
               'test_measuring_a_large_tree_leaves_descriptors_for_all_else'),
    Protection(12, 'clients that found no descriptor are taken later', 'supervisor/server.py',
               'self.loop.after(_RETRY, self._listen_again)', 'pass',
               'supervisor/test_server.py::'
               'test_out_of_descriptors_clients_wait_until_there_are_some'),
    # 13: the heartbeat
    Protection(13, 'nobody waits for an exec in the loop', 'supervisor/run.py',
               '        self._spawned.go()\n',
               '        self._spawned.go()\n'
               "        __import__('select').select([self._spawned.error_fd], [], [])\n",
               'faults/test_exits.py::test_an_exec_that_takes_long_keeps_nobody_waiting'),
    Protection(13, 'what is late once does not shift the next', 'node/pulse.py',
               'return due + period * (1 + (now - due) // period)', 'return now + period',
               'node/test_pulse.py::'
               'test_a_late_call_does_not_shift_the_next_and_missed_ones_are_left_out'),
    Protection(13, 'no client has the loop for itself', 'supervisor/server.py',
               'if self._server.loop.now() >= end:', 'if False:',
               'supervisor/test_server.py::test_one_who_asks_without_a_break_keeps_nobody_waiting'),
    Protection(13, 'a defect in one request is none of the next', 'supervisor/server.py',
               'if self._queued <= _AHEAD:\n                    self._next_turn()\n',
               'pass\n',
               'supervisor/test_server.py::test_a_defect_in_one_request_keeps_no_other_waiting'),
    Protection(13, 'what may be too deep is not repeated', 'supervisor/requests.py',
               'return None if isinstance(value, (list, dict)) else value', 'return value',
               'supervisor/test_server.py::'
               'test_who_asks_too_deep_is_answered_and_so_is_the_next_request'),
    Protection(13, 'globs are not remembered', 'supervisor/table.py',
               'return re.compile(fnmatch.translate(glob)).match',
               'return lambda text: fnmatch.fnmatchcase(text, glob)',
               'faults/test_endurance.py::test_globs_are_not_remembered'),
    Protection(13, 'outputs are looked through once for many', 'supervisor/supervisor.py',
               'self._unlist(process)\n        if gone:', 'self.drop(process)\n        if gone:',
               'supervisor/test_outputs.py::'
               'test_the_outputs_of_many_who_go_at_once_are_looked_through_once'),
    # 14: events
    Protection(14, 'each change has its number', 'supervisor/supervisor.py',
               'self.table.sequence_number += 1', 'self.table.sequence_number += 2',
               'supervisor/test_events.py::'
               'test_the_numbers_have_no_gap_and_no_exit_comes_before_its_start'),
    Protection(14, 'the numbers go on', 'supervisor/records/history.py',
               "int(data.get('sequence_number', 0)))", '0)',
               'supervisor/test_events.py::test_the_numbers_go_on_after_the_supervisors_death'),
    Protection(14, 'who comes late gets a snapshot', 'supervisor/operations.py',
               'request.answer(**self._snapshot())\n        request.connection',
               'request.answer(processes=[], sequence_number=0)\n        request.connection',
               'supervisor/test_events.py::'
               'test_who_comes_late_gets_a_snapshot_and_then_what_follows_it'),
    Protection(14, 'an answer comes behind what it is of', 'supervisor/supervisor.py',
               "self.broadcast({'event': 'process', 'process': self.describe(process)})",
               "self.loop.after(0, lambda said=self.describe(process): "
               "self.broadcast({'event': 'process', 'process': said}))",
               'supervisor/test_events.py::'
               'test_nothing_older_than_an_own_answer_comes_after_it'),
    Protection(14, 'an exit never comes before its start', 'supervisor/process.py',
               'if self._run.settle_exec():\n            self._on_exec()',
               'if False:\n            self._on_exec()',
               'faults/test_exits.py::'
               'test_an_end_that_is_quicker_than_the_news_of_its_exec_comes_after_its_start'),
    Protection(14, 'a node that comes back tells only what has changed', 'node/process_table.py',
               'if known is None or _identity(known) != ', 'if True or _identity(known) != ',
               'node/test_process_table.py::test_a_snapshot_after_a_gap_publishes_only_what_has_changed'),
    # 15: the allow-list
    Protection(15, 'an argument has to match as a whole', 'allow_list/resolve.py',
               're.fullmatch(slot.pattern, argument)', 're.match(slot.pattern, argument)',
               'faults/test_bypass.py::test_an_attempt_is_refused_and_noted'),
    Protection(15, 'NUL and line breaks', 'allow_list/resolve.py',
               'if _NEVER.search(text):', 'if False:',
               'faults/test_bypass.py::test_an_attempt_is_refused_and_noted'),
    Protection(15, 'remappings', 'allow_list/resolve.py',
               "if ':=' in argument and ':=' not in _GROUP",
               'if False and _GROUP', 'allow_list/test_remaps.py::'
               'test_one_that_no_pattern_has_in_so_many_words_is_refused'),
    Protection(15, 'a prefix for each command of a launch file', 'allow_list/patterns.py',
               "if of_launch_file and _PREFIX not in plain and parsed.may_begin(f'{_PREFIX}:='):",
               'if False:', 'allow_list/test_patterns.py::'
               'test_a_pattern_that_takes_the_prefix_of_each_command_is_refused'),
    Protection(15, 'what env finds in PATH', 'allow_list/entries.py',
               'checked_paths=(*entry.checked_paths, program))', ')',
               'allow_list/test_unstartable_entries.py::'
               'test_what_runs_a_script_through_env_counts'),
    Protection(15, 'loader and interpreter variables', 'allow_list/resolve.py',
               'if reason := why_forbidden(key):', 'if reason := "":',
               'allow_list/test_resolve.py::'
               'test_loader_and_interpreter_variables_never_come_from_a_caller'),
    Protection(15, 'variables that are not listed', 'allow_list/resolve.py',
               'if key not in allowed and ANY_NAME not in allowed:', 'if False:',
               'faults/test_bypass.py::test_an_attempt_is_refused_and_noted'),
    Protection(15, '.. in a working directory', 'allow_list/resolve.py',
               " or '..' in cwd.split('/'):", ':',
               'faults/test_bypass.py::test_an_attempt_is_refused_and_noted'),
    Protection(15, 'options that an entry does not name', 'allow_list/resolve.py',
               "if argument.startswith('-') and '-' not in slot.pattern:", 'if False:',
               'allow_list/test_resolve.py::test_a_dash_has_to_be_in_the_pattern'),
    Protection(15, 'what is checked is what is executed', 'supervisor/kernel/spawn.py',
               'if file_id(checked.path) != checked:', 'if False:',
               'faults/test_bypass.py::'
               'test_what_is_swapped_between_check_and_exec_is_not_executed'),
    Protection(15, 'it is checked again at each start', 'supervisor/supervisor.py',
               'complaint = check_executable(record.entry)', "complaint = ''",
               'faults/test_bypass.py::'
               'test_a_link_that_others_may_turn_is_refused_at_each_start'),
    Protection(15, 'a restart is of what is on the list now', 'supervisor/admission.py',
               'if _commands(in_force) != _commands(entry):', 'if False:',
               'supervisor/test_refusals.py::'
               'test_what_the_allow_list_no_longer_says_is_not_restarted'),
    Protection(15, 'a restart of one that has ended counts', 'supervisor/admission.py',
               'if process.state in ENDED:\n        _check_count',
               'if False:\n        _check_count',
               'supervisor/test_refusals.py::'
               'test_a_restart_of_one_that_has_ended_counts_like_a_start'),
    Protection(15, 'a restart waits for the list', 'supervisor/operations.py',
               "frozenset({'start', 'restart', 'executables'})",
               "frozenset({'start', 'executables'})",
               'supervisor/test_refusals.py::'
               'test_an_allow_list_that_says_the_same_of_the_command_lets_it_be_restarted'),
    Protection(15, 'folders that others may write to', 'allow_list/trust.py',
               'if status.st_mode & stat.S_IWOTH:', 'if False:',
               'allow_list/test_trust.py::test_a_folder_that_everyone_may_write_is_not'),
    Protection(15, 'the folder of each link', 'allow_list/trust.py',
               'reason = self._folder(candidate) if is_folder else self._one(candidate, status)',
               "reason = '' if is_folder else self._one(candidate, status)",
               'allow_list/test_trust.py::test_each_link_of_a_chain_counts'),
    Protection(15, 'each attempt is noted', 'supervisor/operations.py',
               'self._note(error.code, error.message, fields)', 'pass',
               'faults/test_bypass.py::test_an_attempt_is_refused_and_noted'),
    Protection(15, 'a flood of starts is refused', 'supervisor/operations.py',
               'admission.check_rate(self.supervisor)\n        process = admission',
               'process = admission',
               'faults/test_bypass.py::test_a_flood_of_requests_is_noted_and_costs_no_process'),
    Protection(15, 'only its own user is let in', 'supervisor/server.py',
               'if uid not in (0, os.geteuid()):', 'if False:',
               'supervisor/test_server.py::'
               'test_another_user_is_refused_by_the_kernels_word_and_noted'),
    # 16: shutdown
    Protection(16, 'SIGTERM stops everything', 'supervisor/kernel/spawn.py',
               'HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)',
               'HANDLED = (signal.SIGCHLD, signal.SIGINT)',
               'supervisor/test_shutdown.py::test_a_signal_stops_everything_by_its_ladder'),
    Protection(16, 'a second signal hurries', 'supervisor/supervisor.py',
               "self.shut_down(lambda *_: None, hurry=self.mode == 'stopping')",
               'self.shut_down(lambda *_: None)',
               'supervisor/test_shutdown.py::test_a_second_signal_hurries_the_first'),
    Protection(16, 'a signal is heard in a crowd', 'supervisor/reaper.py',
               'os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)',
               "map(lambda one: (one.setblocking(False), one.detach())[1], "
               "__import__('socket').socketpair())",
               'supervisor/test_shutdown.py::test_a_signal_in_a_crowd_of_ends_is_heard'),
    Protection(16, 'Ctrl-C twice kills', 'node/ending.py',
               'self._last_press = news.time\n            if self._killed:\n'
               "                return self._give_up('yet')\n            self._kill()",
               'self._last_press = news.time',
               'node/test_life.py::'
               'test_the_end_says_what_it_waits_for_and_a_second_signal_kills_it'),
    Protection(16, 'a ladder ends', 'supervisor/process.py',
               '        self._waiters.start_failed(error)\n        self._waiters.gone(error)',
               '        self._waiters.start_failed(error)',
               'supervisor/test_shutdown.py::'
               'test_one_that_does_not_even_end_on_sigkill_does_not_hold_it_up_for_ever'),
    Protection(16, 'nothing comes back', 'supervisor/process.py',
               'self.record.restart_asked = False\n        if waiter is not None:',
               'if waiter is not None:',
               'supervisor/test_process.py::test_a_stop_beats_a_restart_that_was_asked_for'),
    Protection(16, 'a stop hears of a restart', 'supervisor/process.py',
               'self._waiters.gone(failures.started_again(record.name))', 'pass',
               'supervisor/test_start_answers.py::'
               'test_a_restart_is_answered_when_the_last_of_its_tree_has_just_gone_and_so_is_the_'
               'stop'),
    Protection(16, 'what is left is told', 'supervisor/supervisor.py',
               'failures.append(error)\n                print', 'print',
               'supervisor/test_shutdown.py::'
               'test_one_that_does_not_even_end_on_sigkill_is_named_in_the_answer'),
    Protection(16, 'a node that is not attached ends', 'supervisor/node_keeper.py',
               'self.process.end_by_itself(_GRACE, lambda _: None)\n\n', 'pass\n\n',
               'supervisor/test_node_dismissed.py::'
               'test_one_that_is_not_attached_ends_all_the_same'),
    Protection(16, 'nor does one that takes no notice stay', 'supervisor/node_keeper.py',
               "'keep_processes': True})\n        if self.process",
               "'keep_processes': True})\n        if self._connection is None and self.process",
               'supervisor/test_node_dismissed.py::'
               'test_one_that_takes_no_notice_is_stopped_and_the_processes_are_kept'),
    Protection(16, 'no node comes after a further end', 'supervisor/node_keeper.py',
               'self.release()\n        self._next = None', 'self.release()',
               'supervisor/test_node_dismissed.py::'
               'test_one_that_was_to_follow_does_not_come_after_a_further_end'),
    Protection(16, 'the next node comes when this one has gone', 'supervisor/node_keeper.py',
               '        self._start_next()\n        process =', '        process =',
               'supervisor/test_node_dismissed.py::'
               'test_the_next_one_comes_also_when_a_debugger_has_kept_this_one'),
    Protection(16, 'a node that is kept keeps no shutdown', 'supervisor/process.py',
               'if self.state in ALIVE:\n                self._ask_for_its_end',
               'if self.state in ALIVE and self._stopper is None:\n'
               '                self._ask_for_its_end',
               'supervisor/test_node_dismissed.py::'
               'test_a_shutdown_ends_though_a_debugger_keeps_the_node'),
    Protection(16, 'what was to be kept is kept', 'supervisor/operations.py',
               "if fields['keep_processes']:", 'if False:',
               'supervisor/test_shutdown.py::test_processes_may_be_kept'),
    Protection(16, 'the middleware keeps no answer', 'cli/ending.py',
               'with ends_within(LEAVING, code):', 'if True:',
               'cli/test_ending.py::'
               'test_a_middleware_that_does_not_let_go_keeps_neither_answer_nor_exit_code'),
    Protection(16, 'Ctrl-C waits for no answer', 'cli/several.py',
               "name='launch-service', daemon=True", "name='launch-service'",
               'cli/test_ending.py::'
               'test_ctrl_c_does_not_wait_for_answers_that_nobody_wants_any_more'),
    Protection(16, 'Ctrl-C is not missed', 'inbox.py',
               'signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)', '-1',
               'cli/test_ending.py::'
               'test_ctrl_c_is_not_missed_by_a_main_thread_that_it_does_not_wake'),
    Protection(16, 'SIGTERM is not missed', 'inbox.py',
               'signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)', '-1',
               'node/test_life.py::test_a_signal_that_does_not_wake_the_main_thread_is_heard'),
    Protection(16, 'Ctrl-C amidst a lock is one', 'cli/ending.py',
               'isinstance(error.__context__, KeyboardInterrupt)', 'False',
               'cli/test_ending.py::test_ctrl_c_amidst_a_lock_is_no_crash'),
    Protection(16, 'also amidst one of a call', 'client/caller.py',
               'isinstance(error.__context__, KeyboardInterrupt)', 'False',
               'client/test_caller.py::test_ctrl_c_amidst_a_lock_stays_one'),
    Protection(16, 'nohup is heeded', 'node/main.py',
               '*not_ignored(signal.SIGHUP)', 'signal.SIGHUP',
               'node/test_life.py::test_a_hangup_that_is_to_be_ignored_ends_nothing'),
    Protection(16, 'a background job stays deaf to Ctrl-C', 'cli/several.py',
               '*not_ignored(signal.SIGINT)', 'signal.SIGINT',
               'cli/test_several.py::test_a_ctrl_c_that_is_to_be_ignored_stays_so'),
    Protection(16, 'the middleware keeps no node', 'node/main.py',
               'with ends_within(LEAVING, code):', 'if True:',
               'node/test_last_resort.py::'
               'test_the_process_ends_with_the_exit_code_that_it_would_have_had'),
    Protection(16, 'who asked last gets the answer', 'node/launch_service.py',
               'if late_clients.wait_sent(LATE_CLIENTS):', 'if False:',
               'node/test_late_clients.py::'
               'test_a_node_goes_down_after_a_late_client_has_its_response'),
    Protection(16, 'a client that is found late gets its answer', 'node/late_clients.py',
               '            _warned.yes = True', '            pass',
               'node/test_late_clients.py::'
               'test_a_real_node_answers_late_clients_and_lives_on'),
    Protection(16, 'who is refused offers nothing', 'node/launch_service.py',
               '        self.link.open()\n',
               '        services.offer(self, self.link, self._service_done)\n'
               '        self.link.open()\n',
               'node/test_attaching.py::test_who_is_refused_has_offered_no_service'),
    Protection(16, 'silence is silence', 'node/link.py',
               'if time.monotonic() - heard >= SILENCE and self._pending:',
               'if not (ready or dict(poll.poll(100))) and self._pending:',
               'node/test_link.py::'
               'test_one_that_hangs_is_given_up_also_when_requests_keep_coming'),)
