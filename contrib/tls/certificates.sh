#!/bin/sh
# A certificate authority for one fleet, and the certificates of its etcd servers and airlocks, with
# openssl alone. docs/tls.md shows where each file goes.
#
#   certificates.sh FOLDER ca                  ca.pem, ca-key.pem: once; keep the key off the hosts
#   certificates.sh FOLDER etcd NAME...        one etcd server, by each name and IP address it is called by
#   certificates.sh FOLDER client              client.pem, client-key.pem: airlock as a client of etcd
#   certificates.sh FOLDER service NAME...     service.pem, service-key.pem: airlock as a server
#
# The files of an etcd server are named after its first NAME. To renew, run the same line again.
set -eu
umask 077

CA_DAYS=3650
DAYS=825

# Before the folder changes, from which $0 may be relative.
USAGE=$(sed -n '5,8s/^# *//p' "$0")
usage() {
  echo "$USAGE" >&2
  exit 2
}

[ $# -ge 2 ] || usage
mkdir -p "$1"
cd "$1"
kind=$2
shift 2

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# issue FILE COMMON_NAME EXTENSION...: FILE.pem, which goes with FILE-key.pem.
issue() {
  file=$1 name=$2
  shift 2
  [ -f ca-key.pem ] || { echo "certificates.sh: make the authority first: $0 FOLDER ca" >&2 && exit 1; }
  new_key "$file-key.pem"
  openssl req -new -key "$file-key.pem" -subj "/CN=$name" -out "$file.csr"
  printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "$@" >"$file.ext"
  openssl x509 -req -in "$file.csr" -CA ca.pem -CAkey ca-key.pem -set_serial "0x$(openssl rand -hex 16)" \
    -days "$DAYS" -sha256 -extfile "$file.ext" -out "$file.pem" 2>/dev/null
  rm "$file.csr" "$file.ext"
  chmod 644 "$file.pem"
}

# alternatives NAME...: the extension that says what a server is called.
alternatives() {
  all=
  for each in "$@"; do
    case $each in
      *:* | *[0-9].[0-9]*.[0-9]*.*[0-9]) all=$all,IP:$each ;;
      *) all=$all,DNS:$each ;;
    esac
  done
  echo "subjectAltName=${all#,}"
}

case $kind in
  ca)
    [ ! -e ca-key.pem ] || { echo "certificates.sh: $PWD/ca-key.pem is there already" >&2 && exit 1; }
    new_key ca-key.pem
    openssl req -x509 -new -key ca-key.pem -subj '/CN=airlock fleet CA' -days "$CA_DAYS" -sha256 \
      -addext keyUsage=critical,keyCertSign,cRLSign -out ca.pem
    chmod 644 ca.pem
    ;;
  etcd)
    [ $# -ge 1 ] || usage
    # etcd calls itself and its peers with the certificate that it serves with.
    issue "$1" "$1" "$(alternatives "$@" localhost 127.0.0.1 ::1)" extendedKeyUsage=serverAuth,clientAuth
    ;;
  client) issue client airlock extendedKeyUsage=clientAuth ;;
  service)
    [ $# -ge 1 ] || usage
    issue service "$1" "$(alternatives "$@" localhost 127.0.0.1 ::1)" extendedKeyUsage=serverAuth
    ;;
  *) usage ;;
esac
