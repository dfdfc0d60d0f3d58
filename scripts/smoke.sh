#!/usr/bin/env bash
# A person's tour of the shop with curl alone: scripts/smoke.sh BASE_URL, for example http://127.0.0.1:8080 or the
# https address of nginx (CURL_CA_BUNDLE names the certificate of an authority of the shop's own).
# With STAFF_USERNAME, and STAFF_PASSWORD or STAFF_PASSWORD_FILE, it goes behind the counter too.
# It prints a line for each step and stops at the first that fails, with the request and the answer. What it makes, it
# removes; orders, purchase orders and runs cannot be removed and stay, finished and without personal data.
set -euo pipefail

base=${1:-${BASE_URL:-}}
base=${base%/}
if [ $# -gt 1 ] || [[ $base != http://* && $base != https://* ]]; then
    echo "Usage: scripts/smoke.sh BASE_URL, for example: scripts/smoke.sh http://127.0.0.1:8080" >&2
    exit 2
fi
command -v curl >/dev/null || {
    echo "error: curl is missing; install it, then start again." >&2
    exit 2
}
# A proxy for the way out has no business with a shop on this machine.
export no_proxy="${no_proxy:+$no_proxy,}127.0.0.1,localhost,::1"

# Passwords and tokens stand in files that nobody else can read, and never in the arguments of a command.
umask 077
folder=$(mktemp -d)
run=$(date +%s)-$$
steps=0
# What the tour has made so far.
customer='' product='' order='' supplier='' purchase='' customer_token='' staff_token=''
token='' headers=() hidden=''

# escaped TEXT: as curl's configuration and JSON want it between double quotes.
escaped() {
    local text=${1//\\/\\\\}
    printf %s "${text//\"/\\\"}"
}

# send METHOD PATH [BODY]: with the session $token and the lines of $headers. Leaves the code in $code and the answer
# in files.
send() {
    local header
    method=$1 path=$2 body=${3-}
    printf %s "$body" >"$folder/request"
    : >"$folder/body"
    {
        printf 'url = "%s"\nrequest = "%s"\n' "$(escaped "$base$path")" "$method"
        [ -z "$token" ] || printf 'header = "Authorization: Bearer %s"\n' "$token"
        for header in ${headers[@]+"${headers[@]}"}; do printf 'header = "%s"\n' "$(escaped "$header")"; done
        [ -z "$body" ] || printf 'header = "Content-Type: application/json"\ndata-binary = "@%s"\n' "$folder/request"
    } >"$folder/config"
    code=$(curl --silent --show-error --max-time 5 --config "$folder/config" --output "$folder/body" \
        --dump-header "$folder/headers" --write-out '%{http_code}' 2>"$folder/error") || true
}

# field NAME: its first value in the answer, a text without escapes or a number.
field() { grep -o "\"$1\":\"\{0,1\}[^\",}]*" "$folder/body" | head -n 1 | sed 's/^[^:]*:"\{0,1\}//' || true; }

header() { tr -d '\r' <"$folder/headers" | grep -i "^$1:" | head -n 1 | sed 's/^[^:]*: *//' || true; }

fail() {
    {
        printf 'FAILED  %s\n\n' "$1"
        printf '%s %s\n' "$method" "$base$path"
        [ -z "$token" ] || echo "Authorization: Bearer (hidden)"
        [ ${#headers[@]} -eq 0 ] || printf '%s\n' "${headers[@]}"
        [ -z "$body" ] || printf '\n%s\n' "${hidden:-$body}"
        printf '\nwas answered with:\n\n'
        cat "$folder/error" "$folder/headers" 2>/dev/null
        sed 's/"token":"[^"]*"/"token":"(hidden)"/g' "$folder/body"
        echo
    } >&2
    exit 1
}

# step WHAT CODE METHOD PATH [BODY]: sends, and fails unless the code is the one that is expected.
step() {
    local what=$1 expected=$2
    shift 2
    send "$@"
    [ "$code" = "$expected" ] || fail "$what: $expected was expected"
    [ -n "$(header X-Request-Id)" ] || fail "$what: the answer has no X-Request-Id, so this is no Storekeeper"
    steps=$((steps + 1))
    printf 'ok  %s\n' "$what"
    headers=() hidden=''
}

# shows TEXT...: the last answer must hold each.
shows() {
    local text
    for text; do
        grep -qF -- "$text" "$folder/body" || fail "the answer should hold $text"
    done
}

# shellcheck disable=SC2317,SC2329 # Called by a trap.
clean_up() {
    local exit_code=$?
    set +e
    trap - EXIT
    headers=()
    # After a failure, as far as the order has come.
    token=$customer_token
    [ -z "$order" ] || send POST "/orders/$order/cancel"
    token=$staff_token
    if [ -n "$staff_token" ]; then
        [ -z "$order" ] || send POST "/orders/$order/deliver"
        [ -z "$purchase" ] || send POST "/purchase_orders/$purchase/cancel"
        [ -z "$product" ] || send DELETE "/products/$product"
        [ -z "$supplier" ] || send DELETE "/suppliers/$supplier"
    fi
    token=$customer_token
    [ -z "$customer" ] || send DELETE "/customers/$customer"
    token=$staff_token
    [ -z "$staff_token" ] || send DELETE /sessions/current
    rm -rf "$folder"
    exit "$exit_code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- At the window -------------------------------------------------------------------------------

step "the service is alive" 200 GET /healthz
step "its database is ready" 200 GET /readyz
step "the front door says where to go on" 200 GET /
shows '"openapi":"/openapi.json"'
step "anyone may look at the products" 200 GET '/products?limit=5&sort=name'
shows '"data":[' '"next":'
step "a wrong address is told so in JSON, with the nearest route" 404 GET /api/product/1
shows '"code":"not_found"' 'GET /products/1?'
step "nobody reads the customers without logging in" 401 GET /customers
shows '"code":"unauthenticated"'

# ---- As a customer -------------------------------------------------------------------------------

step "a sign-up with two mistakes names both" 422 POST /customers '{"name": "", "email": "nowhere", "phone": "555-0100"}'
shows '"field":"name"' '"field":"email"'
username=smoke-$run
password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
hidden='(a name, an e-mail address, a telephone number, a username and a password)'
step "a customer signs up with an account" 201 POST /customers "{\"name\": \"Smoke Test $run\", \"email\": \"$username@example.com\", \
\"phone\": \"555-0100\", \"account\": {\"username\": \"$username\", \"password\": \"$password\"}}"
customer=$(field id)
customer_token=$(field token)
token=$customer_token
step "the customer reads what the shop knows" 200 GET "/customers/$customer"
shows "\"name\":\"Smoke Test $run\""
etag=$(header ETag)
headers=("If-None-Match: $etag")
step "an unchanged answer is not sent twice" 304 GET "/customers/$customer"
headers=("If-Match: $etag")
step "the customer has a new telephone" 200 PATCH "/customers/$customer" '{"phone": "555-0199"}'
shows '"phone":"555-0199"'
headers=("If-Match: $etag")
step "a change to an old copy is refused" 412 PATCH "/customers/$customer" '{"phone": "555-0100"}'
step "a customer is not let behind the counter" 403 GET /customers
token=''
hidden='(the username and the password)'
step "the customer logs in with the password" 201 POST /sessions "{\"username\": \"$username\", \"password\": \"$password\"}"
shows '"caller":"customer"'
token=$(field token)
step "and out again" 204 DELETE /sessions/current
step "the token is worth nothing after that" 401 GET /sessions/current
token=$customer_token

# ---- Behind the counter --------------------------------------------------------------------------

if [ -n "${STAFF_PASSWORD_FILE:-}" ]; then
    IFS= read -r STAFF_PASSWORD <"$STAFF_PASSWORD_FILE" || [ -n "${STAFF_PASSWORD:-}" ] || {
        echo "error: STAFF_PASSWORD_FILE names $STAFF_PASSWORD_FILE, which holds no password." >&2
        exit 2
    }
fi
if [ -n "${STAFF_USERNAME:-}" ] && [ -n "${STAFF_PASSWORD:-}" ]; then
    staff=yes
else
    staff=''
    echo "--  the steps of staff are left out: set STAFF_USERNAME, and STAFF_PASSWORD or STAFF_PASSWORD_FILE"
fi

if [ -n "$staff" ]; then
    token=''
    hidden='(the username and the password of staff)'
    step "staff log in" 201 POST /sessions \
        "{\"username\": \"$(escaped "$STAFF_USERNAME")\", \"password\": \"$(escaped "$STAFF_PASSWORD")\"}"
    staff_token=$(field token)
    shows '"caller":"staff"'
    token=$staff_token
    step "staff add a product with three on the shelf" 201 POST /products \
        "{\"sku\": \"SMOKE-$run\", \"name\": \"Smoke test $run\", \"price\": \"12\", \"stock\": 3, \"shelf\": \"Smoke $run\"}"
    product=$(field id)
    wanted=$product quantity=2
else
    # Without staff, one unit of whatever is there is ordered and cancelled again.
    step "is there anything to buy?" 200 GET '/products?in_stock=true&limit=1'
    wanted=$(field id) quantity=1
fi

# ---- An order ------------------------------------------------------------------------------------

token=$customer_token
if [ -n "$wanted" ]; then
    items="{\"items\": [{\"product_id\": $wanted, \"quantity\": $quantity}]}"
    headers=("Idempotency-Key: smoke-$run")
    step "the customer orders $quantity of product $wanted" 201 POST /orders "$items"
    order=$(field id)
    shows '"status":"placed"' "\"quantity\":$quantity"
    headers=("Idempotency-Key: smoke-$run")
    step "the same order sent again is still one order" 201 POST /orders "$items"
    [ "$(field id)" = "$order" ] || fail "the retry should be answered with order $order"
    [ "$(header Idempotency-Replayed)" = true ] || fail "the retry should say Idempotency-Replayed: true"
    step "the customer tracks it" 200 GET "/orders/$order/track"
    shows '"status":"placed"' '"events":['
else
    echo "--  the steps of an order are left out: nothing is in stock"
fi

if [ -n "$staff" ]; then
    step "more than there is cannot be ordered" 409 POST /orders "$items"
    shows '"code":"out_of_stock"' '"available":1'
    token=$staff_token
    step "staff confirm it" 200 POST "/orders/$order/confirm"
    shows '"confirmed_at":"'
    token=$customer_token
    step "the customer corrects the address" 200 PATCH "/orders/$order" '{"shipping_address": "2 Test Street"}'
    shows '"shipping_address":"2 Test Street"'
    token=$staff_token
    step "staff ship it" 200 POST "/orders/$order/ship" '{"carrier": "By hand"}'
    token=$customer_token
    step "it is too late to cancel" 409 POST "/orders/$order/cancel"
    token=$staff_token
    step "staff correct who carries it" 200 PATCH "/orders/$order" '{"carrier": "By bicycle"}'
    step "it is lost" 200 POST "/orders/$order/lost" '{"note": "Nobody has seen it."}'
    step "it turns up, and staff deliver it" 200 POST "/orders/$order/deliver"
    shows '"status":"delivered"'
    step "its history shows all of that" 200 GET "/orders/$order/track"
    shows '"old":"By hand"' '"new":"By bicycle"' '"status":"lost"' '"status":"delivered"'
    order=''
    step "the feed has told of it" 200 GET '/events?type=order.delivered&limit=1'
    shows '"type":"order.delivered"' '"next":"'
    step "two have left the shelf" 200 GET "/products/$product/stock"
    shows '"on_hand":1' '"reserved":0'
    step "the ledger knows why" 200 GET "/products/$product/stock/movements"
    shows '"reason":"sale"' '"reason":"initial"'
    step "staff have the product watched" 200 PATCH "/products/$product/stock" '{"reorder_point": 2, "reorder_target": 5}'
    shows '"below_threshold":true'
    step "the plan says what to order and why" 200 GET "/restock/plan?product_id=$product"
    shows '"quantity":4' 'is below the reorder point 2'
    step "a restock run puts it on the shelf, or on a draft" 201 POST /restock/runs "{\"product_id\": $product}"
    shows '"units":4'
    drafted=$(field drafted)
    step "the run says what it did" 200 GET "/restock/runs/$(field id)"
    draft=$(field purchase_order_id)
    step "a second run changes nothing" 201 POST /restock/runs "{\"product_id\": $product}"
    shows '"received":0' '"units":0'
    if [ "$drafted" = 1 ]; then
        # STOREKEEPER_RESTOCK_APPROVAL is draft here, and the draft may hold more than this product.
        step "it is taken off the draft" 204 DELETE "/purchase_orders/$draft/lines/$product"
    fi
    shelf=$((5 - 4 * drafted))
    # What only a manager does.
    headers=("Idempotency-Key: smoke-supplier-$run")
    send POST /suppliers "{\"name\": \"Smoke test $run\", \"lead_time_days\": 9, \"order_days\": [\"mon\"]}"
    if [ "$code" != 403 ]; then
        headers=("Idempotency-Key: smoke-supplier-$run")
        step "a manager adds a supplier" 201 POST /suppliers \
            "{\"name\": \"Smoke test $run\", \"lead_time_days\": 9, \"order_days\": [\"mon\"]}"
        supplier=$(field id)
        step "who sells the product in sixes" 201 PUT "/suppliers/$supplier/products/$product" \
            '{"cost": "7.955", "pack_size": 6, "preferred": true}'
        shows '"cost":"7.955"' '"preferred":true'
        step "whose lead time is the product's" 200 GET "/products/$product/stock"
        shows '"lead_time_days":null' '"effective_lead_time_days":9'
        headers=("Idempotency-Key: smoke-purchase-$run")
        step "the manager begins a purchase order" 201 POST /purchase_orders \
            "{\"supplier_id\": $supplier, \"lines\": [{\"product_id\": $product, \"quantity\": 6}]}"
        purchase=$(field id)
        shows '"status":"draft"' '"total":"47.73"'
        step "and makes it a dozen" 200 PUT "/purchase_orders/$purchase/lines/$product" '{"quantity": 12}'
        step "there is a text to send to the supplier" 200 GET "/purchase_orders/$purchase/mail"
        shows "SMOKE-$run" '7.955'
        step "it is ordered" 200 POST "/purchase_orders/$purchase/order"
        shows '"status":"ordered"' '"outstanding":12'
        headers=("Idempotency-Key: smoke-receipt-$run")
        step "seven come, and one of them is broken" 200 POST "/purchase_orders/$purchase/receive" \
            "{\"lines\": [{\"product_id\": $product, \"quantity\": 6, \"rejected\": 1}]}"
        shows '"received":6' '"outstanding":6'
        step "too many are not taken by mistake" 409 POST "/purchase_orders/$purchase/receive" \
            "{\"lines\": [{\"product_id\": $product, \"quantity\": 60}]}"
        shows '"code":"surplus"'
        step "the shelf has them" 200 GET "/products/$product/stock"
        shows "\"on_hand\":$((shelf + 6))" '"incoming":6'
        step "the rest will not come" 200 POST "/purchase_orders/$purchase/cancel"
        shows '"status":"cancelled"'
        purchase=''
        step "the supplier is archived" 204 DELETE "/suppliers/$supplier"
        supplier=''
    else
        echo "--  the steps of a manager are left out: $STAFF_USERNAME is a clerk"
    fi
    headers=()
    step "staff take the product off sale" 204 DELETE "/products/$product"
    step "it is gone from the catalogue" 404 GET "/products/$product"
    step "what is left of it is still to be written off" 200 GET "/stock?archived=true&q=$run"
    shows "\"product_id\":$product,"
    step "staff bring it back" 200 POST "/products/$product/restore"
    headers=("Idempotency-Key: smoke-take-$run")
    step "staff begin to count its shelf" 201 POST /stock_takes "{\"shelf\": \"Smoke $run\"}"
    take=$(field id)
    step "none is there" 200 POST "/stock_takes/$take/counts" "{\"counts\": [{\"code\": \"SMOKE-$run\", \"counted\": 0}]}"
    shows '"outcome":"counted"' '"counted":0'
    headers=("Idempotency-Key: smoke-booking-$run")
    step "that is booked" 200 POST "/stock_takes/$take/book"
    shows '"status":"booked"' '"refused":[]'
    step "staff take it off sale for good" 204 DELETE "/products/$product"
    step "nothing is to be written off" 200 GET "/stock?archived=true&q=$run"
    shows '"data":[]'
    product=''
elif [ -n "$order" ]; then
    step "the customer cancels it" 200 POST "/orders/$order/cancel"
    shows '"status":"cancelled"'
    step "cancelling twice is the same" 200 POST "/orders/$order/cancel"
    order=''
fi

# ---- Leaving -------------------------------------------------------------------------------------

token=$customer_token
step "the customer leaves, and the personal data with them" 204 DELETE "/customers/$customer"
customer=''
step "the session has ended" 401 GET /sessions/current
if [ -n "$staff" ]; then
    token=$staff_token
    step "staff log out" 204 DELETE /sessions/current
    staff_token=''
fi

echo "$steps steps in $SECONDS s: the shop at $base works."
