# Sourced, from the repository root, by the scripts that install packages or keep things of Debian under .drivers/.
# A function that may be called where `set -e` is off (in a condition) ends through fail.

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 2; }
# Runs a command; its output is shown only when it fails.
quietly() { local said; said=$("$@" 2>&1 </dev/null) || { say "$said"; return 1; }; }

SUDO=()
need_root() {   # WHAT FOR
  [ "$(id -u)" -eq 0 ] && return
  command -v sudo >/dev/null || fail "not root and no sudo; ask an administrator to $*"
  SUDO=(sudo)
}

install_packages() {
  need_root "install: $*"
  say "installing: $*"
  quietly "${SUDO[@]}" apt-get update -qq &&
    quietly "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
    fail "apt-get could not install: $*"
}

# cached NAME RECIPE COMMAND...: the folder .drivers/NAME, made by COMMAND... FOLDER where it is absent or was made by
# another recipe. It gets its name only when it is whole. Of two callers one waits for the other; what an earlier one
# that was cut off has left is thrown away.
cached() {
  local final=$PWD/.drivers/$1 recipe=$2
  shift 2
  mkdir -p .drivers
  (
    exec 9>"$final.lock"
    flock -n 9 || { say "another call makes or uses $final; waiting for it"; flock 9; }
    if [ "$(cat "$final/.recipe" 2>/dev/null)" != "$recipe" ]; then
      "${SUDO[@]}" rm -rf --one-file-system "$final.part" && mkdir "$final.part" && "$@" "$final.part" &&
        "${SUDO[@]}" tee "$final.part/.recipe" <<<"$recipe" >/dev/null &&
        "${SUDO[@]}" rm -rf --one-file-system "$final" && "${SUDO[@]}" mv "$final.part" "$final" ||
        fail "$final could not be made; messages above"
    fi
  ) || exit
}

# Where this machine gets Debian itself from: the start of the address of a package that every release has.
debian_mirror() {
  local address
  address=$(apt-get download --print-uris base-files 2>/dev/null | cut -d"'" -f2)
  [ -n "$address" ] || { need_root "run: apt-get update" && quietly "${SUDO[@]}" apt-get update -qq &&
    address=$(apt-get download --print-uris base-files 2>/dev/null | cut -d"'" -f2); }
  address=${address%%/pool/*}
  case $address in
    mirror+file:*) read -r address _ <"${address#mirror+file:}" ;;   # a file that lists mirrors, as in cloud images
  esac
  [ -n "$address" ] || fail "this machine's apt sources name no Debian mirror; check /etc/apt/sources.list.d"
  printf '%s\n' "${address%/}"
}

# make_root SUITE[+backports] PACKAGE... FOLDER: a Debian root, every package of it checked against Debian's keys; from
# the suite's backports where these have it. What is mounted meanwhile goes with the process.
make_root() {
  local suite=${1%+backports} folder=${!#} packages=("${@:2:$#-2}") mirror
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f $keys ] || fail "no $keys to check packages with; apt-get install debian-archive-keyring"
  mirror=$(debian_mirror) || exit
  say "making ${folder%.part}: Debian $1 from $mirror, about a minute"
  quietly "${SUDO[@]}" unshare --mount debootstrap --variant=minbase --force-check-gpg --keyring=$keys \
    "$suite" "$folder" "$mirror" || return
  local inside=("${SUDO[@]}" chroot "$folder" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq)
  if [ "$suite" != "$1" ]; then   # debootstrap has left the suite's own lists
    "${SUDO[@]}" tee "$folder/etc/apt/sources.list.d/backports.list" >/dev/null <<<"deb $mirror $suite-backports main" &&
      quietly "${inside[@]}" update || return
  fi
  quietly "${inside[@]}" install -y --no-install-recommends -t "${1/+/-}" "${packages[@]}" && quietly "${inside[@]}" clean &&
    "${SUDO[@]}" mkdir -p "$folder$PWD"   # where the repository can be mounted, under its own path
}

# debian_root NAME SUITE[+backports] PACKAGE...: prints the path of .drivers/NAME, a root with that release of Debian and
# these packages, made once.
debian_root() {
  local name=$1
  shift
  if [ "$(cat ".drivers/$name/.recipe" 2>/dev/null)" != "$*" ]; then
    command -v apt-get >/dev/null || fail "a Debian root is made from apt's sources; this system has no apt-get"
    command -v debootstrap >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v debootstrap >/dev/null ||
      install_packages debootstrap debian-archive-keyring
    need_root "make the root .drivers/$name (debootstrap)"
    cached "$name" "$*" make_root "$@"
  fi
  printf '%s\n' "$PWD/.drivers/$name"
}
