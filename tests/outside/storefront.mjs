// The storefront of scripts/examples in a headless Chromium, on an origin of its own: catalogue, basket, an order whose
// answer is lost, refusals, two windows, and where the order is; by mouse and by keyboard alone, on a telephone, and looked
// at by axe-core and the Nu HTML checker.
//
// scripts/private-shop node tests/outside/storefront.mjs [FOLDER], where pictures of its views are kept

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { base, get, send } from "./desk/shop.mjs";
import { FINGER_PX, SIGHTS, check, faults, tooSmall, wide } from "./eyes.mjs";

const { ALLOWED_ORIGIN: front } = process.env;
const [folder] = process.argv.slice(2);
if (folder) mkdirSync(folder, { recursive: true });
const started = Date.now();

// ---- The two files as a shop would serve them, with its API's address

const source = new URL("../../scripts/examples/storefront/", import.meta.url);
const written = readFileSync(new URL("index.html", source), "utf8");
assert.equal(written.split("http://127.0.0.1:8080").length, 3, "the address stands in the page twice");
const html = written.replaceAll("http://127.0.0.1:8080", base);
const script = readFileSync(new URL("storefront.js", source), "utf8");
const server = createServer((request, response) => {
  const isScript = request.url === "/storefront.js";
  response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : html);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    // As if it came over https.
    `--unsafely-treat-insecure-origin-as-secure=${front}`,
    `--host-resolver-rules=MAP ${new URL(front).hostname} 127.0.0.1:${server.address().port} , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1`,
  ],
});

// ---- Somebody who shops, with a browser of their own

