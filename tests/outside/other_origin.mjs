// A shop's front end on another origin, in a headless Chromium: lists, signs up, orders once under an Idempotency-Key
// and reads Location, ETag and what a refusal says. A page of an origin that is not allowed can do none of it.
//
// scripts/private-shop node tests/outside/other_origin.mjs [--until-limited]
// --until-limited: then it logs in until it is told to wait, which the site of nginx does, and reads that too.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const { BASE_URL: base, ALLOWED_ORIGIN: front } = process.env;
const other = "http://other.example";
const started = Date.now();

const pages = createServer((_, response) => {
  response.setHeader("Content-Type", "text/html");
  response.end("<!doctype html><title>A front end</title>");
});
await new Promise((ready) => pages.listen(0, "127.0.0.1", ready));
const host = (origin) => `MAP ${new URL(origin).hostname} 127.0.0.1:${pages.address().port}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    // The two origins are served here, and no other name than the service's address can even be looked up.
    `--host-resolver-rules=${host(front)} , ${host(other)} , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1`,
  ],
});

// A page of this origin, with a function that calls the shop as the page would and answers with all that it can read.
const open = async (origin) => {
  const page = await browser.newPage();
  await page.goto(origin);
  assert.equal(new URL(page.url()).origin, origin);
  return (method, path, { token, body, ...headers } = {}, options = {}) => page.evaluate(async (call) => {
    const headers = { ...call.headers };
    if (call.token) headers.Authorization = `Bearer ${call.token}`;
    if (call.body) headers["Content-Type"] = "application/json";
    try {
      const response = await fetch(call.url, { method: call.method, headers, body: call.body, ...call.options });
      const text = await response.text();
      return { status: response.status, headers: Object.fromEntries(response.headers), body: text && JSON.parse(text) };
    } catch (error) {
      return { refused: String(error) };
    }
  }, { url: base + path, method, token, headers, body: body && JSON.stringify(body), options });
};

try {
  const call = await open(front);
  const list = await call("GET", "/products?limit=2");
  assert.equal(list.status, 200);
  assert.equal(list.body.data.length, 2);
  const [{ id: product }] = list.body.data;
  const read = await call("GET", `/products/${product}`);
  const unchanged = await call("GET", `/products/${product}`, { "If-None-Match": read.headers.etag }, { cache: "no-store" });
  assert.equal(unchanged.status, 304);

  const ada = { name: "Ada Lovelace", email: "ada@example.com", phone: "+44 20 123456" };
  const signedUp = await call("POST", "/customers", { body: ada });
  assert.equal(signedUp.status, 201);
  assert.match(signedUp.headers.location, /^\/customers\/\d+$/);
  const { token } = signedUp.body.session;

  const basket = { items: [{ product_id: product, quantity: 1 }] };
  const order = () => call("POST", "/orders", { token, body: basket, "Idempotency-Key": "basket-1" });
  const [placed, again] = [await order(), await order()];
  assert.equal(placed.status, 201);
  assert.match(placed.headers.location, /^\/orders\/\d+$/);
  assert.match(placed.headers.etag, /^"[0-9a-f]+"$/);
  assert.equal(placed.headers["idempotency-replayed"], undefined);
  assert.equal(again.headers["idempotency-replayed"], "true");
  assert.deepEqual(again.body, placed.body);
  const tracked = await call("GET", `${placed.headers.location}/track`, { token });
  assert.equal(tracked.body.status, "placed");

  const refusals = [
    ["POST", "/orders", { token, body: { items: [{ product_id: product, quantity: 100000 }] } }, 409, "out_of_stock"],
    ["POST", "/orders", { token, body: {} }, 422, "invalid_fields"],
    ["GET", "/orders", {}, 401, "unauthenticated"],
    ["GET", "/stock", { token }, 403, "forbidden"],
    ["PATCH", signedUp.headers.location, { token, body: { name: "Ada" }, "If-Match": '"0"' }, 412, "precondition_failed"],
    ["POST", "/customers", { body: { name: "x".repeat(600 * 1024) } }, 413, "body_too_large"],
    ["POST", "/users", { token, body: {} }, 404, "not_found"],
  ];
  for (const [method, path, request, status, code] of refusals) {
    const answer = await call(method, path, request);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer)}`);
    assert.equal(answer.body.code, code);
    assert.equal(answer.headers["x-request-id"], answer.body.request_id);
  }
  const lost = await call("GET", `${placed.headers.location}/ship`, { token });
  assert.equal(lost.status, 405);
  assert.equal(lost.headers.allow, "POST, OPTIONS");
  assert.match(lost.body.detail, /POST \/orders\/\d+\/ship/);
  // The API knows no cookies, so nothing that the browser keeps is ever sent along.
  assert.match((await call("GET", "/products", {}, { credentials: "include" })).refused, /TypeError/);

  const evil = await open(other);
  for (const [method, path, request] of [
    ["GET", "/products"], ["GET", "/orders", { token }], ["POST", "/orders", { token, body: basket }],
    ["DELETE", signedUp.headers.location, { token }], ["GET", "/nowhere"], ["OPTIONS", "/products"],
  ]) {
    const answer = await evil(method, path, request);
    assert.match(answer.refused ?? "", /TypeError/, `${other} could read ${method} ${path}: ${JSON.stringify(answer)}`);
  }
  const orders = await call("GET", "/orders", { token });
  assert.equal(orders.body.data.length, 1, "nothing was ordered from there");

  if (process.argv.includes("--until-limited")) {
    let limited;
    for (let tries = 0; tries < 300 && limited?.status !== 429; tries++) {
      limited = await call("POST", "/sessions", { body: {} });
    }
    assert.equal(limited.status, 429, JSON.stringify(limited));
    assert.equal(limited.body.code, "rate_limited");
    assert.match(limited.headers["retry-after"], /^\d+$/);
  }
  console.log(`another origin: a page ordered once and read ${refusals.length + 1} refusals, and one that is not allowed ` +
    `read nothing (${((Date.now() - started) / 1000).toFixed(1)} s)`);
} finally {
  await browser.close();
  pages.close();
}
