#!/bin/sh
# Runs one program in the place of this shell, so that it gets the signals: run.sh recorder | collector | archiver | api | simulator
# A recorder is a collector with the archiver that copies its tape into the bucket and makes room on the disk they share.
set -eu
packages="$(dirname "$0")/../packages"
case "${1:-}" in
  collector | archiver | api | simulator) set -- node "$packages/$1/src/main.ts" ;;
  recorder) set -- node "$(dirname "$0")/together.mjs" "$packages/collector/src/main.ts" "$packages/archiver/src/main.ts" ;;
  *)
    echo "Usage: run.sh recorder | collector | archiver | api | simulator" >&2
    exit 64
    ;;
esac
# A host mounts volumes as root's. Begun as root, the folder is given to the user of the image, and the program runs as that one.
if [ "$(id -u)" = 0 ]; then
  chown node:node "$KALSHIBOOK_DATA_DIR"
  set -- setpriv --reuid=node --regid=node --init-groups --no-new-privs "$@"
fi
exec "$@"
