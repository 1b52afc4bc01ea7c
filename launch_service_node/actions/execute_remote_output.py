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

"""Output of a remote process: from bytes to lines in launch's logs."""

from __future__ import annotations

import codecs
from collections.abc import Callable

#: Bytes after which a line that doesn't end is written as it is.
MOST_LINE = 1 << 16


class Lines:
    """
    Puts a stream's bytes together to lines.

    :param write: gets each line, without its end.
    :param cached: whether all that came is kept; `text` returns it.
    """

    def __init__(self, write: Callable[[str], None], cached: bool = False) -> None:
        self._write = write
        self._rest = b''
        self._cache: list[str] | None = [] if cached else None
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')

    def add(self, data: bytes) -> None:
        """Take bytes, and write the lines that are whole."""
        if self._cache is not None:
            self._cache.append(self._decoder.decode(data))
        *lines, self._rest = (self._rest + data).split(b'\n')
        for line in lines:
            self._line(line)
        if len(self._rest) >= MOST_LINE:
            self.flush()

    def flush(self) -> None:
        """Write what there is of a line that has not ended."""
        rest, self._rest = self._rest, b''
        if rest:
            self._line(rest)

    def text(self) -> str:
        """Return all that came so far."""
        return ''.join(self._cache or ())

    def _line(self, line: bytes) -> None:
        self._write(line.removesuffix(b'\r').decode('utf-8', 'replace'))
