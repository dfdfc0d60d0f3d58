#!/usr/bin/env bash
# Installs the package on clean machines of its own, as an operator does: tests/outside/premises.sh [PACKAGE]
# What is tried stands below "The trials". It needs root, and the first run some minutes and the network.
# shellcheck disable=SC2016 # Most words between single quotes are expanded on the machine.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

[ "$(id -u)" -eq 0 ] || die "This boots machines in namespaces, which only root may."
need "it makes the clean machines" debootstrap:debootstrap unshare:util-linux curl:curl
# shellcheck source=tests/outside/machine.sh
. tests/outside/machine.sh

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
        shell 'shop=$(sed -n "s|^STOREKEEPER_DATABASE_URL=.*/\([a-z0-9_]*\)?.*|\1|p" /etc/storekeeper/env)
        dropped() { mariadb -N "$shop" -e "SELECT COUNT(*) FROM schema_migrations WHERE version = 9998"; }
        case "$*" in
            "migrate --status") $true migrate --status; [ "$(dropped)" = 1 ] && echo "9998_drop applied" || echo "9998_drop missing"
                echo "9999_later missing"; exit ;;
            migrate) mariadb "$shop" -e "INSERT INTO schema_migrations VALUES (9998, \"9998_drop\", \"\", NOW(6), NOW(6));
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

