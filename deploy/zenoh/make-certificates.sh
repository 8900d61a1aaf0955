#!/usr/bin/env bash
# Makes the certificates of one site: its own authority, the router, one certificate a role, and the keys with which
# commands to loudspeakers are signed. What is there already is kept, so that a role can be made again by deleting its
# files.
#
#   bash deploy/zenoh/make-certificates.sh FOLDER SITE ROUTER_HOST...
#
#   FOLDER       where they go; keep ca-key.pem off line once every role has its files
#   SITE         id of the site, such as stadium
#   ROUTER_HOST  names and addresses under which the router is reached, such as bus.stadium.example.org or 10.0.0.2
#
# To join an authority that another site, a district or a city has made, put its ca.pem and ca-key.pem into FOLDER first.
set -euo pipefail

usage="usage: bash make-certificates.sh FOLDER SITE ROUTER_HOST..."
if [ $# -lt 3 ]; then
  echo "$usage" >&2
  exit 2
fi
folder=$1 site=$2
shift 2
if ! [[ $site =~ ^[a-z0-9][a-z0-9_-]{0,62}$ ]]; then
  echo "\"$site\" is no site id: use a-z, 0-9, '_' and '-'; $usage" >&2
  exit 2
fi

# Keys are for their owner alone.
umask 077
mkdir -p "$folder"
cd "$folder"

ca_days=3650     # ten years: changing it means visiting every machine
role_days=397    # thirteen months: routers close links whose certificate has run out

private_key() { # FILE
  [ -e "$1" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

certificate() { # NAME COMMON_NAME USAGE ALTERNATIVE_NAMES
  private_key "$1-key.pem"
  [ ! -e "$1.pem" ] || return 0
  openssl req -new -key "$1-key.pem" -subj "/O=throng/CN=$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -days "$role_days" -sha256 -out "$1.pem" \
    -set_serial "0x$(openssl rand -hex 16)" -extfile <(
      printf '%s\n' "basicConstraints=critical,CA:false" "keyUsage=critical,digitalSignature" \
        "extendedKeyUsage=$3" "subjectAltName=$4"
    ) 2>/dev/null
  rm -f "$1.csr"
}

private_key ca-key.pem
if [ ! -e ca.pem ]; then
  openssl req -x509 -new -key ca-key.pem -sha256 -days "$ca_days" -subj "/O=throng/CN=throng authority of $site" \
    -addext "basicConstraints=critical,CA:true,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.pem
fi

hosts=""
for host in "$@"; do
  if [[ $host =~ ^[0-9.]+$ || $host == *:* ]]; then hosts+="IP:$host,"; else hosts+="DNS:$host,"; fi
done
# A router is called by others and calls the router above it.
certificate router "router.$site" serverAuth,clientAuth "${hosts%,}"
# The routers' access control knows the roles by these common names.
for role in analyser viewer operator speaker-controller signal-source speaker; do
  certificate "$role" "$role.$site" clientAuth "DNS:$role.$site"
done

# Whoever may make a loudspeaker speak signs each command; loudspeakers hold the public half.
if [ ! -e command-key.pem ]; then
  openssl genpkey -algorithm ed25519 -out command-key.pem
fi
[ -e command-public.pem ] || openssl pkey -in command-key.pem -pubout -out command-public.pem
