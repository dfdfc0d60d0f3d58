#!/usr/bin/env bash
# Installs or upgrades Storekeeper as a systemd service, from the programs that 'cargo build --release' made:
#
#   sudo scripts/deploy/install.sh [FOLDER]        (FOLDER holds the programs; target/release when not given)
#
# Run it again to upgrade: it backs up, brings the tables up to date and restarts. /etc/storekeeper/env is written
# once and never changed by it.
set -euo pipefail

say() { printf '%s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
programs=${1:-$here/../../target/release}
settings=/etc/storekeeper/env

[ "$(id -u)" -eq 0 ] || die "run this as root (sudo)."
command -v systemctl >/dev/null || die "this system has no systemd."
[ -x "$programs/storekeeper" ] || die "$programs/storekeeper is missing: run 'cargo build --release --locked' first."

if ! id storekeeper >/dev/null 2>&1; then
    useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin storekeeper
    say "Created the system user storekeeper."
fi

# place MODE FILE DESTINATION: replaces by renaming, so a program that runs keeps its old file until it restarts.
place() {
    install -m "$1" "$2" "$3.new"
    mv -f "$3.new" "$3"
}
install -d -m 0755 /usr/local/bin /usr/local/lib/storekeeper
for program in "$programs"/storekeeper "$programs"/storekeeper-*; do
    # Cargo keeps its dependency files (*.d) beside the programs.
    [[ ! -f $program || ! -x $program || $program == *.d ]] || place 0755 "$program" "/usr/local/bin/$(basename "$program")"
done
place 0755 "$here/backup.sh" /usr/local/lib/storekeeper/backup.sh
for unit in "$here"/*.service "$here"/*.timer; do
    place 0644 "$unit" "/etc/systemd/system/$(basename "$unit")"
done
systemctl daemon-reload

install -d -m 0750 -o root -g storekeeper /etc/storekeeper
if [ ! -e "$settings" ]; then
    (umask 077 && cat >"$settings.new") <<'ENV'
# Settings of Storekeeper; 'storekeeper --help' lists them all.
#
# The database. On a MariaDB or MySQL server, as its root, with a password of your own:
#   CREATE DATABASE storekeeper CHARACTER SET utf8mb4;
#   CREATE USER storekeeper@localhost IDENTIFIED BY 'a long random password';
#   GRANT ALL ON storekeeper.* TO storekeeper@localhost;
# Then take the # away from the next line and put the password in (percent-encode anything but letters and digits):
#STOREKEEPER_DATABASE_URL=mysql://storekeeper:PASSWORD@localhost:3306/storekeeper
#
# The shop's one currency (ISO 4217). Do not change it once there are prices.
STOREKEEPER_CURRENCY=EUR
# Where the shop's days begin and end, and when it is closed beside Saturdays and Sundays: a date such as 2026-12-25 a line.
#STOREKEEPER_TIME_ZONE=Europe/Berlin
#STOREKEEPER_HOLIDAYS=/etc/storekeeper/holidays
# With draft a restock run orders nothing by itself: somebody orders its drafts.
#STOREKEEPER_RESTOCK_APPROVAL=draft
STOREKEEPER_LISTEN=127.0.0.1:8080
# nginx names the client's address in this header (scripts/deploy/nginx.conf).
STOREKEEPER_CLIENT_ADDRESS_HEADER=X-Real-IP
# A front end on another origin calls from browsers when it stands here, and in nginx.conf once more.
#STOREKEEPER_ALLOWED_ORIGINS=https://shop.example
STOREKEEPER_LOG=info
ENV
    chown root:storekeeper "$settings.new"
    chmod 0640 "$settings.new"
    mv "$settings.new" "$settings"
fi
if ! grep -q '^STOREKEEPER_DATABASE_URL=' "$settings"; then
    say "Installed. Now name the database in $settings (it says how), then run this again to start the shop."
    exit 0
fi

# as_service COMMAND...: with the service's user and settings, read the way systemd reads them.
as_service() {
    systemd-run --quiet --wait --pipe --collect --uid=storekeeper --gid=storekeeper \
        --property=EnvironmentFile="$settings" "$@"
}

if systemctl is-active --quiet storekeeper.service; then
    say "Backing up before the upgrade."
    systemctl start storekeeper-backup.service ||
        die "the backup failed, so nothing was upgraded; 'journalctl -u storekeeper-backup' says why."
fi
say "Bringing the tables up to date."
as_service /usr/local/bin/storekeeper migrate || die "the tables could not be brought up to date; the line above says why."
systemctl enable --quiet storekeeper.service storekeeper-prune.timer storekeeper-backup.timer storekeeper-restock.timer
# The unit is of Type=notify: this returns once the service is ready.
systemctl restart storekeeper.service || die "the service did not start; 'journalctl -u storekeeper' says why."
systemctl start storekeeper-prune.timer storekeeper-backup.timer storekeeper-restock.timer

say "Storekeeper runs. Backups go to /var/lib/storekeeper/backups every night."
command -v mariadb-dump >/dev/null || command -v mysqldump >/dev/null ||
    say "They need mariadb-dump, which is missing here: install mariadb-client."
say "Make a staff account with:"
say "  sudo systemd-run --quiet --wait --pty --collect --uid=storekeeper --property=EnvironmentFile=$settings /usr/local/bin/storekeeper add-staff NAME"
say "Put it on the network with scripts/deploy/nginx.conf."
