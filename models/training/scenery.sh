#!/usr/bin/env bash
# Writes a folder of pictures with nobody in them, from free Debian packages: landscapes, flowers, textures, signs, empty
# streets. Counters see people in such things unless they have learned not to.
#
#   bash scenery.sh FOLDER        needs apt-get and the Python packages of requirements.txt
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: bash scenery.sh FOLDER" >&2; exit 2; }
packages=(gnome-backgrounds mate-backgrounds ukui-wallpapers lomiri-wallpapers-16.04 lomiri-wallpapers-20.04
  propaganda-debian jigzo-data opencv-doc)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
cd "$unpacked"
for package in "${packages[@]}"; do
  apt-get download --quiet "$package"
done
for archive in ./*.deb; do
  dpkg -x "$archive" .
done
cd "$here"
python3 -m throng_training scenery "$unpacked" "$folder"
