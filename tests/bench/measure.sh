#!/usr/bin/env bash
# scripts/bench runs this in a private shop: measures each request and prints the table.
set -euo pipefail

seconds=$1
kinds=(product products order)
declare -A names=([product]='GET /products/{id}' [products]='GET /products' [order]='POST /orders, 3 lines')
products=10000
export CUSTOMERS=1000

sql() { mariadb --no-defaults --socket="$DATABASE_SOCKET" --user=root --skip-column-names shop "$@"; }

# µs of CPU that a process has used, user and system, its ended threads included.
cpu_us() {
    # The second field is the program's name, which may hold spaces.
    sed 's/^.*) //' "/proc/$1/stat" | awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.0f\n", ($12 + $13) * 1e6 / ticks }'
}

# How often the threads of a process have been switched, of their own will or not.
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/"$1"/task/*/status; }

resident_mib() { awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$SERVICE_PID/status"; }

load() { # KIND CONNECTIONS SECONDS
    KIND=$1 PRODUCTS=$products RUN=$RANDOM$RANDOM$RANDOM wrk -t1 "-c$2" "-d$3s" -s tests/bench/load.lua "$BASE_URL" |
        sed -n 's/^RESULT //p'
}

# row NAME CONNECTIONS REQUESTS RATE P50 P99 CPU_US DATABASE_CPU_US SWITCHES FAILED RATIO
row() {
    awk -v name="$1" -v connections="$2" -v n="$3" -v rate="$4" -v p50="$5" -v p99="$6" -v cpu="$7" -v database="$8" \
        -v switches="$9" -v failed="${10}" -v ratio="${11}" 'BEGIN {
            printf "%-22s %5s %9.0f %7d %7d %9.1f %9.1f %9.2f %7s %6s\n", name, connections, rate, p50, p99, cpu / n,
                database / n, switches / n, failed, ratio }'
}

of_service() { # KIND CONNECTIONS: leaves the rate in $rate
    local n took p50 p99 database_us own_us own_switches
    load "$1" "$2" 1 >/dev/null
    database_us=$(cpu_us "$DATABASE_PID") own_us=$(cpu_us "$SERVICE_PID") own_switches=$(switches "$SERVICE_PID")
    read -r n took p50 p99 failed < <(load "$1" "$2" "$seconds")
    own_us=$(($(cpu_us "$SERVICE_PID") - own_us)) own_switches=$(($(switches "$SERVICE_PID") - own_switches))
    database_us=$(($(cpu_us "$DATABASE_PID") - database_us))
    rate=$(awk -v n="$n" -v us="$took" 'BEGIN { print n * 1e6 / us }')
    service_row=("${names[$1]}" "$2" "$n" "$rate" "$p50" "$p99" "$own_us" "$database_us" "$own_switches" "$failed")
}

of_bare_loop() { # KIND CONNECTIONS: leaves the rate in $bare_rate
    local p50 p99 n own_us own_switches database_us
    database_us=$(cpu_us "$DATABASE_PID")
    {
        read -r bare_rate p50 p99
        read -r n own_us own_switches
    } < <(STOREKEEPER_DATABASE_URL=$DATABASE_URL PRODUCTS=$(seq -s ' ' "$products") "$BARE_LOOP" "$1" "$2" "$seconds")
    database_us=$(($(cpu_us "$DATABASE_PID") - database_us))
    bare_row=('  bare loop' '' "$n" "$bare_rate" "$p50" "$p99" "$own_us" "$database_us" "$own_switches" '' '')
}

echo "SET @rows = $products, @customers = $CUSTOMERS; $(cat tests/bench/load.sql)" | sql >/dev/null
resident=$(resident_mib)
printf '%s cores, MariaDB %s, %s products, %s customers, %s s each; times and CPU in µs, CPU and switches a request\n\n' \
    "$(nproc)" "$(sql -e "SELECT SUBSTRING_INDEX(VERSION(), '-', 1)")" "$products" "$CUSTOMERS" "$seconds"
printf '%-22s %5s %9s %7s %7s %9s %9s %9s %7s %6s\n' request conns 'a second' p50 p99 'own CPU' "database" switches failed \
    '÷ bare'
all_failed=0
for kind in "${kinds[@]}"; do
    for connections in 1 16 64; do
        of_service "$kind" "$connections"
        of_bare_loop "$kind" "$connections"
        row "${service_row[@]}" "$(awk -v a="$rate" -v b="$bare_rate" 'BEGIN { printf "%.2f\n", a / b }')"
        row "${bare_row[@]}"
        all_failed=$((all_failed + failed))
    done
done
printf '\nResident memory of the service: %s MiB before, %s MiB after.\n' "$resident" "$(resident_mib)"
[ "$all_failed" -eq 0 ] || {
    echo "error: $all_failed requests failed." >&2
    exit 1
}
