#!/usr/bin/env bash
# Installs or upgrades Storekeeper on a system with systemd and without dpkg, from the package that scripts/package has built:
#
#   sudo scripts/deploy/install.sh PACKAGE.deb
#
# The steps are those of the package, by its own scripts. 'apt install ./PACKAGE.deb' is the way on Debian and Ubuntu.
set -euo pipefail

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

package=${1:-}
[ -f "$package" ] || die "name the package: scripts/package builds it."
package=$(realpath "$package")
[ "$(id -u)" -eq 0 ] || die "run this as root (sudo)."
! command -v dpkg >/dev/null || die "this system has dpkg: apt install $package"
for tool in systemctl systemd-sysusers ar tar xz curl mariadb-dump; do
    command -v "$tool" >/dev/null || die "$tool is missing; install it first."
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/control"
(cd "$work" && ar x "$package")
tar -C "$work/control" -xf "$work"/control.tar.*

"$work/control/preinst" upgrade
# tar makes files anew, so a program that runs keeps its own until it is started again; folders that are there stay as they are.
tar -C / --no-overwrite-dir -xf "$work"/data.tar.*
"$work/control/postinst" configure