const complaints = [];
const visit = async (options) => {
  const context = await browser.newContext({ viewport: wide, locale: "en-GB", ...options });
  context.setDefaultTimeout(15_000);
  context.on("console", (message) => {
    // Chromium reports each refusal and each answer that is lost, which some flows want.
    if (["error", "warning"].includes(message.type()) && !/status of (4\d\d|503)|ERR_FAILED/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  context.on("weberror", (error) => complaints.push(error.error().message));
  const orders = [];
  context.on("request", (request) => {
    if (request.method() === "POST" && request.url() === `${base}/orders`) {
      orders.push({ key: request.headers()["idempotency-key"], body: request.postData() });
    }
    // Nothing that is secret, and nothing about a person, is ever in an address.
    assert.ok(!/[0-9a-f]{64}|@|%40/.test(request.url()), request.url());
  });
  return { context, orders, page: await open(context) };
};
const open = async (context) => {
  const page = await context.newPage();
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(front);
  await card(page, /./).first().waitFor();
  return page;
};

const card = (page, name) => page.locator("#products li").filter({ has: page.getByRole("heading", { name }) });
const row = (page, name) => page.locator("#rows li").filter({ hasText: name });
const button = (page, name) => page.getByRole("button", { name });
const room = (page, name) => page.getByRole("navigation").getByRole("link", { name });
const said = (page, words) => page.getByRole("status").filter({ hasText: words }).waitFor({ state: "attached" });
const alerted = (page, words) => page.getByRole("alert").filter({ hasText: words }).waitFor();
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

const comesTo = (page, total) => page.locator("#total").filter({ hasText: total }).waitFor();

const find = async (page, q) => {
  await page.getByLabel("Search").fill(q);
  // What was said of the last search is gone once this one is answered.
  await page.locator("#said").evaluate((said) => (said.textContent = ""));
  await page.getByLabel("Search").press("Enter");
  await said(page, /product|Nothing/);
};
const put = async (page, { name }) => {
  await find(page, name);
  await card(page, name).getByRole("button", { name: `Add to basket ${name}`, exact: true }).click();
  await said(page, "is in your basket");
};
const shopper = (name) => ({ name, email: `${name.toLowerCase()}@example.org`, phone: "+44 20 123456", address: "1 Analytical Street\nLondon" });
const fill = async (page, { name, email, phone, address }) => {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Telephone").fill(phone);
  await page.getByLabel("Address").fill(address);
};
const placed = async (page) => {
  await page.getByText("Thank you. Your order is placed").waitFor();
  return Number(/#order-(\d+)$/.exec(page.url())[1]);
};
const ordersOf = async ({ email }) => (await get(`/orders?q=${encodeURIComponent(email)}`)).data;

let made = 0;
const product = async (details) => send("POST", "/products", { name: `Thing ${++made} of the front`, price: "8.50", stock: 20, ...details });

// ---- What they do

/// Looks around; what was written with bad intent is text.
const browse = async () => {
  const hostile = await product({
    name: `<img src=x onerror="document.title='owned'">`,
    description: `</p><script>document.title="owned"</script>`,
    image_urls: ["https://images.example/one.svg"],
  });
  const bare = await product({ name: "Sold to the last one", stock: 0 });
  const { context, page } = await visit();
  await context.route("https://images.example/**", (route) =>
    route.fulfill({ contentType: "image/svg+xml", body: '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>' }));
  assert.equal(await page.locator("#products li").count(), 24);
  await button(page, "More").click();
  await page.locator("#products li").nth(24).waitFor();
  assert.ok(await page.locator("#products li").nth(24).locator("h2").evaluate((name) => name === document.activeElement));
  await find(page, "mug enamel");
  await said(page, "1 product.");
  assert.equal(await card(page, "Enamel mug").count(), 1);
  assert.match(await card(page, "Enamel mug").innerText(), /€9\.90/);
  await find(page, "");
  await page.getByLabel("Category").selectOption("Garden");
  await card(page, "Watering can").waitFor();
  assert.equal(await card(page, "Enamel mug").count(), 0);
  await page.getByLabel("Category").selectOption("");
  await find(page, "nothing of the kind");
  await page.getByText("Nothing was found. Try fewer words").waitFor();
  await find(page, bare.name);
  await card(page, bare.name).getByText("Sold out").waitFor();
  assert.equal(await card(page, bare.name).getByRole("button").count(), 0);
  await put(page, hostile);
  await card(page, hostile.name).getByText(hostile.description).waitFor();
  await room(page, "Basket").click();
  await row(page, hostile.name).waitFor();
  assert.equal(await page.title(), "Your basket – A small shop");
  // Whoever forgets that text is text is stopped by the browser.
  const stopped = await page.evaluate(() => { try { document.body.innerHTML = "<b>"; } catch (error) { return error.name; } });
  assert.equal(stopped, "TypeError");
  complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes("TrustedHTML")));
  await send("DELETE", `/products/${hostile.id}`);
  await page.reload();
  await row(page, hostile.name).getByText("no longer sold").waitFor();
  await button(page, `Remove ${hostile.name}`).click();
  await page.getByText("There is nothing in it yet").waitFor();
  await context.close();
};

/// Orders, and the answer is lost, again and again, also over a reload: it stays one order.
const loseTheAnswer = async () => {
  const ada = shopper("Ada");
  const [mug, book] = [await product(), await product({ price: "12.25" })];
  const { context, page, orders } = await visit();
  await put(page, mug);
  await put(page, mug);
  await put(page, book);
  await page.reload();
  await room(page, "Basket (3)").click();
  await comesTo(page, "€29.25");
  await page.getByLabel(`How many of ${mug.name}`).fill("4");
  await page.getByLabel(`How many of ${mug.name}`).press("Enter");
  await comesTo(page, "€46.25");
  await fill(page, ada);
  const lose = async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    await route.fetch();
    return route.abort();
  };
  await context.route(`${base}/orders`, lose);
  await page.getByLabel("Address").fill(" \n ");
  await button(page, "Place the order").click();
  assert.ok(await page.getByLabel("Address").evaluate((field) => field === document.activeElement), "without an address nothing is sent");
  await page.getByLabel("Address").fill(ada.address);
  await button(page, "Place the order").click();
  await page.getByText("no answer has come yet").waitFor();
  await alerted(page, "The shop does not answer");
  assert.equal((await ordersOf(ada)).length, 1);
  const [{ id }] = await ordersOf(ada);
  // What else is put into the basket is not lost.
  await room(page, "Shop").click();
  await put(page, book);
  // Told to wait, it waits.
  await context.unroute(`${base}/orders`, lose);
  let told = 0;
  await context.route(`${base}/orders`, (route) => {
    if (route.request().method() !== "POST" || told++ > 0) return route.fallback();
    const headers = { "Access-Control-Allow-Origin": front, "Access-Control-Expose-Headers": "Retry-After", "Retry-After": "2" };
    return route.fulfill({ status: 503, headers, contentType: "application/problem+json", body: '{"code":"busy","detail":"Wait."}' });
  });
  const before = Date.now();
  await page.reload();
  assert.equal(await placed(page), id);
  assert.ok(told >= 2 && Date.now() - before >= 2000, "it waited for as long as it was told to");
  assert.equal((await ordersOf(ada)).length, 1);
  assert.ok(orders.length >= 5);
  assert.equal(new Set(orders.map(({ key, body }) => `${key} ${body}`)).size, 1, "the same bytes under the same key");
  assert.match(orders[0].key, /^[0-9a-f]{32}$/);
  await room(page, "Basket (1)").click();
  await comesTo(page, "€12.25");

  // Where it is: after a reload, from the list, once it was shipped.
  await page.goto(`${front}/#orders`);
  await page.reload();
  await page.getByRole("link", { name: `Order ${id}` }).click();
  await heading(page, `Order ${id}`);
  await page.locator("#tracked").getByText("Placed, and being made ready").first().waitFor();
  await send("POST", `/orders/${id}/ship`, { carrier: "Royal Mail", tracking_number: "RR123456789GB" });
  await page.reload();
  await page.getByText("RR123456789GB").waitFor();
  await page.getByText("On its way").first().waitFor();
  assert.equal(await button(page, "Cancel this order").count(), 0);

  // A second order of the same guest, which they cancel.
  await room(page, "Basket").click();
  assert.equal(await page.getByLabel("E-mail").inputValue(), ada.email);
  await page.getByLabel("Telephone").fill("+44 20 654321");
  await button(page, "Place the order").click();
  await page.getByText("Thank you").waitFor();
  await button(page, "Cancel this order").click();
  await said(page, "is cancelled");
  await room(page, "Your orders").click();
  await page.locator("#orders li").nth(1).waitFor();
  const mine = await ordersOf(ada);
  assert.deepEqual(mine.map(({ status }) => status), ["cancelled", "shipped"]);
  assert.equal((await get(`/customers/${mine[0].customer_id}`)).phone, "+44 20 654321");
  assert.equal(new Set(mine.map(({ customer_id }) => customer_id)).size, 1);

  // Forgotten here, and not by the shop.
  await button(page, "Forget me").click();
  await page.getByText("No order was placed in this browser").waitFor();
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!/Ada|token|Analytical/.test(kept), kept);
  await page.goto(`${front}/#order-${id}`);
  await alerted(page, "can no longer look up your orders");
  await context.close();
};

