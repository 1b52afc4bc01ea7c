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
Environment variables that a caller may never set, whatever an entry lists, and why.

Everyone on the ROS graph may be a caller. A variable is here when its value decides which
code is loaded, whom the process trusts, or which files it overwrites. A trailing or a
leading `*` stands for any text.
"""

from __future__ import annotations

_LOADER = 'it decides which libraries are loaded'
_INTERPRETER = 'it decides what an interpreter runs'
_SHELL = 'it decides what a shell runs'
_LOOKUP = 'it decides which packages and programs are found'
_PLUGIN = 'it decides which plugins are loaded'
_MIDDLEWARE = 'it configures the middleware, its security and its log files'
_SECURITY = 'it decides whom the process trusts'
_SYSTEM = 'the C library obeys it; it is dropped for set-uid programs too'
_IDENTITY = 'programs find their configuration by it'
_OWN = 'the supervisor sets it'
_WRITES = 'it names files to write'

FORBIDDEN: tuple[tuple[str, str], ...] = (
    ('LD_*', _LOADER),
    ('DYLD_*', _LOADER),
    ('*_PRELOAD', _LOADER),
    ('*_LIBRARY_PATH', _LOADER),
    ('GLIBC_TUNABLES', _SYSTEM),
    ('MALLOC_*', _SYSTEM),
    ('GCONV_PATH', _SYSTEM),
    ('GETCONF_DIR', _SYSTEM),
    ('HOSTALIASES', _SYSTEM),
    ('LOCALDOMAIN', _SYSTEM),
    ('LOCPATH', _SYSTEM),
    ('NIS_PATH', _SYSTEM),
    ('NLSPATH', _SYSTEM),
    ('RESOLV_HOST_CONF', _SYSTEM),
    ('RES_OPTIONS', _SYSTEM),
    ('TMPDIR', _SYSTEM),
    ('TZDIR', _SYSTEM),
    ('PYTHON*', _INTERPRETER),
    ('VIRTUAL_ENV', _INTERPRETER),
    ('PERL*', _INTERPRETER),
    ('RUBY*', _INTERPRETER),
    ('GEM_*', _INTERPRETER),
    ('LUA_*', _INTERPRETER),
    ('NODE_*', _INTERPRETER),
    ('CLASSPATH', _INTERPRETER),
    ('JAVA_TOOL_OPTIONS', _INTERPRETER),
    ('JDK_JAVA_OPTIONS', _INTERPRETER),
    ('_JAVA_OPTIONS', _INTERPRETER),
    ('GIT_*', _INTERPRETER),
    ('DOTNET_*', _INTERPRETER),
    ('ENV', _SHELL),
    ('BASH*', _SHELL),
    ('SHELL*', _SHELL),
    ('IFS', _SHELL),
    ('CDPATH', _SHELL),
    ('PS4', _SHELL),
    ('PROMPT_COMMAND', _SHELL),
    ('ZDOTDIR', _SHELL),
    ('EDITOR', _SHELL),
    ('VISUAL', _SHELL),
    ('PAGER', _SHELL),
    ('BROWSER', _SHELL),
    ('LESSOPEN', _SHELL),
    ('LESSCLOSE', _SHELL),
    ('PATH', _LOOKUP),
    ('AMENT_*', _LOOKUP),
    ('CMAKE_*', _LOOKUP),
    ('COLCON_*', _LOOKUP),
    ('ROS_DISTRO', _LOOKUP),
    ('ROS_VERSION', _LOOKUP),
    ('ROS_PYTHON_VERSION', _LOOKUP),
    ('ROS_PACKAGE_PATH', _LOOKUP),
    ('RMW_IMPLEMENTATION', _PLUGIN),
    ('RCL_LOGGING_IMPLEMENTATION', _PLUGIN),
    ('*_PLUGIN_PATH', _PLUGIN),
    ('*_PLUGINS', _PLUGIN),
    ('*_MODULE_PATH', _PLUGIN),
    ('*_MODULES', _PLUGIN),
    ('*_RESOURCE_PATH', _PLUGIN),
    ('*_IMPORT_PATH', _PLUGIN),
    ('*_DRIVERS_PATH', _PLUGIN),
    ('*_DRIVER_PATH', _PLUGIN),
    ('*_PLUGIN_DIR', _PLUGIN),
    ('*_MODULE_DIR', _PLUGIN),
    ('*_TOOL_LIBRARIES', _PLUGIN),
    ('ALSA_CONFIG_*', _PLUGIN),
    ('GZ_CONFIG_PATH', _PLUGIN),
    ('IGN_CONFIG_PATH', _PLUGIN),
    ('CUDA_INJECTION*', _PLUGIN),
    ('SDL_DYNAMIC_API', _PLUGIN),
    ('*_ICD_*', _PLUGIN),
    ('VK_*', _PLUGIN),
    ('__EGL_*', _PLUGIN),
    ('GBM_BACKENDS_PATH', _PLUGIN),
    ('GST_*', _PLUGIN),
    ('GTK_*', _PLUGIN),
    ('GIO_*', _PLUGIN),
    ('GDK_PIXBUF_*', _PLUGIN),
    ('QT_*', _PLUGIN),
    ('OPENSSL_*', _PLUGIN),
    ('FASTRTPS_*', _MIDDLEWARE),
    ('FASTDDS_*', _MIDDLEWARE),
    ('CYCLONEDDS_*', _MIDDLEWARE),
    ('ZENOH_*', _MIDDLEWARE),
    ('NDDS*', _MIDDLEWARE),
    ('RTI_*', _MIDDLEWARE),
    ('ROS_SECURITY_*', _SECURITY),
    ('SSL_*', _SECURITY),
    ('*_CA_BUNDLE', _SECURITY),
    ('KRB5*', _SECURITY),
    ('SSH_*', _SECURITY),
    ('HOME', _IDENTITY),
    ('USER', _IDENTITY),
    ('LOGNAME', _IDENTITY),
    ('XDG_*', _IDENTITY),
    ('ROS_HOME', _IDENTITY),
    ('ROS_LOG_DIR', _WRITES),
    ('*SAN_OPTIONS', _WRITES),
    ('GCOV_*', _WRITES),
    ('LLVM_PROFILE_FILE', _WRITES),
    ('NOTIFY_SOCKET', _OWN),
    ('LAUNCH_SERVICE_*', _OWN),
    ('_ROS_WHEELS_*', _OWN),
)


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith('*') and pattern.endswith('*'):
        return pattern[1:-1] in name
    if pattern.startswith('*'):
        return name.endswith(pattern[1:])
    if pattern.endswith('*'):
        return name.startswith(pattern[:-1])
    return name == pattern


def why_forbidden(name: str) -> str:
    """Return in a few words why no caller may set the variable; empty when one may."""
    for pattern, reason in FORBIDDEN:
        if _matches(name, pattern):
            return reason
    return ''
