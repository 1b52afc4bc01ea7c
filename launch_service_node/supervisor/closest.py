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


"""Did you mean: the one of some words that is closest to another."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant; None: nothing is close, or nobody can look."""
    try:
        import difflib  # takes memory, and is needed only here
    except OSError:
        return None  # out of descriptors
    found = difflib.get_close_matches(word, words, 1)
    return found[0] if found else None
