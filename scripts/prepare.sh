# Sourced by scripts/demo and scripts/test: `prepare` finds a ROS 2, or gets one, and
# installs this package there.
#
# Its two homes:
#   a ROS 2 that is sourced    the package is built with colcon, in .cache/colcon-<distro>
#   a plain machine            a virtual environment with the wheels of ROS 2, in .venv
#                              (or $LAUNCH_SERVICE_VENV)
#
# Afterwards the programs of this home are on PATH. What was installed is noted in a stamp:
# with the same inputs the next run does nothing. The package is installed such that a
# changed module needs no new installation.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$repo/.cache
log=$cache/install.log
default_distro=kilted

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

ros_is_sourced() {
  [ -n "${ROS_DISTRO:-}" ] && [ -n "${AMENT_PREFIX_PATH:-}" ] \
    && python3 -c 'import rclpy' >/dev/null 2>&1
}

# prepare DISTRO EXTRA: EXTRA is `test` for what the tests need, or nothing.
prepare() {
  home_name=${LAUNCH_SERVICE_PREPARED:-} enter_home=:
  [ -z "$home_name" ] || return 0  # a test of ours runs a script of ours
  if ros_is_sourced; then
    [ "${1:-$ROS_DISTRO}" = "$ROS_DISTRO" ] || die "ROS 2 $ROS_DISTRO is sourced:" \
      "for $1, use a shell where it isn't (or where $1 is)"
    prepare_sourced "${2:-}"
  else
    prepare_plain "${1:-$default_distro}" "${2:-}"
  fi
  export LAUNCH_SERVICE_PREPARED=$home_name
}

# --- a ROS 2 that is sourced ---------------------------------------------------------------

prepare_sourced() {
  local workspace=$cache/colcon-$ROS_DISTRO stamp
  home_name="ROS 2 $ROS_DISTRO"
  enter_home=". $workspace/install/local_setup.bash"
  stamp=$(inputs "$AMENT_PREFIX_PATH $(command -v python3) $1")
  if ! is_stamp "$workspace/stamp" "$stamp"; then
    say "building with colcon for ROS 2 $ROS_DISTRO, which is sourced"
    have colcon || get 'colcon' python3-colcon-common-extensions
    need_modules psutil:python3-psutil yaml:python3-yaml paramiko:python3-paramiko
    [ -z "$1" ] || need_modules pytest:python3-pytest hypothesis:python3-hypothesis
    mkdir -p "$workspace"
    step 'colcon build' colcon --log-base "$workspace/log" build --base-paths "$repo" \
      --packages-select launch_service_node --symlink-install \
      --build-base "$workspace/build" --install-base "$workspace/install"
  fi
  set +u  # as colcon's scripts want it
  . "$workspace/install/local_setup.bash"
  set -u
  printf '%s\n' "$stamp" >"$workspace/stamp"
}

# need_modules MODULE:PACKAGE...: of Python, and the Debian packages that have them.
need_modules() {
  local pair missing=()
  for pair; do
    python3 -c "import ${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} = 0 ] || get "Python's ${missing[*]#python3-}" "${missing[@]}"
}

# --- a plain machine -----------------------------------------------------------------------

prepare_plain() {
  local distro=$1 extra=$2 venv=$repo/.venv stamp rclpy interfaces
  case $distro in
    kilted) rclpy=9.1.2 interfaces=5.5.1 ;;
    jazzy) rclpy=7.1.6 interfaces=5.3.6 ;;
    *) die "no distro '$distro': kilted or jazzy (for another one, source it first)" ;;
  esac
  [ "$distro" = "$default_distro" ] || venv=$cache/venv-$distro
  venv=${LAUNCH_SERVICE_VENV:-$venv}
  home_name="ROS 2 $distro (wheels, in ${venv#"$repo"/})"
  enter_home=". ${venv#"$repo"/}/bin/activate"
  unset PYTHONHOME PYTHONPATH AMENT_PREFIX_PATH
  stamp=$(inputs "$distro $rclpy $interfaces")
  if ! is_stamp "$venv/stamp" "$stamp" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    install_plain
    printf '%s\n' "$stamp" >"$venv/stamp"
    rm -f "$venv/stamp-test"
  fi
  if [ -n "$extra" ] && ! is_stamp "$venv/stamp-$extra" "$stamp"; then
    step "installing what the tests need" pip_install "launch_service_node[$extra]"
    printf '%s\n' "$stamp" >"$venv/stamp-$extra"
  fi
  export VIRTUAL_ENV=$venv PATH=$venv/bin:$PATH AMENT_PREFIX_PATH=$venv
}

