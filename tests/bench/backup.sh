#!/usr/bin/env bash
# How long a backup of a million orders takes and its restore, how large it is, and how much memory the program takes:
#
#   scripts/private-shop --release tests/bench/backup.sh
set -euo pipefail
program=${CARGO_TARGET_DIR:-target}/release/storekeeper
folder=$(mktemp -d /var/tmp/storekeeper-backups.XXXXXXXX)
trap 'rm -rf "$folder"' EXIT
export STOREKEEPER_DATABASE_URL=$DATABASE_URL

# measured NAME COMMAND...: seconds and the most memory that it had at once.
measured() {
    local name=$1 started=$EPOCHREALTIME peak='' now
    shift
    "$@" &
    while kill -0 $! 2>/dev/null; do
        now=$(sed -n 's/^VmHWM:[^0-9]*//p' "/proc/$!/status" 2>/dev/null || true)
        peak=${now:-$peak}
        sleep 0.1
    done
    wait $!
    awk -v name="$name" -v from="$started" -v to="$EPOCHREALTIME" -v peak="$peak" \
        'BEGIN { printf "%s: %.1f s, at most %s\n", name, to - from, peak }'
}

mariadb --no-defaults --socket="$DATABASE_SOCKET" --user=root shop <tests/bench/orders.sql
measured backup "$program" backup "$folder"
ls -l "$folder"
measured restore "$program" restore "$folder"/*.sql.gz --into shop_2 --without-erasures
measured drill "$program" restore-drill "$folder"
