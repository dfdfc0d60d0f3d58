# shellcheck shell=bash
# Clean machines to try things on: a Debian in a folder, with systemd as its first process, in namespaces of its own. It shares
# nothing with this one but the kernel, and has no network. Source it after scripts/lib.sh.
# shellcheck disable=SC2016 # Most words between single quotes are expanded on the machine.

suite=${PREMISES_SUITE:-bookworm}
# Outside of the project, so that a fresh clone need not make it again.
folder=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/storekeeper/premises
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

# A Debian as its installer leaves a server, made once, from where this machine has its packages. What the trials will install
# lies in its cache, so that they are the same without a network.
make_base() {
    [ ! -e "$base/.whole" ] || return 0
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u | grep -m1 '/debian/*$') ||
        die "this machine has no package source of Debian to make a clean machine from."
    say "Making a clean Debian ($suite) in $base: the trials begin with a copy of it."
    rm -rf "$base"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,sudo,ca-certificates,curl "$suite" "$base" "$mirror" >"$folder/debootstrap.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 3 "$folder/debootstrap.log")"
    # It is asked for packages through the settings of this machine, if it has any for that.
    chroot "$base" env DEBIAN_FRONTEND=noninteractive sh -euc '
        rm -f /var/cache/apt/archives/*.deb
        apt-get update
        apt-get install --yes --download-only mariadb-server mariadb-client default-mysql-client nginx openssl tzdata gpgv' >"$folder/archives.log" 2>&1 ||
        die "the packages that the trials install could not be fetched: $(tail -n 3 "$folder/archives.log")"
    # A first boot must not wait for questions, nor for a network that is not there.
    : >"$base/etc/machine-id"
    echo premises >"$base/etc/hostname"
    printf '127.0.0.1 localhost premises shop.example\n::1 localhost\n' >"$base/etc/hosts"
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
    check "$what" fails "$@"
}
# shellcheck disable=SC2317,SC2329 # Called by check.
fails() { ! "$@"; }
# check_says TEXT: the command before it has said so.
check_says() {
    cp "$work/said" "$work/said before"
    check "it says: $1" says "$1" cat "$work/said before"
}

