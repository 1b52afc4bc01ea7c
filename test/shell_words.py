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

"""Words that shells like to change, and a program that tells what it got of them."""

from __future__ import annotations

import json
import os

from hypothesis import strategies as st

TELL = """
import json, os, sys
json.dump([[os.fsencode(a).hex() for a in sys.argv[1:]],
           {k.decode(): v.hex() for k, v in os.environb.items()}, os.getcwd()], sys.stdout)
"""

NASTY = ['', ' ', "'", '"', '\\', '\\\\', "\\'", '!', '!!', 'a!b', '\n', 'a\n', '\n\n', '$HOME',
         '`id`', '$(id)', '%s', '%%', '*', '?', '~', '-n', '-e', '--', '{a,b}', '\t', ';', '&',
         '#', 'ä', '日本', '\udcff', '\x01', '\x7f', '^a^b', '=ls', '\\0101', '\r', '\\n', '(a)']

text = st.one_of(st.sampled_from(NASTY), st.text(
    st.characters(blacklist_characters='\0', blacklist_categories=('Cs',)), max_size=20),
    st.lists(st.sampled_from(NASTY), max_size=4).map(''.join))
name = st.from_regex(r'\A[A-Za-z_][A-Za-z0-9_]{0,8}\Z').map(lambda one: 'T_' + one)


def heard(said: bytes) -> tuple[list[str], dict[str, str], str]:
    """Return what the program was given: words, environment, folder."""
    argv, env, cwd = json.loads(said)
    return ([os.fsdecode(bytes.fromhex(one)) for one in argv],
            {key: os.fsdecode(bytes.fromhex(value)) for key, value in env.items()}, cwd)
