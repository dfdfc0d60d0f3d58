-- wrk: an order of three lines by one customer, each under a key of its own. TOKEN is the session, PRODUCTS what is
-- ordered.
local token = os.getenv("TOKEN")
local thread_number = 0

function setup(thread)
    thread_number = thread_number + 1
    thread:set("number", thread_number)
end

function init()
    math.randomseed(os.time() * 100 + number)
    prefix = string.format("bench-%d-%d-", number, math.random(1, 1e9))
    sent = 0
    products = {}
    for id in string.gmatch(os.getenv("PRODUCTS"), "%d+") do
        table.insert(products, id)
    end
end

local function item(at)
    return string.format('{"product_id":%s,"quantity":1}', products[1 + at % #products])
end

function request()
    sent = sent + 1
    local at = math.random(1, #products)
    return wrk.format("POST", "/orders", {
        ["Authorization"] = "Bearer " .. token,
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = prefix .. sent,
    }, string.format('{"items":[%s,%s,%s]}', item(at), item(at + 1), item(at + 2)))
end
