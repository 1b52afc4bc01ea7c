# A ROS domain that nobody else on this machine has who asks in this way, as tests do.

# own_domain VARIABLE [FOLDER]: set it to a domain, which is held until this shell ends.
own_domain() {
  local number file
  for ((number = 0; number < 100; number++)); do  # these keep clear of ephemeral ports
    printf -v "$1" %d $((1 + ($$ + number) % 100))
    file=${2:-/tmp}/ros_domain_${!1}.lock
    [ -e "$file" ] || (umask 022; : >>"$file") 2>/dev/null
    if { exec {own_domain_lock}<"$file"; } 2>/dev/null; then
      ! flock --nonblock "$own_domain_lock" || return 0
      exec {own_domain_lock}<&-
    fi
  done
  return 1
}
