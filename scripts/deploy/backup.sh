#!/usr/bin/env bash
# Writes the database that STOREKEEPER_DATABASE_URL names to FOLDER/storekeeper-<UTC time>.sql.gz and keeps the
# newest KEEP of these files (14 when not given). The shop stays open meanwhile: the dump is one consistent snapshot.
#
#   backup.sh FOLDER [KEEP]
#
# To restore: stop the service, create an empty database, load the file, check the books, start again:
#
#   systemctl stop storekeeper
#   mariadb -e 'DROP DATABASE storekeeper; CREATE DATABASE storekeeper CHARACTER SET utf8mb4'
#   gunzip -c storekeeper-20300131T034000Z.sql.gz | mariadb storekeeper
#   storekeeper verify        (with the settings of /etc/storekeeper/env)
#   systemctl start storekeeper
#
# Copy the files to another machine: a backup on the disk that fails is none.
set -euo pipefail
umask 077

die() {
    printf 'backup: %s\n' "$*" >&2
    exit 1
}

folder=${1:-} keep=${2:-14}
[ -n "$folder" ] || die "usage: backup.sh FOLDER [KEEP]"
[[ $keep =~ ^[1-9][0-9]*$ ]] || die "KEEP is '$keep', but must be a whole number of at least 1."
[ -n "${STOREKEEPER_DATABASE_URL:-}" ] || die "STOREKEEPER_DATABASE_URL is not set."
dump=$(command -v mariadb-dump || command -v mysqldump) || die "mariadb-dump is missing: install mariadb-client."
mkdir -p "$folder"

# mysql://user:password@host:port/database?socket=path, each part percent-encoded.
[[ $STOREKEEPER_DATABASE_URL =~ ^mysql://([^:@/]*)(:([^@/]*))?@(\[[^]/]*\]|[^:@/]*)(:([0-9]+))?/([^?]+)(\?(.*))?$ ]] ||
    die "STOREKEEPER_DATABASE_URL is not of the form mysql://user:password@host:3306/database."
user=${BASH_REMATCH[1]} password=${BASH_REMATCH[3]} host=${BASH_REMATCH[4]}
port=${BASH_REMATCH[6]} database=${BASH_REMATCH[7]} query=${BASH_REMATCH[9]}
socket=''
[[ ! $query =~ (^|&)socket=([^&]*) ]] || socket=${BASH_REMATCH[2]}

decode() { printf '%b' "$(printf %s "$1" | sed 's/\\/\\\\/g; s/%\([0-9A-Fa-f][0-9A-Fa-f]\)/\\x\1/g')"; }
# A line of an option file: quoted, with the two characters escaped that mean something inside quotes.
option() { printf '%s="%s"\n' "$1" "$(decode "$2" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

exec 9>"$folder/.lock"
flock -n 9 || die "another backup to $folder is running."

work=$(mktemp -d)
target=$folder/storekeeper-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
trap 'rm -rf "$work" "$target.part"' EXIT

# Given in a file, because every user of the machine can read arguments.
{
    echo '[client]'
    option user "$user"
    option password "$password"
    if [ -n "$socket" ]; then
        option socket "$socket"
    else
        option host "$(printf %s "$host" | tr -d '[]')"
        option port "${port:-3306}"
    fi
} >"$work/options"

"$dump" --defaults-file="$work/options" --single-transaction --quick --no-tablespaces --hex-blob \
    --default-character-set=utf8mb4 "$(decode "$database")" | gzip >"$target.part" ||
    die "the dump failed; nothing was kept of it, and older backups are untouched."
gunzip -c "$target.part" | tail -n 1 | grep -q '^-- Dump completed' ||
    die "the dump ended early; nothing was kept of it, and older backups are untouched."
# It counts as a backup only once it is whole and on the disk.
sync "$target.part"
mv "$target.part" "$target"

# The names sort by time; older ones beyond KEEP go.
find "$folder" -maxdepth 1 -name 'storekeeper-*.sql.gz' | sort -r | tail -n "+$((keep + 1))" |
    while IFS= read -r old; do rm -f "$old"; done
printf 'Wrote %s (%s).\n' "$target" "$(du -h "$target" | cut -f1)"
