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

"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import sys
import tempfile

# The checkout has no generated messages: with it in front, an installed package is hidden.
ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [entry for entry in sys.path if Path(entry or os.curdir).resolve() != ROOT]

from domains import own_domain  # noqa: E402
from fleet import Fleet  # noqa: E402
from fleet import why_not as why_no_fleet  # noqa: E402
from harness import Lab  # noqa: E402
from hosts import Network, why_not  # noqa: E402
from hypothesis import settings  # noqa: E402
import pytest  # noqa: E402

# Nothing of a test leaves this machine.
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

# No example fails for having taken more than 200 ms, as it does where the host is busy.
settings.register_profile('patient', deadline=None)
settings.load_profile('patient')


@pytest.fixture(scope='session', autouse=True)
def _domain() -> Iterator[None]:
    """Have a ROS domain alone, unless one was chosen."""
    if 'ROS_DOMAIN_ID' in os.environ:
        yield
    else:
        with own_domain():
            yield


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Give an isolated home; what a test leaves running there is ended."""
    lab = Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def open_lab() -> Iterator[Lab]:
    """Give an isolated home in a folder that other users may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        lab = Lab(Path(folder))
        yield lab
        lab.close()


@pytest.fixture
def network() -> Iterator[Network]:
    """Give three hosts on a network of their own; skip where there can be none."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    network = Network(3)
    yield network
    network.close()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Give a laptop and three robots, each with an sshd; skip where there can be none."""
    reason = why_no_fleet()
    if reason:
        pytest.skip(reason)
    fleet = Fleet(tmp_path / 'fleet')
    yield fleet
    fleet.close()
