// Uses a shop through openapi-fetch with the types that openapi-typescript has made of its description.
//
// scripts/private-shop node client_flow.mjs, once scripts/judge has checked and compiled it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "storekeeper-description";

type Product = components["schemas"]["Product"];
// What is asked for; without it a list might be a text, since it is to be had as a file too.
type Json = "application/json" | "application/problem+json";

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

const baseUrl = setting("BASE_URL");
const withToken = (token: string) =>
  createClient<paths, Json>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const anyone = createClient<paths, Json>({ baseUrl });

// Staff make a product of which there are three, to be restocked at once when it runs low.
const password = readFileSync(setting("STAFF_PASSWORD_FILE"), "utf8").trim();
const login = await anyone.POST("/sessions", { body: { username: setting("STAFF_USERNAME"), password } });
assert.ok(login.data, JSON.stringify(login.error));
const staff = withToken(login.data.token);
const made = await staff.POST("/products", {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { name: "Teapot", price: "24.50", sku: "TS-1", stock: 3 },
});
assert.ok(made.data, JSON.stringify(made.error));
const product: Product = made.data;
assert.deepEqual([product.price, product.in_stock], ["24.50", true]);

// A customer signs up, with an account to log in again.
const signedUp = await anyone.POST("/customers", {
  body: {
    name: "Ada Lovelace",
    email: "ada@example.com",
    phone: "+44 20 123456",
    account: { username: "ada-of-typescript", password: "a long walk by the sea" },
  },
});
assert.ok(signedUp.data?.session, JSON.stringify(signedUp.error));
const customer = withToken(signedUp.data.session.token);

// The whole catalogue, page by page.
const seen: number[] = [];
let after: string | undefined;
do {
  const page = await customer.GET("/products", { params: { query: { limit: 5, after } } });
  assert.ok(page.data, JSON.stringify(page.error));
  seen.push(...page.data.data.map((one) => one.id));
  after = page.data.next ?? undefined;
} while (after !== undefined);
assert.ok(seen.length > 5 && new Set(seen).size === seen.length && seen.includes(product.id));

// An order is placed once, however often it is sent.
const order = (key: string, quantity: number, note?: string) =>
  customer.POST("/orders", {
    params: { header: { "Idempotency-Key": key } },
    body: { items: [{ product_id: product.id, quantity }], note },
  });
const key = randomUUID();
const placed = await order(key, 2);
const again = await order(key, 2);
assert.ok(placed.data, JSON.stringify(placed.error));
assert.deepEqual([placed.response.status, placed.data.total, placed.data.status], [201, "49.00", "placed"]);
assert.deepEqual([again.response.status, again.data], [201, placed.data]);
assert.equal(placed.response.headers.get("Idempotency-Replayed"), null);
assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");

// One is left, and no order takes two.
const refused = (await order(randomUUID(), 2)).error;
assert.ok(refused && refused.status === 409 && refused.code === "out_of_stock", JSON.stringify(refused));
assert.deepEqual(refused.products?.map((short) => short.available), [1]);

// What is wrong with a request is said field by field.
const wrong = (await order(randomUUID(), 0, "\u0007")).error;
assert.ok(wrong && wrong.status === 422 && wrong.code === "invalid_fields", JSON.stringify(wrong));
assert.deepEqual(wrong.errors.map((error) => error.field), ["items[0].quantity", "note"]);

const path = { id: placed.data.id };
const tracking = await customer.GET("/orders/{id}/track", { params: { path } });
assert.deepEqual(tracking.data?.events.map((event) => event.status), ["placed"]);
const cancelled = await customer.POST("/orders/{id}/cancel", {
  params: { path, header: { "Idempotency-Key": randomUUID() } },
});
assert.deepEqual([cancelled.data?.id, cancelled.data?.status], [path.id, "cancelled"]);

// Staff say when it is to be restocked, and a run does it.
const stock = await staff.PATCH("/products/{id}/stock", {
  params: { path: { id: product.id } },
  body: { reorder_point: 5, reorder_target: 12, reorder_multiple: 4, lead_time_days: 0 },
});
assert.deepEqual([stock.data?.available, stock.data?.below_threshold], [3, true]);
const run = await staff.POST("/restock/runs", {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { product_id: product.id },
});
assert.ok(run.data, JSON.stringify(run.error));
assert.deepEqual([run.data.watched, run.data.received, run.data.units], [1, 1, 12]);
console.log(`the TypeScript client: ${seen.length} products, order ${path.id}, run ${run.data.id}`);
