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

"""Puts paths that are known only here into the words of a command."""

from __future__ import annotations

import binascii
import os

from .finding import find, NotThere
from .folder import Folder
from .spawning import decode, encode

TYPE_CHECKING = False  # typing takes longer to load than all the rest
if TYPE_CHECKING:
    from typing import Any


def fill_in(order: dict[str, Any], env: dict[bytes, bytes], folder: Folder) -> list[str]:
    """
    Return the words of a command, each place in them replaced by its path.

    :param order: its words, and its places by the text that stands for each.
    :param folder: where the files go that were sent along.
    :raises NotThere: something isn't here, or can't be written.
    """
    places: dict[str, dict[str, Any]] = order['places']
    paths = {text: find(what, env) for text, what in places.items() if what['kind'] != 'file'}
    files = {text: what for text, what in places.items() if what['kind'] == 'file'}
    if files:
        written = _write(list(files.values()), folder)
        paths.update((text, written[encode(what['name'])]) for text, what in files.items())
    words = []
    for word in order['argv']:
        for text, path in paths.items():
            word = word.replace(text, decode(path))
        words.append(word)
    return words


def _write(files: list[dict[str, Any]], folder: Folder) -> dict[bytes, bytes]:
    try:
        return folder.write({encode(one['name']): binascii.a2b_base64(one['data'])
                             for one in files})
    except OSError as error:
        raise NotThere(kind='file', name=', '.join(one['name'] for one in files),
                       path=decode(error.filename or b''),
                       text=os.strerror(error.errno or 0)) from error
