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
The allow-list: from YAML to checked executables; a request to a command, or a refusal.

- `reading` turns files into entries and problems, `checking` and `trust` say whether
  an entry can be started now;
- `resolve` turns a request into a command, or refuses it;
- `model` holds the values that go between them.

Nothing here knows ROS: the standard library does, and yaml where a file is read.
"""
