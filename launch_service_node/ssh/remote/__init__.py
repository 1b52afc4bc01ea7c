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
The remote end of a life line: sent along with each command, installed nowhere.

These modules run on the machine under `python3 -ISE`, with the standard library of
Python 3.8 and nothing else of this package. `sending.py` packs them, `life_line.py` is
the other side. Two processes of it stand for each command: the guard, and below it the
watchdog, which is the parent of the command.
"""