/// Is refused, reads why beside what is wrong, mends it and orders.
const beRefused = async () => {
  const eve = shopper("Eve");
  const [few, dear] = [await product({ stock: 3 }), await product()];
  const { context, page, orders } = await visit();
  await put(page, few);
  await put(page, dear);
  await room(page, "Basket").click();
  await page.getByLabel(`How many of ${few.name}`).fill("5");
  await fill(page, { ...eve, phone: "12" });
  await button(page, "Place the order").click();
  await page.locator("#wrong-phone").filter({ hasText: /^Telephone must / }).waitFor();
  assert.ok(await page.getByLabel("Telephone").evaluate((field) => field === document.activeElement && field.ariaInvalid === "true"));
  assert.equal(orders.length, 0);
  await page.getByLabel("Telephone").fill(eve.phone);
  await button(page, "Place the order").click();
  await alerted(page, `${few.name} (product ${few.id}): 5 asked, 3 available`);
  await row(page, few.name).getByText("Only 3 of it can be ordered now").waitFor();
  assert.equal(await page.locator("#wrong-phone").innerText(), "");
  // The very same order again is the same order, and another one is not.
  await button(page, "Place the order").click();
  await row(page, few.name).getByText("Only 3").waitFor();
  await page.waitForFunction(() => !document.getElementById("send").ariaDisabled);
  assert.equal(orders.length, 2);
  assert.equal(orders[0].key, orders[1].key);
  await page.getByLabel(`How many of ${few.name}`).fill("3");
  await comesTo(page, "€34.00");
  await send("PATCH", `/products/${dear.id}`, { price: "9.00" });
  await button(page, "Place the order").click();
  await alerted(page, "A price has changed, and your basket comes to €34.50 now");
  await row(page, dear.name).getByText("One was €8.50 and is €9.00 now").waitFor();
  await send("DELETE", `/products/${few.id}`);
  await button(page, "Place the order").click();
  await row(page, few.name).getByText(`${few.name} is not an active product`).waitFor();
  await button(page, `Remove ${few.name}`).click();
  // Their session ended long ago.
  const { token } = await page.evaluate(() => JSON.parse(localStorage.storefront).guest);
  await fetch(`${base}/sessions/current`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  await button(page, "Place the order").dblclick();
  const id = await placed(page);
  const mine = await ordersOf(eve);
  assert.deepEqual(mine.map((order) => [order.id, order.total]), [[id, "9.00"]]);
  assert.equal(new Set(orders.map(({ key }) => key)).size, 4);
  await context.close();
};

/// Asks so late for an answer that was lost that nobody can tell: nothing is sent again by itself.
const askTooLate = async () => {
  const tess = shopper("Tess");
  const thing = await product();
  const { context, page, orders } = await visit();
  const lost = (route) => (route.request().method() === "POST" ? route.abort() : route.fallback());
  const loseOne = async () => {
    await context.route(`${base}/orders`, lost);
    await button(page, "Place the order").click();
    await alerted(page, "The shop does not answer");
    await context.unroute(`${base}/orders`, lost);
  };
  await put(page, thing);
  await room(page, "Basket").click();
  await fill(page, tess);
  await loseOne();
  const sent = orders.length;
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.storefront);
    kept.attempt.at -= 3 * 24 * 3_600_000;
    localStorage.storefront = JSON.stringify(kept);
  });
  await page.reload();
  await alerted(page, "its answer never came");
  assert.equal(orders.length, sent);
  await loseOne();
  assert.notEqual(orders.at(-1).key, orders[0].key);
  const { token } = await page.evaluate(() => JSON.parse(localStorage.storefront).guest);
  await fetch(`${base}/sessions/current`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  await button(page, "Send it again").click();
  await alerted(page, "Your session has ended. If you have sent this order before, ask the shop");
  await button(page, "Place the order").click();
  await placed(page);
  assert.equal((await ordersOf(tess)).length, 1);
  await context.close();
};

