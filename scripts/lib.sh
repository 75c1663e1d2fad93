# SPDX-License-Identifier: MIT
# Functions of all scripts, which source this file with the root of the checkout in $root.

say() {
  printf '\n== %s\n' "$*"
}

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Whether one of the given files or commands exists.
have() {
  for candidate in "$@"; do
    case $candidate in
      /*) [ -e "$candidate" ] && return 0 ;;
      *) command -v "$candidate" > /dev/null 2>&1 && return 0 ;;
    esac
  done
  return 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "Please run as root, or install sudo: apt-get must install$packages"
  fi
}

# Reads lines "<package> <file, pattern of files or command>..." and installs each package of which none exists. If nothing is
# missing, it does not use the network.
install_missing() {
  packages=
  while read -r package proofs; do
    # shellcheck disable=SC2086  # a list of words
    have $proofs || packages="$packages $package"
  done
  [ -n "$packages" ] || return 0
  have apt-get || die "This is neither Debian nor Ubuntu: please install the equivalents of these packages, then try again:$packages"
  say "Installing$packages"
  log=$(mktemp)
  # shellcheck disable=SC2086
  if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages; } \
    > "$log" 2>&1; then
    cat "$log" >&2
    die "apt-get could not install them"
  fi
  rm -f "$log"
}

# The packages that every build needs; the measurements without clients need no others.
packages_to_measure() {
  cat << 'END'
g++ c++ g++
cmake cmake
ninja-build ninja
libasio-dev /usr/include/asio.hpp /usr/local/include/asio.hpp
rapidjson-dev /usr/include/rapidjson/rapidjson.h /usr/local/include/rapidjson/rapidjson.h
zlib1g-dev /usr/include/zlib.h
END
}

# The packages that a build of a program with a page needs.
packages_to_build() {
  packages_to_measure
  cat << 'END'
libssl-dev /usr/include/openssl/ssl.h
ca-certificates /etc/ssl/certs/ca-certificates.crt
nodejs node nodejs
npm npm
END
}

packages_to_test() {
  packages_to_build
  cat << 'END'
openssl openssl
python3 python3
python3-venv /usr/lib/python3*/ensurepip/__init__.py /usr/local/lib/python3*/ensurepip/__init__.py
nlohmann-json3-dev /usr/include/nlohmann/json.hpp /usr/local/include/nlohmann/json.hpp
libwebsocketpp-dev /usr/include/websocketpp/version.hpp /usr/local/include/websocketpp/version.hpp
catch2 /usr/include/catch2/catch.hpp /usr/include/catch2/catch_all.hpp /usr/local/include/catch2/catch_all.hpp
END
}

# Unpacks nginx into build/nginx for the tests, if there is none. If apt-get installed it, it would start a service. Without
# apt-get the tests that need nginx are skipped.
unpack_nginx() {
  if have nginx /usr/sbin/nginx "$root/build/nginx/usr/sbin/nginx" || ! have apt-get; then return 0; fi
  packages=" nginx"
  say "Unpacking$packages"
  folder=$(mktemp -d)
  if ! (
    cd "$folder"
    apt-get download -q nginx || { as_root apt-get update -q && apt-get download -q nginx; }
    mkdir -p "$root/build/nginx"
    dpkg-deb --extract nginx_*.deb "$root/build/nginx"
  ) > "$folder/log" 2>&1; then
    cat "$folder/log" >&2
    die "apt-get could not download nginx"
  fi
  rm -rf "$folder"
}

# How many compilers to run at a time: one per processor, but each needs 2 GB of memory.
jobs() {
  count=$(nproc 2> /dev/null || echo 2)
  if [ -r /proc/meminfo ]; then
    fit=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo) / 2000000))
    [ "$fit" -ge "$count" ] || count=$fit
    [ "$count" -ge 1 ] || count=1
  fi
  echo "$count"
}

# build_benchmark <program>: builds a program of benchmarks/ for release, and sets $build to the build tree.
build_benchmark() {
  build=$root/build/benchmarks
  mkdir -p "$build"
  say "Building $1"
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSOCKETIO_BUILD_TESTS=OFF \
    -DSOCKETIO_BUILD_EXAMPLES=OFF -DSOCKETIO_BUILD_BENCHMARKS=ON > "$build/configure.log" 2>&1 ||
    { cat "$build/configure.log" >&2; exit 1; }
  cmake --build "$build" --target "$1" -j "$(jobs)" > "$build/build.log" 2>&1 || { cat "$build/build.log" >&2; exit 1; }
}