# readme HEADING [NUMBER]: the commands of the README's first block under it, or of that one.
readme() {
    awk -v heading="$1" -v number="${2:-1}" '$0 == heading { on = 1 } !on { next } /^```$/ { inside = 0 }
        inside && blocks == number { print } /^```sh$/ { inside = 1; blocks++ }' README.md
}
# typed COMMANDS [QUESTION=ANSWER...]: at a terminal of the machine.
typed() {
    python3 tests/outside/at_a_terminal.py "$@" -- nsenter --target "$machine" --mount --uts --ipc --net --pid --cgroup -- \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 bash -c 'cd && exec bash --norc'
}

# ---- The trials ----

package=${1:-$(scripts/package)}
make_base
boot
put "$package"
first=$(basename "$package")

# The first day: what the README says, typed as it stands.
password='a long walk by the sea'
begun=$SECONDS
commands=$(readme '### From a clean Debian to a shop over TLS')
check "the README has five commands at most" test "$(grep -c '^sudo ' <<<"$commands")" -le 5
check "they make a shop of a clean machine" typed "$commands" 'Do you want to continue? [Y/n]=y' 'Continue? [Y/n]=y' 'Name of the database [storekeeper]:=' \
    'Name of the shop [Storekeeper]:=Tea & Cups' 'Its currency (ISO 4217) [EUR]:=SEK' 'Its time zone [Etc/UTC]:=Europe/Stockholm' \
    'Its time zone [UTC]:=Europe/Stockholm' 'Username of its first manager [manager]:=anna' "Password (15 to 256 characters):=$password" "Again:=$password" \
    'Go on? [yes]:='
say "From a clean machine to a shop over TLS: $(wc -l <<<"$commands") commands, $((SECONDS - begun)) seconds without the fetching of packages."
certificate=/etc/storekeeper/tls/shop.example.pem
over_tls() { inside curl --silent --fail --retry 5 --retry-all-errors --retry-delay 1 --cacert "$certificate" "https://shop.example$1"; }
check "it answers over TLS" says '"data":' over_tls /products
check "so does its desk, by its name" says 'Tea &amp; Cups' over_tls /desk/login
check "what it has made it leaves alone when it is run again" inside storekeeper setup --yes
check "so does its site" inside storekeeper setup nginx --name shop.example
put scripts/smoke.sh
check "a tour with curl, through nginx over TLS" inside env CURL_CA_BUNDLE="$certificate" STAFF_USERNAME=anna STAFF_PASSWORD="$password" bash /root/smoke.sh https://shop.example
check "the doctor finds nothing wrong" inside storekeeper doctor
inside storekeeper doctor >&2 || true

check "its units are as systemd wants them" inside sh -c \
    'systemd-analyze verify /usr/lib/systemd/system/storekeeper*.service /usr/lib/systemd/system/storekeeper*.socket /usr/lib/systemd/system/storekeeper*.timer 2>&1 |
     tee /dev/stderr | grep storekeeper && exit 1 || exit 0'
for unit in $(inside sh -c 'cd /usr/lib/systemd/system && echo storekeeper*.service'); do
    exposure=$(inside systemd-analyze security --no-pager --offline=true "/usr/lib/systemd/system/$unit" | sed -n 's/.*level for [^:]*: \([0-9.]*\) .*/\1/p')
    check "the exposure of $unit is $exposure, at most 1.4" is "$(printf '%s\n1.4\n' "$exposure" | sort -V | tail -n 1)" 1.4
done
check "the manual is there" inside sh -c 'zcat /usr/share/man/man8/storekeeper.8.gz | grep -q STOREKEEPER_DATABASE_URL'
check "the users are there" is "$(inside id -nG storekeeper-admin)" "storekeeper-admin storekeeper"
check "it answers at its socket" answers
check "it logs to the journal with priorities" is "$(inside journalctl -u storekeeper -p err --output=cat --no-pager | grep -v '^--' || true)" ""

# What is lost on the second day comes back from the backup of the first night, as the README says.
check "the nightly backup is made" inside systemctl start storekeeper-backup.service
check "and can be restored" inside systemctl start storekeeper-drill.service
check "which the doctor knows" says "ok" inside sh -c 'storekeeper doctor | grep -i drill'
check "the service cannot read it" fails inside setpriv --reuid=storekeeper --regid=storekeeper --clear-groups sh -c 'cat /var/lib/storekeeper/backups/*nightly*.gz'
inside mariadb storekeeper -e 'DELETE FROM order_lines LIMIT 1'
restoring=$(readme '### Backups and restore' | sed "s|/storekeeper-nightly-[^ ]*|/$(inside sh -c 'basename /var/lib/storekeeper/backups/*nightly*.gz')|")
check "it is restored by the commands of the README" typed "$restoring"
check "the shop answers from what was restored" says storekeeper_2 inside cat /etc/storekeeper/env
check "over TLS as before" over_tls /products
check "with its books proved" inside storekeeper verify
inside systemctl disable --now storekeeper-restock.timer 2>/dev/null

# To a point in time, where the database logs what it does: who signed up after the backup is there, what went wrong then is not.
inside sh -c 'printf "[mariadbd]\nlog_bin=mariadb-bin\n" >/etc/mysql/mariadb.conf.d/90-log.cnf && systemctl restart mariadb'
check "a backup of a shop with a log" inside storekeeper backup --kind before /var/lib/storekeeper/backups
check "somebody signs up after it" says '"Ada After"' inside curl --silent --retry 5 --retry-all-errors --retry-delay 1 \
    --unix-socket /run/storekeeper.sock --json '{"name": "Ada After", "email": "ada@example.com", "phone": "555-0100"}' http://shop/customers
inside sleep 2
moment=$(inside date '+%F %T')
inside sleep 2
inside mariadb storekeeper_2 -e "UPDATE customers SET name = 'Nobody' WHERE erased_at IS NULL"
dump=$(inside sh -c 'echo /var/lib/storekeeper/backups/*-before-*.sql.gz')
# The file of the log and the position in it that the dump names.
log=$(inside sh -c "zcat $dump | head -40" | sed -n "s/.*MASTER_LOG_FILE='\([^']*\)', MASTER_LOG_POS=\([0-9]*\).*/\1 \2/p")
commands=$(readme '### Backups and restore' 2 | sed "s|zcat FILE|zcat $dump|; s|storekeeper->|storekeeper_2->|; s|--database=storekeeper |--database=storekeeper_2 |
    s|3021|${log#* }|; s|mariadb-bin.000007|${log% *}|; s|2030-01-31 11:59:00|$moment|; s|--into storekeeper_2|--into storekeeper_3|")
check "the backup and the log make the shop of that moment" typed "$commands"
check "with who was there then" is "$(inside mariadb -N storekeeper_3 -e "SELECT name FROM customers WHERE name IN ('Ada After', 'Nobody')")" "Ada After"

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
    check "from the tables that were brought back" says storekeeper_20 inside cat /etc/storekeeper/env
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
check "the settings are gone, the database is not" inside sh -c '! test -e /etc/storekeeper/env -o -e /etc/storekeeper/admin.env && mariadb storekeeper -e "SELECT COUNT(*) FROM products"'

halt

# A machine on which install.sh of 0.2.0 has put a shop, asked at a port and with a password.
boot
put "$package"
inside apt-get install --yes --no-install-recommends mariadb-server mariadb-client tzdata >"$work/said" 2>&1 || { tail "$work/said" >&2; die "the database was not installed."; }
inside mariadb -e "
    CREATE DATABASE storekeeper CHARACTER SET utf8mb4;
    CREATE USER storekeeper@localhost IDENTIFIED BY 'secret';
    CREATE USER \`storekeeper-admin\`@localhost IDENTIFIED VIA unix_socket;
    GRANT ALL ON storekeeper.* TO storekeeper@localhost;
    GRANT ALL ON \`storekeeper\\_%\`.* TO storekeeper@localhost, \`storekeeper-admin\`@localhost"
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
