#!/usr/bin/env bash
# Installs the package on clean machines of its own, as an operator does: tests/outside/premises.sh [PACKAGE]
# A machine is a Debian in a folder, with systemd as its first process, in namespaces of its own: it shares nothing with this
# one but the kernel. What is tried stands below "The trials". It needs root, and the first run some minutes and the network.
# shellcheck disable=SC2016 # Most words between single quotes are expanded on the machine.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

[ "$(id -u)" -eq 0 ] || die "This boots machines in namespaces, which only root may."
need "it makes the clean machines" debootstrap:debootstrap unshare:util-linux curl:curl
suite=${PREMISES_SUITE:-bookworm}
folder=$root/target/premises
base=$folder/$suite
mkdir -p "$folder"
work=$(mktemp -d /var/tmp/storekeeper-premises.XXXXXXXX)
machine='' cgroup=''
failures=0

# shellcheck disable=SC2317,SC2329 # Called by a trap.
clean_up() {
    local code=$?
    halt || true
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A Debian with what an operator's own commands would install beside the package, made once. It comes from where this machine
# has its packages from, and installs nothing later, so that the trials are the same without a network.
make_base() {
    [ ! -e "$base/.whole" ] || return 0
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u | grep -m1 '/debian/*$') ||
        die "this machine has no package source of Debian to make a clean machine from."
    say "Making a clean Debian ($suite) in target/premises: the trials begin with a copy of it."
    rm -rf "$base"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates,tzdata,curl,openssl,mariadb-server,nginx-light \
        "$suite" "$base" "$mirror" >"$folder/debootstrap.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 3 "$folder/debootstrap.log")"
    rm -rf "$base/var/cache/apt/archives"/*.deb
    # A first boot must not wait for questions, nor for a network that is not there.
    : >"$base/etc/machine-id"
    echo premises >"$base/etc/hostname"
    printf '127.0.0.1 localhost premises\n::1 localhost\n' >"$base/etc/hosts"
    ln -sf /dev/null "$base/etc/systemd/system/systemd-networkd-wait-online.service"
    touch "$base/.whole"
}

# boot: a machine that begins as the base.
boot() {
    local at=$work/machine
    mkdir -p "$at"/{upper,work,root}
    cgroup=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)/storekeeper-premises-$$
    mkdir -p "$cgroup"
    unshare --fork --pid --mount --uts --ipc --net --kill-child=KILL -- bash -euc '
        base=$1 at=$2 cgroup=$3
        echo 0 >"$cgroup/cgroup.procs"
        new=$at/root
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=$base,upperdir=$at/upper,workdir=$at/work" "$new"
        mount -t proc proc "$new/proc"
        mount -t sysfs sysfs "$new/sys"
        mount -t tmpfs -o mode=755 tmpfs "$new/dev"
        for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
            read -r name major minor <<<"$node"
            mknod -m 666 "$new/dev/$name" c "$major" "$minor"
        done
        mkdir "$new/dev/pts" "$new/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$new/dev/pts"
        ln -s pts/ptmx "$new/dev/ptmx"
        mount -t tmpfs tmpfs "$new/dev/shm"
        ln -s /proc/self/fd "$new/dev/fd"
        : >"$new/dev/console"
        mount -t tmpfs -o mode=755 tmpfs "$new/run"
        hostname premises
        exec unshare --cgroup -- bash -euc "
            mount -t cgroup2 cgroup2 \"$new/sys/fs/cgroup\"
            cd \"$new\"
            mkdir -p .old
            pivot_root . .old
            umount -l /.old
            exec env -i container=premises PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
        "
    ' boot "$base" "$at" "$cgroup" >"$work/console" 2>&1 </dev/null &
    unshared=$!
    local tenths
    for ((tenths = 0; tenths < 600; tenths++)); do
        machine=$(pgrep -P "$unshared" || true)
        [ -z "$machine" ] || case $(inside systemctl is-system-running 2>/dev/null) in running | degraded) return 0 ;; esac
        kill -0 "$unshared" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/console" >&2
    die "the machine does not boot; the lines above are what it said."
}

# halt: the machine is switched off and gone.
halt() {
    [ -n "$machine" ] || return 0
    kill -KILL "$machine" 2>/dev/null || true
    wait "$unshared" 2>/dev/null || true
    machine=''
    # A process that is just ending still counts.
    local tenths
    for ((tenths = 0; tenths < 50; tenths++)); do
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
    rm -rf "$work/machine"
}

# inside COMMAND...: as root on the machine.
inside() {
    nsenter --target "$machine" --mount --uts --ipc --net --pid --cgroup -- \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

# put FILE: onto the machine, under /root.
put() { install -D -m 644 "$1" "/proc/$machine/root/root/$(basename "$1")"; }

# check WHAT COMMAND...: what must succeed; said when it does not.
check() {
    local what=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        say "ok: $what"
    else
        say "NOT: $what"
        tail -n 20 "$work/said" >&2
        failures=$((failures + 1))
    fi
}
# check_not WHAT COMMAND...: what must fail.
check_not() {
    local what=$1
    shift
    # shellcheck disable=SC2317,SC2329 # Called by check.
    fails() { ! "$@"; }
    check "$what" fails "$@"
}
# check_says TEXT: the command before it has said so.
check_says() {
    cp "$work/said" "$work/said before"
    check "it says: $1" says "$1" cat "$work/said before"
}

# release VERSION [FUNCTION]: a package like this one of another version, changed by the function in its folder; its path.
release() {
    local version=$1 unpacked=$work/release-$1
    dpkg-deb --raw-extract "$package" "$unpacked"
    sed -i "s/^Version: .*/Version: $version/" "$unpacked/DEBIAN/control"
    [ $# -eq 1 ] || (cd "$unpacked" && "$2")
    rm -f "$unpacked/DEBIAN/md5sums"
    dpkg-deb --build --root-owner-group -Znone "$unpacked" "$work/storekeeper_$version.deb" >/dev/null
    rm -rf "$unpacked"
    put "$work/storekeeper_$version.deb"
}

# shell COMMANDS: the program of the release in this folder is replaced by these, which know the true one as $true.
shell() {
    mkdir -p usr/lib/storekeeper/true
    mv usr/bin/storekeeper usr/lib/storekeeper/true/
    printf '#!/bin/sh\ntrue=/usr/lib/storekeeper/true/storekeeper\n%s\nexec $true "$@"\n' "$1" >usr/bin/storekeeper
    chmod 755 usr/bin/storekeeper
}
# shellcheck disable=SC2317,SC2329 # Called by release.
{
    # A step that the server refuses.
    step_fails() {
        shell 'case "$*" in
            "migrate --status") $true migrate --status && echo "9999_later missing"; exit ;;
            migrate) echo "storekeeper: the step 9999_later was refused" >&2; exit 2 ;;
        esac'
    }
    # One that is done, and a second one that fails.
    half_of_the_steps() {
        shell 'dropped() { mariadb -N storekeeper -e "SELECT COUNT(*) FROM schema_migrations WHERE version = 9998"; }
        case "$*" in
            "migrate --status") $true migrate --status; [ "$(dropped)" = 1 ] && echo "9998_drop applied" || echo "9998_drop missing"
                echo "9999_later missing"; exit ;;
            migrate) mariadb storekeeper -e "INSERT INTO schema_migrations VALUES (9998, \"9998_drop\", \"\", NOW(6), NOW(6));
                ALTER TABLE products DROP COLUMN description"
                echo "storekeeper: the step 9999_later was refused" >&2; exit 2 ;;
        esac'
    }
    # A program that does not start.
    no_start() { shell 'case "$*" in serve) echo "storekeeper: the settings are wrong" >&2; exit 3 ;; esac'; }
}

