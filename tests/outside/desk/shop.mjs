// The shop as a program sees it: what flows begin with is made over the API, and what they came to is read there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export const { BASE_URL: base, STAFF_USERNAME: username } = process.env;
export const password = readFileSync(process.env.STAFF_PASSWORD_FILE, "utf8").trim();

export const ask = async (method, path, token, body) => {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  return fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
};
const call = async (...wanted) => {
  const answer = await ask(...wanted);
  assert.ok(answer.ok, `${wanted.slice(0, 2)}: ${answer.status} ${answer.ok || (await answer.text())}`);
  return answer.status === 204 ? null : answer.json();
};

const { token } = await call("POST", "/sessions", null, { username, password });
export const get = (path) => call("GET", path, token);
/// As somebody else of the staff, while the flow goes on.
export const send = (method, path, body) => call(method, path, token, body);

/// What there is many of has a number, so that no two flows meet in one thing.
let made = 0;
export const unique = () => String(++made).padStart(4, "0");

/// A barcode that shops use inside, with the digit that checks it.
const barcode = () => {
  const digits = `29000000${unique()}`;
  const sum = [...digits].reduce((sum, digit, at) => sum + digit * (at % 2 ? 3 : 1), 0);
  return digits + ((10 - (sum % 10)) % 10);
};

/// The account of somebody new behind the counter, with the password of the others.
export const newClerk = () => {
  const { SERVICE_BINARY: binary, DATABASE_URL: STOREKEEPER_DATABASE_URL } = process.env;
  const name = `clerk-${unique()}`;
  execFileSync(binary, ["add-staff", "--role", "clerk", name], { input: `${password}\n`, env: { STOREKEEPER_DATABASE_URL } });
  return name;
};

export const newProduct = async (stock) => {
  const number = unique();
  const code = barcode();
  const product = { name: `Thing ${number}`, sku: `THG-${number}`, price: "8.50", shelf: `Q${number}`, barcodes: [{ code }], stock };
  return { ...(await send("POST", "/products", product)), barcode: code };
};
export const onHand = async ({ id }) => (await get(`/products/${id}/stock`)).on_hand;

/// Somebody who orders one thing twice and another once.
export const newCustomer = async () => {
  const name = `Ada ${unique()}`;
  const email = `${name.replace(" ", ".").toLowerCase()}@example.org`;
  const guest = await call("POST", "/customers", null, { name, email, phone: "+44 20 123456" });
  const [two, one] = [await newProduct(20), await newProduct(20)];
  const items = [{ product_id: two.id, quantity: 2 }, { product_id: one.id, quantity: 1 }];
  return { ...guest, two, one, order: () => call("POST", "/orders", guest.session.token, { items }) };
};
