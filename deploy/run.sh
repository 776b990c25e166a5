#!/bin/sh
# Runs one program in the place of this shell, so that it gets the signals: run.sh collector | archiver | api | simulator
set -eu
case "${1:-}" in
  collector | archiver | api | simulator) ;;
  *)
    echo "Usage: run.sh collector | archiver | api | simulator" >&2
    exit 64
    ;;
esac
set -- node "$(dirname "$0")/../packages/$1/src/main.ts"
# A host mounts volumes as root's. Begun as root, the folder is given to the user of the image, and the program runs as that one.
if [ "$(id -u)" = 0 ]; then
  chown node:node "$KALSHIBOOK_DATA_DIR"
  set -- setpriv --reuid=node --regid=node --init-groups --no-new-privs "$@"
fi
exec "$@"
