-- wrk: an order of three lines by one customer, each under a key of its own. TOKEN is the session.
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
end

function request()
    sent = sent + 1
    return wrk.format("POST", "/orders", {
        ["Authorization"] = "Bearer " .. token,
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = prefix .. sent,
    }, '{"items":[{"product_id":1,"quantity":1},{"product_id":2,"quantity":1},{"product_id":3,"quantity":1}]}')
end