installed() { inside dpkg-query --show --showformat '${Version} ${db:Status-Status}' storekeeper; }
is() { [ "$1" = "$2" ] || { echo "is $1, not $2"; return 1; }; }
answers() { inside curl --silent --fail --retry 5 --retry-all-errors --retry-delay 1 --unix-socket /run/storekeeper.sock http://shop/products; }
add() { inside apt-get install --yes --no-install-recommends --allow-downgrades "/root/$1"; }
# The output of a command on the machine holds these words.
says() {
    local words=$1
    shift
    "$@" | tee "$work/all" | grep -qF -- "$words" || { cat "$work/all"; return 1; }
}

# database: what 'storekeeper setup' makes of one.
database() {
    inside mariadb -e "
        CREATE DATABASE storekeeper CHARACTER SET utf8mb4;
        CREATE USER storekeeper@localhost IDENTIFIED VIA unix_socket;
        CREATE USER \`storekeeper-admin\`@localhost IDENTIFIED VIA unix_socket;
        GRANT SELECT, INSERT, UPDATE, DELETE ON storekeeper.* TO storekeeper@localhost;
        GRANT SELECT, INSERT, UPDATE, DELETE ON \`storekeeper\\_%\`.* TO storekeeper@localhost;
        GRANT ALL ON storekeeper.* TO \`storekeeper-admin\`@localhost;
        GRANT ALL ON \`storekeeper\\_%\`.* TO \`storekeeper-admin\`@localhost"
}

# ---- The trials ----

package=${1:-$(scripts/package)}
make_base
boot
put "$package"
first=$(basename "$package")

check "it installs on a clean machine" add "$first"
check_says "nothing runs yet. Next: sudo storekeeper setup"
check "nothing runs before it is configured" is "$(inside systemctl is-active storekeeper.service storekeeper.socket | sort -u)" inactive
check "its units are as systemd wants them" inside sh -c \
    'systemd-analyze verify /usr/lib/systemd/system/storekeeper*.service /usr/lib/systemd/system/storekeeper*.socket /usr/lib/systemd/system/storekeeper*.timer 2>&1 |
     tee /dev/stderr | grep storekeeper && exit 1 || exit 0'
for unit in $(inside sh -c 'cd /usr/lib/systemd/system && echo storekeeper*.service'); do
    exposure=$(inside systemd-analyze security --no-pager --offline=true "/usr/lib/systemd/system/$unit" | sed -n 's/.*level for [^:]*: \([0-9.]*\) .*/\1/p')
    check "the exposure of $unit is $exposure, at most 1.4" is "$(printf '%s\n1.4\n' "$exposure" | sort -V | tail -n 1)" 1.4
done
check "the manual is there" inside sh -c 'zcat /usr/share/man/man8/storekeeper.8.gz | grep -q STOREKEEPER_DATABASE_URL'
check "the users are there" is "$(inside id -nG storekeeper-admin)" "storekeeper-admin storekeeper"

# What 'storekeeper setup' does.
database
inside sh -c '
    at="localhost/storekeeper?socket=%2Frun%2Fmysqld%2Fmysqld.sock"
    echo "STOREKEEPER_DATABASE_URL=mysql://storekeeper@$at" >>/etc/storekeeper/env
    (umask 027 && echo "STOREKEEPER_ADMIN_DATABASE_URL=mysql://storekeeper-admin@$at" >/etc/storekeeper/admin.env)
    chgrp storekeeper-admin /etc/storekeeper/admin.env'
check "the tables are made" inside storekeeper migrate
units=$(inside sh -c 'cd /usr/lib/systemd/system && grep -l "^\[Install\]" storekeeper*')
# shellcheck disable=SC2086 # Several words.
check "it starts" inside systemctl enable --now $units
check "it answers at its socket" answers
check "it logs to the journal with priorities" is "$(inside journalctl -u storekeeper -p err --output=cat --no-pager | grep -v '^--' || true)" ""
inside systemctl disable --now storekeeper-restock.timer 2>/dev/null

# Asked all the while, as nginx asks: what was not answered 200, and the longest wait.
inside systemd-run --quiet --unit=asking bash -c '
    while :; do
        curl --silent --max-time 60 --output /dev/null --write-out "%{http_code} %{time_total}\n" --unix-socket /run/storekeeper.sock http://shop/products
        sleep 0.02
    done >>/root/asked'
asked() {
    inside sh -c 'awk "{ n++; if (\$1 != 200) failed++; if (\$2 > most) most = \$2 } END { print failed + 0 \" of \" n \" failed, the longest wait \" most \" s\" }" /root/asked; : >/root/asked'
}

inside sleep 1
asked >/dev/null
check "the service is restarted" inside systemctl restart storekeeper.service
inside sleep 1
restart=$(asked)
check "a restart refuses nobody: $restart" is "${restart%% *}" 0

release 9.0.1
check "an upgrade without steps" add storekeeper_9.0.1.deb
inside sleep 1
upgrade=$(asked)
check "refuses nobody: $upgrade" is "${upgrade%% *}" 0
check "the release of before is kept" inside test -x /usr/lib/storekeeper/previous/storekeeper
check "a timer that was switched off stays off" is "$(inside systemctl is-enabled storekeeper-restock.timer; inside systemctl is-active storekeeper-restock.timer)" $'disabled\ninactive'
check "the others go on" is "$(inside systemctl is-active storekeeper-prune.timer)" active

release 9.0.2 step_fails
check_not "an upgrade with a step that fails" add storekeeper_9.0.2.deb
check_says "The release of before is back"
check "the shop answers as before" answers
check "with the old program" says "$(inside /usr/lib/storekeeper/previous/storekeeper --version)" inside storekeeper --version
check "the service is not restarted again and again" is "$(inside systemctl show -P NRestarts storekeeper.service)" 0
asked >/dev/null

release 9.0.3 no_start
check_not "an upgrade to a program that does not start" add storekeeper_9.0.3.deb
check_says "The release of before is back"
check "the shop answers as before" answers
check "its failure was told" says "storekeeper.service has failed" inside journalctl -p err --output=cat --no-pager

if inside storekeeper --help | grep -q '^  backup'; then
    release 9.0.4 half_of_the_steps
    check_not "an upgrade of which half of the steps are done" add storekeeper_9.0.4.deb
    check_says "The release of before is back, with the tables as they were"
    check "the shop answers as before" answers
    check "from the tables that were brought back" says storekeeper_2 inside cat /etc/storekeeper/env
    check "there are backups of each upgrade" inside sh -c 'ls /var/lib/storekeeper/backups/*upgrade*'
fi

release 9.0.5
check "a corrected release" add storekeeper_9.0.5.deb
check "is whole" is "$(installed)" "9.0.5 installed"
check "the shop answers" answers

inside systemctl stop storekeeper.socket storekeeper.service asking.service
release 9.0.6
check "an upgrade of a shop that stands still" add storekeeper_9.0.6.deb
check "starts nothing" is "$(inside systemctl is-active storekeeper.service storekeeper.socket | sort -u)" inactive
inside systemctl start storekeeper.service
check "it starts when it is told to" answers

inside sh -c 'printf "#!/bin/sh\ncat >/var/spool/mail-of-the-test\n" >/usr/sbin/sendmail && chmod 755 /usr/sbin/sendmail'
inside sed -i 's/^STOREKEEPER_LOG=.*/STOREKEEPER_LOG=loud/' /etc/storekeeper/env
check_not "wrong settings" inside systemctl restart storekeeper.service
inside sleep 3
check "end it for good" is "$(inside systemctl is-failed storekeeper.service)" failed
# Each client of an open socket would have it started again.
inside curl --silent --max-time 5 --unix-socket /run/storekeeper.sock http://shop/products || true
check "nor do clients start it again and again" is "$(inside systemctl is-failed storekeeper.socket)" failed
check "its last words are told" says 'STOREKEEPER_LOG is "loud"' inside journalctl -t failed -p err --output=cat --no-pager
check "and mailed to root" says "Subject: premises: storekeeper.service has failed" inside cat /var/spool/mail-of-the-test
inside sed -i 's/^STOREKEEPER_LOG=.*/STOREKEEPER_LOG=info/' /etc/storekeeper/env
check "and it starts once they are right" inside systemctl restart storekeeper.service

inside systemctl stop mariadb.socket mariadb.service 2>/dev/null
inside systemctl restart --no-block storekeeper.service
inside sleep 4
check "without its database it waits" is "$(inside systemctl show -P StatusText storekeeper.service)" "waiting for the database"
inside systemctl start mariadb.service
check "and answers once it is there" answers

check "it is removed" inside apt-get remove --yes storekeeper
check_says "the shop's data stays: its database, /etc/storekeeper and /var/lib/storekeeper (backups)."
check "nothing runs" is "$(inside sh -c 'pgrep storekeeper || echo none')" none
check "the data is there" inside sh -c 'mariadb storekeeper -e "SELECT COUNT(*) FROM products" && test -e /etc/storekeeper/env -a -d /var/lib/storekeeper/backups'
check "installed again it goes on" add "$first"
check "with the same shop" answers
check "it is purged" inside apt-get purge --yes storekeeper
check_says "These are left, and yours to remove"
check "the settings are gone, the database is not" inside sh -c '! test -e /etc/storekeeper && mariadb storekeeper -e "SELECT COUNT(*) FROM products"'

halt

# A machine on which install.sh of 0.2.0 has put a shop, asked at a port and with a password.
boot
put "$package"
database
inside mariadb -e "GRANT ALL ON storekeeper.* TO storekeeper@localhost; ALTER USER storekeeper@localhost IDENTIFIED BY 'secret'"
inside useradd --system --no-create-home --shell /usr/sbin/nologin storekeeper
inside mkdir -p /usr/local/lib/storekeeper /etc/storekeeper /var/lib/storekeeper/backups /root/unpacked
inside dpkg-deb --extract "/root/$first" /root/unpacked
inside sh -c '
    cp /root/unpacked/usr/bin/* /usr/local/lib/storekeeper/ && cp /root/unpacked/usr/bin/storekeeper-restock /usr/local/bin/
    # 0.2.0 knew no such command.
    printf "#!/bin/sh\n[ \"\$1\" != --help ] || exit 0\nexec /usr/local/lib/storekeeper/storekeeper \"\$@\"\n" >/usr/local/bin/storekeeper
    printf "#!/bin/sh\ntouch /var/lib/storekeeper/backups/made\n" >/usr/local/lib/storekeeper/backup.sh
    chmod 755 /usr/local/bin/storekeeper /usr/local/lib/storekeeper/backup.sh
    printf "%s\n" STOREKEEPER_DATABASE_URL=mysql://storekeeper:secret@127.0.0.1:3306/storekeeper STOREKEEPER_LISTEN=127.0.0.1:8080 >/etc/storekeeper/env
    cd /root/unpacked/usr/lib/systemd/system
    for unit in storekeeper.service storekeeper-prune.service storekeeper-prune.timer storekeeper-restock.service storekeeper-restock.timer storekeeper-backup.timer; do
        sed "s|/usr/bin/|/usr/local/bin/|; /storekeeper.socket/d; /^OnFailure/d" "$unit" >"/etc/systemd/system/$unit"
    done
    printf "[Service]\nType=oneshot\nExecStart=/usr/local/lib/storekeeper/backup.sh\n" >/etc/systemd/system/storekeeper-backup.service
    storekeeper migrate >/dev/null && systemctl --quiet enable --now storekeeper.service storekeeper-prune.timer storekeeper-backup.timer'
at_port() { inside curl --silent --fail --retry 5 --retry-all-errors --retry-delay 1 http://127.0.0.1:8080/products; }
check "a shop of 0.2.0 answers at its port" at_port
release 9.0.9 no_start
check_not "a package that does not start" add storekeeper_9.0.9.deb
check_says "The release of before is back"
check "it answers at its port as before" at_port
check "the package takes its place" add "$first"
check "after a backup by what was there" inside test -e /var/lib/storekeeper/backups/made
check "it answers at its port as before" at_port
check "through the socket" is "$(inside systemctl is-enabled storekeeper.socket storekeeper.service storekeeper-prune.timer | sort -u)" enabled
check "with the programs of the package" is "$(inside sh -c 'command -v storekeeper; realpath "$(systemctl show -P FragmentPath storekeeper.service)"')" \
    $'/usr/bin/storekeeper\n/usr/lib/systemd/system/storekeeper.service'
check "what was off stays off" is "$(inside systemctl is-enabled storekeeper-restock.timer)" disabled
halt

[ "$failures" -eq 0 ] || die "$failures checks on the premises failed."
say "premises.sh: the package does on a clean Debian ($suite) what it says."