install_plain() {
  local python installed
  [ "$(uname -sm)" = 'Linux x86_64' ] || die "the wheels of ROS 2 are for Linux on x86-64," \
    "and this is $(uname -sm): source an installed ROS 2, and try again"
  installed=$(compgen -G '/opt/ros/*/setup.bash' | head -n 1) && [ -n "$installed" ] && \
    say "(to use the ROS 2 that is installed instead: . $installed)"
  find_python
  have cc || have gcc || get 'a C compiler' gcc
  have c++ || have g++ || get 'a C++ compiler' g++
  python_has 'open(sysconfig.get_paths()["include"] + "/Python.h")' \
    || get 'the headers of Python' "$(python_package)-dev"
  if ! [ -x "$venv/bin/pip" ] || ! [ "$("$venv/bin/python" -V 2>&1)" = "$("$python" -V)" ]; then
    python_has 'import ensurepip, venv' || get 'venv of Python' "$(python_package)-venv"
    if [ -e "$venv/stamp" ]; then rm -rf "$venv"; fi  # ours, of another Python
    step "making a virtual environment in ${venv#"$repo"/}" "$python" -m venv "$venv"
  fi
  step "installing ROS 2 $distro from wheels (160 MB, once)" pip_install \
    "ros-rclpy[fastrtps]==$rclpy" "ros-std-msgs==$interfaces" "ros-std-srvs==$interfaces" \
    "ros-diagnostic-msgs==$interfaces" 'setuptools>=64' wheel numpy PyYAML
  # The generators came along with ROS: building with them here, not with a second copy in an
  # isolated environment, takes half the time.
  step 'building the messages and installing this package' pip_install \
    --no-build-isolation -e "$repo"
}

pip_install() { "$venv/bin/python" -m pip --disable-pip-version-check install "$@"; }

find_python() {
  for python in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 \
      python3.10; do
    have "$python" && python_has 'assert (3, 10) <= sys.version_info[:2] <= (3, 14)' && return
  done
  die 'needs a Python from 3.10 to 3.14; set PYTHON=/path/to/python3 if it is not on PATH'
}

python_has() { "$python" -c "import sys, sysconfig; $1" >/dev/null 2>&1; }

# The Debian package of this Python; one that is not Debian's has its headers and venv.
python_package() { "$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])'; }

# --- shared --------------------------------------------------------------------------------

# step TEXT COMMAND...: runs it with its output in the log, and says that it goes on.
step() {
  local text=$1 start=$SECONDS ticker code=0
  shift
  say "$text ..."
  mkdir -p "$cache"
  printf '\n== %s: %s\n' "$text" "$*" >>"$log"
  tick &
  ticker=$!
  "$@" >>"$log" 2>&1 </dev/null || code=$?
  kill "$ticker" && wait "$ticker" 2>/dev/null
  [ $code = 0 ] && say "  done in $((SECONDS - start)) s" && return
  grep -v 'is ignored' "$log" | tail -n 20 >&2
  die "$text failed (exit code $code); all of its output is in ${log#"$repo"/}"
}

tick() {
  local never seconds=0
  exec {never}<> <(:)  # nothing ever comes: `read` waits without another process
  while :; do
    read -r -t 15 -u "$never"
    seconds=$((seconds + 15))
    say "  $seconds s ..."
  done
}

# get WHAT PACKAGE...: as root of a Debian; else it says what to install, and ends.
get() {
  local what=$1
  shift
  can_apt || die "needs $what: sudo apt-get install $* (or what your system calls it)"
  apt_get "$@"
}

can_apt() { [ "$(id -u)" = 0 ] && have apt-get; }

apt_get() { step "installing $* with apt-get" apt_get_now "$@"; }

apt_get_now() {
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}

# inputs TEXT: a digest of the text, and of all files that an installation copies or compiles.
inputs() {
  (cd "$repo" && printf '%s\n' "$1" && cat setup.py pyproject.toml package.xml scripts/prepare.sh \
    && find config interface_build launch msg resource srv -type f ! -name '*.pyc' \
      -exec sha256sum {} + | sort) | sha256sum
}

is_stamp() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