/// Presses the button in two windows at once.
const useTwoWindows = async () => {
  const bob = shopper("Bob");
  const thing = await product();
  const { context, page } = await visit();
  await put(page, thing);
  const other = await open(context);
  for (const window of [page, other]) {
    await room(window, "Basket (1)").click();
    await fill(window, bob);
  }
  // So slowly that both are at it.
  await context.route(`${base}/customers`, async (route) => {
    await new Promise((done) => setTimeout(done, 1000));
    return route.fallback();
  });
  const press = (window) => window.evaluate(() => document.getElementById("send").click());
  await Promise.all([press(page), press(other)]);
  const ended = (window) => window.getByText(/Thank you|ordered in another window/).first().waitFor();
  await Promise.all([ended(page), ended(other)]);
  assert.equal((await ordersOf(bob)).length, 1);
  assert.equal((await get(`/customers?q=${bob.email}`)).data.length, 1);
  await page.getByRole("navigation").getByText("Basket", { exact: true }).waitFor();
  await other.getByRole("navigation").getByText("Basket", { exact: true }).waitFor();
  await context.close();
};

/// The whole way without a mouse, on a telephone's window.
const useKeys = async () => {
  const kay = shopper("Kay");
  const thing = await product();
  const { context, page } = await visit({ viewport: { width: 360, height: 740 } });
  const { keyboard } = page;
  const reach = async (target) => {
    for (let tabs = 0; tabs < 200; tabs++) {
      if (await target.evaluate((element) => element === document.activeElement)) break;
      await keyboard.press("Tab");
      assert.notEqual(tabs, 199, `no Tab reaches ${target}`);
    }
    const visible = await target.evaluate((element) => {
      const box = element.getBoundingClientRect();
      return getComputedStyle(element).outlineStyle !== "none" && box.bottom > 0 && box.top < innerHeight;
    });
    assert.ok(visible, `the focus is visible on ${target}`);
  };
  const press = async (target) => {
    await reach(target);
    await keyboard.press("Enter");
  };
  const type = async (target, text) => {
    await reach(target);
    await keyboard.press("Control+A");
    await keyboard.type(text);
  };
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await type(page.getByLabel("Search"), thing.name);
  await keyboard.press("Enter");
  await card(page, thing.name).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("#products li").length === 1);
  await press(button(page, `Add to basket ${thing.name}`));
  await page.keyboard.press("Home");
  await page.evaluate(() => document.activeElement.blur());
  await press(room(page, "Basket (1)"));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Your basket");
  await type(page.getByLabel(`How many of ${thing.name}`), "2");
  await type(page.getByLabel("Name"), kay.name);
  await type(page.getByLabel("E-mail"), kay.email);
  await type(page.getByLabel("Telephone"), kay.phone);
  await type(page.getByLabel("Address"), "1 Analytical Street");
  await reach(button(page, "Place the order"));
  await Promise.all([keyboard.press("Enter"), keyboard.press("Enter")]);
  const id = await placed(page);
  const [mine, ...others] = await ordersOf(kay);
  assert.deepEqual([mine.id, mine.items[0].quantity, others.length], [id, 2, 0]);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), `Order ${id}`);
  await context.close();
};

