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


"""Protections, points 1 to 8: falls, strangers, trees, exits, records, restarts."""

from __future__ import annotations

from faults.protection import Protection

TABLE = (
    # 1: the node's death
    Protection(1, 'a node that falls is brought back', 'supervisor/node_keeper.py',
               "RestartSettings(policy='always'", "RestartSettings(policy='never'",
               'system/test_node_falls.py::test_fifty_processes_do_not_notice_that_their_node_falls'),
    Protection(1, 'one that has been up is back soon, each time', 'supervisor/node_keeper.py',
               'record.in_a_row = min(record.in_a_row, _AFTER_UP)', 'pass',
               'supervisor/test_node_keeper.py::test_one_that_has_been_up_is_back_soon_each_time'),
    Protection(1, 'a node that went before it was up is none', 'supervisor/operations.py',
               'if not self.supervisor.node.serves(request.connection):', 'if False:',
               'supervisor/test_node_dismissed.py::'
               'test_who_waits_for_a_node_is_told_of_none_that_went_before_it_was_up'),
    Protection(1, 'a node takes an answer of any length', 'protocol.py',
               'LineBuffer(None)', 'LineBuffer()',
               'supervisor/test_long_answers.py::'
               'test_an_answer_may_be_longer_than_a_request_and_than_a_queue'),
    Protection(1, 'a node learns of what runs already', 'supervisor/operations.py',
               'request.answer(**self._snapshot(), instance=self._instance())',
               'request.answer(processes=[], sequence_number=0, instance=self._instance())',
               'node/test_life.py::'
               'test_kill_9_of_the_node_touches_nothing_and_the_next_one_finds_all_of_it'),
    Protection(1, 'also while the instance drains', 'supervisor/process.py',
               'return self.internal or self.world', 'return self.world',
               'supervisor/test_node_keeper.py::'
               'test_one_that_falls_while_the_instance_drains_is_brought_back'),
    # 2: the supervisor's death
    Protection(2, 'a process is adopted', 'supervisor/run.py',
               'handle = open_handle(record.pid, record.start_ticks)', 'handle = None',
               'faults/test_falls.py::test_a_hundred_processes_are_adopted'),
    Protection(2, 'it is watched from then on', 'supervisor/reaper.py',
               'self._loop.watch(fd, on_end)\n\n\n', 'pass\n\n\n',
               'supervisor/test_survival.py::'
               'test_how_an_adopted_process_ends_is_known_or_said_to_be_unknown'),
    Protection(2, 'an end that nobody saw is no known one', 'supervisor/records/record.py',
               'self.exit_known = status is not None', 'self.exit_known = True',
               'supervisor/test_survival.py::'
               'test_an_end_that_nobody_saw_is_unknown_and_never_a_success'),
    Protection(2, 'a stop that was asked for goes on', 'supervisor/process.py',
               'if record.state == State.STOPPING or record.stop_asked:', 'if False:',
               'supervisor/test_survival.py::'
               'test_a_stop_that_was_asked_for_goes_on_after_the_supervisors_death'),
    Protection(2, 'one that falls before it has answered is followed by another', 'node/link.py',
               'there = connection is not None or isinstance(error, NotNow)',
               'there = isinstance(error, NotNow)',
               'node/test_link.py::'
               'test_a_supervisor_that_falls_before_it_has_answered_is_followed_by_another'),
    Protection(2, 'a pending restart goes on', 'supervisor/process.py',
               'if record.state == State.BACKOFF:\n            delay',
               'if False:\n            delay',
               'supervisor/test_survival.py::test_a_restart_that_was_pending_still_comes'),
    Protection(2, 'an id is never given away again', 'supervisor/records/history.py',
               "table.next_id = max(table.next_id, int(counters.get('next_id', 1)))", 'pass',
               'supervisor/test_journal.py::'
               'test_ids_and_numbers_go_on_after_a_rewrite_without_any_process'),
    Protection(2, 'nor when only its output is left', 'supervisor/supervisor.py',
               'max(self.table.next_id, newest_output(self._outputs) + 1)', 'self.table.next_id',
               'supervisor/test_survival.py::'
               'test_ids_are_never_reused_also_when_the_journal_is_lost'),
    Protection(2, "the next one sheds its starter's limit", 'supervisor/main.py',
               'resource.setrlimit(RLIMIT_LOCKS, (hard, hard))', 'pass',
               'supervisor/test_mark.py::test_the_end_of_its_starter_is_not_its_own[limit]'),
    Protection(2, 'and what its environment says', 'supervisor/main.py',
               'if MARK in os.environ:', 'if False:',
               'supervisor/test_mark.py::test_the_end_of_its_starter_is_not_its_own[environment]'),
    Protection(2, 'the lock has none of the standard descriptors', 'supervisor/main.py',
               "ready_fd = options['ready_fd'] = _above_the_standard_ones(ready_fd)", 'pass',
               'supervisor/test_starting.py::'
               'test_one_that_is_started_without_standard_descriptors_is_the_only_one'),
    Protection(2, 'nobody finds itself by a mark', 'supervisor/kernel/tree.py',
               'if pid == os.getpid() or pid in', 'if pid in',
               'supervisor/test_mark.py::test_who_looks_for_a_tree_is_never_in_it'),
    Protection(2, 'nor in the cgroup of a tree', 'supervisor/kernel/tree.py',
               'met.discard(os.getpid())', 'pass',
               'supervisor/test_mark.py::test_who_looks_for_a_tree_is_never_in_it'),
    Protection(2, 'the cgroup of its starter is left', 'supervisor/kernel/cgroups.py',
               'self._leave_run(place.own)', 'pass',
               'supervisor/cgroups/test_members.py::'
               'test_a_supervisor_that_a_run_has_started_leaves_the_cgroup_of_that_run'),
    Protection(2, 'nor itself and its own below others', 'supervisor/kernel/tree.py',
               'if one == os.getpid():', 'if False:',
               'supervisor/test_mark.py::test_nobody_below_who_looks_for_a_tree_is_in_it'),
    Protection(2, 'the environment is that of the instance', 'supervisor/supervisor.py',
               "brought_back=self._started_by.partition(':')[0] == self.instance_id",
               'brought_back=False',
               'supervisor/test_mark.py::'
               'test_whoever_brings_it_back_the_environment_is_that_of_the_instance'),
    Protection(2, 'a stop of one that was being stopped is recorded', 'supervisor/process.py',
               'self.world.note(self)  # what was asked for meanwhile', 'pass  #',
               'supervisor/test_taken_over.py::'
               'test_a_stop_of_one_that_was_being_stopped_anyway_is_a_stop'),
    Protection(2, 'a restart that was asked for is recorded', 'supervisor/records/record.py',
               '_FIELDS = tuple(Record.__annotations__)',
               "_FIELDS = tuple(sorted({*Record.__annotations__} - {'restart_asked'}))",
               'supervisor/test_taken_over.py::'
               'test_a_restart_that_was_asked_for_is_finished_unless_a_stop_followed'),
    Protection(2, 'how a leader ended is recorded', 'supervisor/process.py',
               'self.world.note(self)  # how it ended', 'pass  #',
               'supervisor/test_taken_over.py::'
               'test_so_is_it_where_the_leader_ended_during_a_stop'),
    Protection(2, 'who was kept for a while has not failed', 'supervisor/process.py',
               'self._failure = record.late\n', 'self._failure = record.err_msg\n',
               'supervisor/test_taken_over.py::'
               'test_that_the_rest_was_kept_for_a_while_is_no_reason_of_the_end'),
    Protection(2, 'a node that was told to go goes', 'supervisor/node_keeper.py',
               'if not record.stop_asked or record.state in ALIVE:', 'if not record.stop_asked:',
               'supervisor/test_node_dismissed.py::'
               'test_one_that_was_told_to_go_goes_also_under_the_next_supervisor'),
    Protection(2, 'that it has to go is recorded first', 'supervisor/operations.py',
               'supervisor.node.retire()  # recorded', 'pass  # recorded',
               'supervisor/test_node_dismissed.py::'
               'test_that_it_has_to_go_is_recorded_before_it_is_answered'),
    Protection(6, 'a repeated start is answered the same after a reboot', 'supervisor/process.py',
               'record.restarts, record.in_a_row = [], 0\n            if record.restart_asked',
               'record.restarts, record.in_a_row, record.ready_at = [], 0, 0.0\n'
               '            if record.restart_asked',
               'supervisor/test_start_answers.py::'
               'test_so_is_one_that_was_repeated_after_a_reboot'),
    Protection(8, 'a restart under way starts nothing in drain', 'supervisor/process.py',
               'if record.restart_asked and not self._may_restart():', 'if False:',
               'supervisor/test_taken_over.py::'
               'test_a_restart_that_is_under_way_when_it_begins_to_drain_ends_with_the_stop'),
    Protection(2, 'and is kept when its tree is taken over', 'supervisor/process.py',
               'if record.pid or not record.exit_known:', 'if True:',
               'supervisor/test_taken_over.py::'
               'test_how_a_leader_ended_is_known_also_when_the_supervisor_falls_before_its_tree'
               '_is_gone'),
    Protection(2, 'who was late has failed', 'supervisor/process.py',
               'self._failure = record.late\n', 'pass\n',
               'supervisor/test_taken_over.py::'
               'test_who_was_late_has_failed_also_when_it_ends_well_under_the_next_supervisor'),
    Protection(2, 'the mode is recorded', 'supervisor/supervisor.py',
               'self.mode = self.history.mode(self.boot_id)', 'pass',
               'supervisor/test_taken_over.py::'
               'test_an_instance_that_drains_restarts_nothing_after_a_fall'),
    Protection(2, 'but for a shutdown', 'supervisor/supervisor.py',
               "'run' if mode == 'stopping' else mode", 'mode',
               'supervisor/test_taken_over.py::test_after_a_shutdown_it_begins_anew'),
    Protection(2, 'who was adopted is looked at', 'supervisor/measuring.py',
               'if not 0 < period <= _LOOK_PERIOD:', 'if False:',
               'supervisor/test_taken_over.py::'
               'test_who_is_suspended_is_seen_to_be_however_seldom_it_is_measured'),
    # 3: no stranger
    Protection(3, 'the start time is compared', 'supervisor/kernel/identity.py',
               'stat.start_ticks != start_ticks', 'False',
               'supervisor/test_identity.py::test_another_start_time_is_another_process'),
    Protection(3, 'the mark is looked for', 'supervisor/run.py',
               ' or not tree.has_mark(record.pid, self._world.mark(record))', '',
               'supervisor/test_survival.py::'
               'test_a_stranger_survives_a_journal_that_names_it[forge_all]'),
    Protection(3, 'the mark is that of one process', 'supervisor/supervisor.py',
               "return f'{self.instance_id}:{record.process_id}'", 'return self.instance_id',
               'supervisor/test_survival.py::'
               'test_one_that_has_the_pid_of_another_process_is_not_taken_for_it'),
    Protection(3, 'the boot is compared', 'supervisor/run.py',
               'if record.boot_id == self._world.boot_id:', 'if True:',
               'supervisor/test_survival.py::test_a_pid_of_another_boot_means_nothing'),
    Protection(3, 'a record with a missing field is left out', 'supervisor/records/history.py',
               'except (AttributeError, KeyError, TypeError, ValueError):\n        return None',
               'except ValueError:\n        return None',
               'supervisor/test_journal.py::'
               'test_a_record_with_a_field_that_can_not_be_right_is_left_out'),
    Protection(3, 'a line says what was left out', 'supervisor/records/history.py',
               "print(f'{self._journal.path}: {damaged} damaged entries",
               "str(f'{self._journal.path}: {damaged} damaged entries",
               'supervisor/test_journal.py::'
               'test_a_record_with_a_field_that_can_not_be_right_is_left_out'),
    # 4: the whole tree
    Protection(4, 'orphans come to the supervisor', 'supervisor/supervisor.py',
               'linux.become_subreaper()', 'pass',
               'supervisor/test_stop.py::'
               'test_nothing_is_left_of[a double fork whose leader stays]'),
    Protection(4, 'an orphan is known by its mark', 'supervisor/kernel/tree.py',
               'session in (stat.session, stat.pgrp) or has_mark(pid, mark)',
               'session in (stat.session, stat.pgrp)',
               'supervisor/test_stop.py::'
               'test_nothing_is_left_of[a double fork whose leader stays]'),
    Protection(4, 'the mark is not only in the environment', 'supervisor/planning.py',
               'if hard == resource.RLIM_INFINITY:', 'if False:',
               'supervisor/test_stop.py::'
               'test_nothing_is_left_of[a double fork with an empty environment]'),
    Protection(4, 'who dies under the eyes may have had a child', 'supervisor/kernel/tree.py',
               'if alive or dead.issuperset((*met, *missed)):', 'if True:',
               'supervisor/test_stop.py::'
               'test_a_child_of_who_dies_while_it_is_looked_at_is_not_missed'),
    Protection(4, 'who was born on SIGKILL gets one too', 'supervisor/stopping.py',
               'self._send(left, signal.SIGKILL)  # who was born since then', 'pass',
               'faults/test_abusive_trees.py::'
               'test_who_was_not_there_yet_when_all_were_killed_is_killed_after'),
    Protection(4, "a pid that was the leader's is not the leader", 'supervisor/stopping.py',
               'members.get(leader.pid) == leader.start_ticks', 'leader.pid in members',
               'supervisor/test_stopping.py::'
               'test_a_pid_that_was_the_leaders_is_not_the_leader[another of its pid]'),
    Protection(4, 'who is stopped is continued', 'supervisor/stopping.py',
               "if stat.state in 'TtZ' and number != signal.SIGKILL:", 'if False:',
               'supervisor/test_stop.py::'
               'test_a_stopped_process_hears_the_first_signal_of_the_ladder'),
    Protection(4, 'what a leader leaves behind goes', 'supervisor/process.py',
               'elif self._stopper is None and self._run.may_leave_somebody():', 'elif False:',
               'supervisor/test_stop.py::test_what_a_leader_leaves_behind_goes_with_it'),
    Protection(4, "an earlier supervisor's orphans are searched for", 'supervisor/run.py',
               'self._world.leaders(), self.adopted,', 'self._world.leaders(), False,',
               'supervisor/test_survival.py::'
               'test_an_adopted_process_is_stopped_with_its_whole_tree'),
    Protection(4, 'the answer comes when all is gone', 'supervisor/process.py',
               '        if waiter is not None:\n            self._waiters.add_gone(waiter)',
               '        if waiter is not None:\n            waiter(None)',
               'supervisor/test_stop.py::test_nothing_is_left_of[ignores SIGINT and SIGTERM]'),
    Protection(4, 'or says who is left', 'supervisor/stopping.py',
               'self._on_left(sorted(left))', 'pass',
               'faults/test_abusive_trees.py::'
               'test_what_does_not_end_is_named_and_nobody_waits_for_ever'),
    Protection(4, 'who has lost its main thread alone is alive', 'supervisor/kernel/identity.py',
               ' or self.threads > 1', '',
               'supervisor/test_stop.py::'
               'test_one_whose_main_thread_alone_has_ended_is_stopped_too'),
    Protection(4, 'and is measured', 'supervisor/kernel/sampling.py',
               ' and int(fields[17]) < 2', '',
               'supervisor/test_sampling.py::'
               'test_one_whose_main_thread_alone_has_ended_is_still_measured'),
    Protection(4, 'the news of an end is not waited for without a bound', 'supervisor/process.py',
               'self._await_news()  #', 'pass  #',
               'supervisor/test_stop.py::test_one_that_a_debugger_keeps_is_said_to_be_kept'),
    Protection(4, 'nor by the first who asks, however often others do', 'supervisor/process.py',
               '        if self._untold is None:\n            self._untold =',
               '        self._no_more_news()\n        if True:\n            self._untold =',
               'supervisor/test_stop.py::'
               'test_who_asks_again_and_again_keeps_no_other_from_its_answer'),
    Protection(4, 'who keeps one of several threads is named', 'supervisor/process.py',
               'failures.kept if kept else failures.not_stopped', 'failures.not_stopped',
               'supervisor/test_stop.py::test_one_that_a_debugger_keeps_is_said_to_be_kept'),
    Protection(4, 'one without a main thread is woken to hear a signal', 'supervisor/stopping.py',
               "stat.state in 'TtZ'", "stat.state in 'Tt'",
               'supervisor/test_stop.py::'
               'test_who_is_stopped_and_has_no_main_thread_hears_the_ladder'),
    # 5: exact exit status
    Protection(5, 'all eight bits of a code', 'supervisor/records/record.py',
               'os.WEXITSTATUS(status)', '(os.WEXITSTATUS(status) & 0x7f)',
               'faults/test_exits.py::test_every_code_and_every_signal_is_told_exactly'),
    Protection(5, 'a signal is no code', 'supervisor/records/record.py',
               'self.term_signal = os.WTERMSIG(status)',
               'self.exit_code = 128 + os.WTERMSIG(status)',
               'faults/test_exits.py::test_every_code_and_every_signal_is_told_exactly'),
    Protection(5, 'a failed exec is told', 'supervisor/kernel/spawn.py',
               "explain(stage, plan.argv[0], error).encode(errors='replace')[:500]", "b''",
               'faults/test_exits.py::test_failures_of_exec_are_told_apart'),
    Protection(5, 'a child that says nothing has not executed', 'supervisor/run.py',
               'not self.failure and spawned.executed()', 'not self.failure',
               'supervisor/test_start_answers.py::'
               'test_who_is_killed_before_it_has_executed_anything_was_not_started'),
    Protection(5, 'nobody reaps what is not looked at', 'supervisor/reaper.py',
               'os.WEXITED | os.WNOHANG | os.WNOWAIT', 'os.WEXITED | os.WNOHANG',
               'supervisor/test_process.py::test_an_exit_code_is_told_exactly'),
    Protection(5, 'an end during a stop keeps its code', 'supervisor/records/record.py',
               'self.exit_code = os.WEXITSTATUS(status)',
               'self.exit_code = 0 if self.stop_asked else os.WEXITSTATUS(status)',
               'faults/test_exits.py::test_an_end_by_itself_during_a_stop_keeps_its_code'),
    # 6: at most once
    Protection(6, 'a uid is looked up', 'supervisor/admission.py',
               'known = supervisor.table.of_uid(uid) if uid else None', 'known = None',
               'supervisor/test_process.py::test_sixty_requests_with_one_uid_start_one_process'),
    Protection(6, 'a child waits until it is recorded', 'supervisor/kernel/spawn.py',
               'if os.read(_GO_FD, 1) != _GO:', 'if False:',
               'faults/test_kill_points.py::test_a_repeated_request_finds_or_starts_exactly_one'),
    Protection(6, 'a uid is known when its process is listed no longer',
               'supervisor/table.py',
               'self.past_uids.remember(past(record))', 'pass',
               'supervisor/test_process.py::'
               'test_a_uid_is_known_also_when_its_process_is_no_longer_listed'),
    Protection(6, 'also to the next supervisor', 'supervisor/records/history.py',
               "self._append({'u': past(record)})", 'pass',
               'faults/test_kill_points.py::test_what_was_dropped_from_the_list_does_not_come_back'),
    Protection(6, 'another request of the same uid is refused', 'supervisor/admission.py',
               'if asked.digest != digest(fields):', 'if False:',
               'supervisor/test_refusals.py::test_a_refusal'),
    Protection(6, 'and how far it came', 'supervisor/operations.py',
               'if known.ready if wait_ready else known.executed:', 'if True:',
               'supervisor/test_start_answers.py::'
               'test_so_is_one_whose_process_is_no_longer_listed'),
    # 7: the journal
    Protection(7, 'a line has a checksum', 'supervisor/records/journal.py',
               'if zlib.crc32(line[9:]) != checksum:', 'if False:',
               'supervisor/test_journal.py::'
               'test_with_every_byte_spoilt_only_the_entry_of_that_byte_is_lost'),
    Protection(7, 'what follows a torn line is a line', 'supervisor/records/journal.py',
               "line = b'\\n' + line", 'pass',
               'supervisor/test_journal.py::test_what_is_appended_after_a_torn_line_is_read'),
    Protection(7, 'a disk that takes half a line is full', 'supervisor/records/journal.py',
               'self._torn = written != len(line)', 'self._torn = False',
               'supervisor/test_journal.py::test_a_full_disk_is_said_and_what_comes_after_is_read'),
    Protection(7, 'nonsense keeps nobody from starting', 'supervisor/records/history.py',
               'except (AttributeError, KeyError, OverflowError, TypeError, ValueError):',
               'except ZeroDivisionError:',
               'supervisor/test_journal.py::'
               'test_an_entry_that_makes_no_sense_does_not_keep_anybody_from_starting'),
    Protection(7, 'the old file stays until the new one is whole', 'supervisor/records/journal.py',
               "new = f'{self.path}.new'", 'new = self.path',
               'supervisor/test_journal.py::'
               'test_a_rewrite_that_fails_leaves_the_old_file_and_no_other'),
    Protection(7, 'what was not taken is written later', 'supervisor/records/history.py',
               'if not written and self._mending is None:', 'if False:',
               'faults/test_full_disk.py::'
               'test_what_a_full_disk_did_not_take_is_known_to_the_next_supervisor'),
    Protection(7, 'one that may only be read is read', 'supervisor/records/journal.py',
               'if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):', 'if True:',
               'faults/test_full_disk.py::test_a_journal_that_may_only_be_read_is_read'),
    Protection(7, 'fields of a newer version are left out', 'supervisor/records/record.py',
               'known = {name: data[name] for name in _FIELDS if name in data}',
               'known = dict(data)',
               'supervisor/test_journal.py::'
               'test_a_journal_of_a_newer_version_is_understood_as_far_as_possible'),
    Protection(7, 'it is rewritten, whatever grew it', 'supervisor/records/history.py',
               'if self._journal.wants_rewrite():',
               "if 'p' in entry and self._journal.wants_rewrite():",
               'supervisor/test_journal.py::test_it_stays_bounded_whatever_changes_over_and_over'),
    Protection(7, 'it is not rewritten before its processes are known',
               'supervisor/records/history.py',
               "self._write({'m': self._counters()})", "self._append({'m': self._counters()})",
               'supervisor/test_journal.py::'
               'test_one_that_has_grown_is_not_rewritten_before_its_processes_are_known'),
    # 8: restart policy
    Protection(8, 'a delay has jitter', 'supervisor/policy.py', 'JITTER = 0.1', 'JITTER = 0.0',
               'supervisor/test_policy.py::'
               'test_also_at_the_cap_delays_differ_so_that_not_all_come_back_together'),
    Protection(8, 'a delay has a cap', 'supervisor/policy.py',
               'nominal = min(settings.max_delay, ', 'nominal = max(settings.max_delay, ',
               'supervisor/test_policy.py::test_the_delay_doubles_up_to_its_cap'),
    Protection(8, 'a limit ends it', 'supervisor/policy.py',
               'if settings.limit and len(recent) >= settings.limit:', 'if False:',
               'supervisor/test_policy.py::test_the_limit_ends_it_and_says_why'),
    Protection(8, 'a stable run starts it anew', 'supervisor/policy.py',
               '0 if uptime >= settings.stable_after else history.in_a_row', 'history.in_a_row',
               'supervisor/test_policy.py::test_a_stable_run_starts_the_count_and_the_delay_anew'),
    Protection(8, 'what a run has left does not make it stable', 'supervisor/process.py',
               'self._ended_at - record.ready_at', 'now - record.ready_at',
               'supervisor/test_process.py::'
               'test_the_time_it_takes_to_end_what_a_run_left_is_none_that_it_was_stable'),
    Protection(8, 'a stop beats a pending restart', 'supervisor/process.py',
               "self._restart_timer.cancel()\n            self._end(State.STOPPED, '')",
               "self._end(State.STOPPED, '')",
               'supervisor/test_shutdown.py::'
               'test_who_was_stopped_while_it_waited_for_its_restart_stays_so[stop]'),
    Protection(8, 'the wall clock means nothing', 'supervisor/kernel/loop.py',
               'return time.monotonic()', 'return time.time()',
               'faults/test_clock.py::test_a_jump_changes_nothing'),
    Protection(8, "nor another boot's clock", 'supervisor/process.py',
               'record.restarts, record.in_a_row = [], 0\n            if record.restart_asked',
               'if record.restart_asked',
               'faults/test_clock.py::test_restarts_of_another_boot_do_not_count_for_the_limit'),
    Protection(8, 'nothing is restarted while it drains', 'supervisor/supervisor.py',
               "return self.mode in ('run', 'hold')", 'return True',
               'supervisor/test_refusals.py::test_an_instance_that_drains_restarts_nothing'),
)
