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

"""The exceptions are those that the docstring draws."""

import inspect
import re

from interface_build import errors


def test_the_tree_is_the_one_that_is_drawn():
    drawn = set(re.findall(r'[A-Z]\w+(?=  )', errors.__doc__))
    classes = dict(inspect.getmembers(errors, inspect.isclass))
    assert drawn == set(classes)
    assert all(issubclass(each, errors.InterfaceBuildError) for each in classes.values())