/// Every view, in light and dark, narrow and wide, with a finger; and the page's HTML.
const look = async () => {
  const { context, page } = await visit();
  const phone = { width: 360, height: 740 };
  const views = async (seen) => {
    await page.goto(`${front}/#shop`);
    await card(page, /./).first().waitFor();
    await seen("shop");
    for (const name of ["Stoneware mug", "Tea towel"]) await put(page, { name });
    await room(page, "Basket").click();
    await page.locator("#rows li").first().waitFor();
    await page.getByLabel("Name").fill("Ada Lovelace");
    await page.getByLabel("E-mail").fill("look@example.org");
    await page.getByLabel("Telephone").fill("12");
    await page.getByLabel("Address").fill("1 Analytical Street\nLondon");
    await seen("basket");
    await page.getByLabel("How many of Tea towel").fill("900");
    await page.getByLabel("Telephone").fill("+44 20 123456");
    await button(page, "Place the order").click();
    await page.locator("#rows .wrong").waitFor();
    await seen("refused");
    await page.getByLabel("How many of Tea towel").fill("2");
    await button(page, "Place the order").click();
    await placed(page);
    await seen("order");
    await room(page, "Your orders").click();
    await page.locator("#orders li").first().waitFor();
    await seen("orders");
  };
  const found = [];
  await views(async (name) => {
    const keep = async (colorScheme, { width }) => {
      if (folder) await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: name !== "shop" });
    };
    found.push(...(await faults(page, name, [...SIGHTS, ["light", phone]], keep)));
    await page.setViewportSize(wide);
    await page.emulateMedia({ colorScheme: "light" });
    for (const small of await tooSmall(page, FINGER_PX)) found.push(`${name}, touched: ${small}`);
  });
  await context.close();
  const copy = mkdtempSync(join(tmpdir(), "storefront-"));
  // The checker reads a file, which has no origin of its own.
  const addressed = written.replace("'self'", front).replace('src="storefront.js"', `src="${front}/storefront.js"`);
  writeFileSync(join(copy, "index.html"), addressed);
  await check([join(copy, "index.html")]).finally(() => rmSync(copy, { recursive: true }));
  assert.deepEqual(found, [], found.join("\n"));
};

const flows = { browse, loseTheAnswer, beRefused, askTooLate, useTwoWindows, useKeys, look };
try {
  // All at once, each with things of its own.
  await Promise.all(Object.entries(flows).map(([name, flow]) => flow().catch((cause) => {
    throw new Error(`${name}: ${cause.message}`, { cause });
  })));
  assert.deepEqual(complaints, []);
  console.log(`The storefront: ${Object.keys(flows).length} flows (${((Date.now() - started) / 1000).toFixed(1)} s)`);
} finally {
  await browser.close();
  server.close();
}
