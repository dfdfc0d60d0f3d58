-- wrk: one kind of request, KIND (product, products or order), over the data of load.sql, of which there are PRODUCTS
-- products and CUSTOMERS customers. RUN is unique to a measurement and begins its keys.
-- Prints: requests, µs that they took, 50th and 99th percentile in µs, and how many failed.
local kind = os.getenv("KIND")
local products = tonumber(os.getenv("PRODUCTS"))
local customers = tonumber(os.getenv("CUSTOMERS"))
local sent = 0

function init()
    math.randomseed(os.time())
end

-- Orders of one shop seldom want the same three things: these follow each other from a random place.
local function order()
    local first = math.random(1, products - 2)
    local headers = {
        ["Authorization"] = string.format("Bearer bench-token-%06d", math.random(1, customers)),
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = os.getenv("RUN") .. "-" .. sent,
    }
    local items = {}
    for id = first, first + 2 do
        table.insert(items, string.format('{"product_id":%d,"quantity":1}', id))
    end
    return wrk.format("POST", "/orders", headers, '{"items":[' .. table.concat(items, ",") .. "]}")
end

function request()
    sent = sent + 1
    if kind == "order" then return order() end
    if kind == "products" then return wrk.format("GET", "/products") end
    return wrk.format("GET", "/products/" .. math.random(1, products))
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
