# shellcheck shell=bash
# Helpers that the scripts share. Source it; it changes to the project's folder and leaves the rest alone.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit

# Debian keeps servers in sbin, which an ordinary user's PATH leaves out, and rustup may not be on it yet.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
export PATH

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

lists_refreshed=''
# need REASON COMMAND:PACKAGE... installs the packages of those commands, or files, that are missing.
need() {
    local reason=$1 pair missing=()
    shift
    for pair; do
        [[ $pair == /* && -e ${pair%%:*} ]] || command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    command -v apt-get >/dev/null ||
        die "${missing[*]} is missing ($reason), and this system has no apt-get: install it by hand, then start again."
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "${missing[*]} is missing ($reason): run 'apt-get install ${missing[*]}' as root, then start again."
        as_root=(sudo)
    fi
    say "Installing ${missing[*]} with apt-get${as_root[*]:+ through sudo}: $reason."
    if [ -z "$lists_refreshed" ]; then
        "${as_root[@]}" apt-get update ||
            say "The package lists could not be refreshed; trying with those at hand."
        lists_refreshed=yes
    fi
    # --no-remove: a database server that is already installed is never pushed out by ours.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        --no-remove -o DPkg::Lock::Timeout=120 "${missing[@]}" </dev/null ||
        die "apt-get could not install ${missing[*]} ($reason); its last lines say why."
}

# The core packages hold the programs and no system service, so installing them starts nothing and
# leaves alone a MariaDB that already runs.
need_mariadb() {
    need "Storekeeper keeps its data in a private MariaDB" \
        mariadbd:mariadb-server-core mariadb:mariadb-client-core
    local version
    version=$(mariadbd --no-defaults --version | sed -n 's/.*Ver \([0-9.]*\).*/\1/p')
    at_least "$version" 10.11 ||
        die "MariaDB $version is too old: 10.11 or newer is needed (Debian 12, Ubuntu 24.04 or newer have it)."
}

need_rust() {
    command -v cargo >/dev/null ||
        die "Rust is missing: install it as https://www.rust-lang.org/tools/install describes, then start again."
    local wanted version
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' Cargo.toml)
    version=$(cargo --version | cut -d' ' -f2)
    at_least "$version" "$wanted" ||
        die "Rust $version is too old: $wanted or newer is needed ('rustup update stable' fetches it)."
    need "Rust links programs with the C compiler" cc:gcc cc:libc6-dev
}

# newman is npm's, in the version that tests/postman/package-lock.json pins, and stays in that folder.
need_newman() {
    need "newman, which runs the Postman collections, is a Node.js program" node:nodejs npm:npm
    at_least "$(node --version | cut -c2-)" 16 || die "Node.js $(node --version) is too old: 16 or newer is needed."
    local folder=tests/postman
    # The copy is made last, so an installation cut short starts over.
    ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" || return 0
    say "Installing newman under $folder/node_modules with npm: it runs the Postman collections."
    npm ci --prefix "$folder" --no-progress --ignore-scripts >&2 ||
        die "npm could not install newman; its last lines say why."
    cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}

# at_least VERSION MINIMUM: true also when there is no minimum.
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }
