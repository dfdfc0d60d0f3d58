// Products, their stock, whom they are bought from, and how they come.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { button, done, field, heading, link, main, refused, room, said, scan, summary } from "./hands.mjs";
import { look } from "./look.mjs";
import { ask, base, get, newProduct, onHand, send, unique } from "./shop.mjs";

const movements = async ({ id }) => (await get(`/products/${id}/stock/movements`)).data;

/// A graph says in words what it shows.
const graph = async (page, title, words) => {
  const drawn = page.getByRole("img", { name: title });
  await drawn.waitFor();
  assert.match(await drawn.locator("desc").textContent(), words);
};

/// Of the sample data, what has been sold for ten weeks and has no rule: one for each pair of hands.
const withPast = [4, 6, 10];

/// A product that is to be bought: two are there, and with less than ten there shall be twenty.
const newToBuy = async () => {
  const supplier = await send("POST", "/suppliers", { name: `Weaver ${unique()}`, lead_time_days: 5, email: "weaver@example.org" });
  const product = await newProduct(2);
  await send("PUT", `/suppliers/${supplier.id}/products/${product.id}`, { cost: "3.10", supplier_sku: `W-${product.sku}`, preferred: true });
  await send("PATCH", `/products/${product.id}/stock`, { reorder_point: 10, reorder_target: 20 });
  return { supplier, product };
};
const pathOf = (page) => new URL(page.url()).pathname.replace("/desk", "");

/// What comes with a link that is kept as a file.
const kept = async (page, press, name) => {
  const [download] = await Promise.all([page.waitForEvent("download"), press(link(page, name))]);
  return readFileSync(await download.path(), "utf8");
};

export const goods = {
  "what runs out is ordered and received": async (page, hands) => {
    const { name, press, twice, type, choose } = hands;
    const { supplier, product } = await newToBuy();
    await press(room(page, "Restock"));
    await press(link(page, supplier.name));
    await press(link(page, product.name));
    await said(page, "order 18");
    await press(main(page).getByRole("link", { name: "2 = 2 on the shelf" }));
    await heading(page, `${product.name}: Available 2`);
    await page.goBack();
    await choose(field(page, "Units"), "20");
    await press(button(page, "Put it on a new draft"));
    await done(page, "The draft is made.");
    const path = pathOf(page);
    assert.equal((await get(path)).lines[0].quantity, 20);
    await press(link(page, `Change ${product.name}`));
    await type(field(page, "Units"), "30");
    await press(button(page, "Save"));
    await done(page, "The line is set.");
    await twice(button(page, "Order it"));
    await done(page, "Ordered.");
    const { status, lines: [line] } = await get(path);
    assert.deepEqual([status, line.quantity], ["ordered", 30]);
    assert.equal((await get(`/products/${product.id}/stock`)).incoming, 30);

    await press(link(page, "To print"));
    await page.getByRole("row").filter({ hasText: `W-${product.sku}` }).waitFor();
    await press(link(page, "Back to the purchase order"));
    assert.match(await kept(page, press, "CSV"), new RegExp(`W-${product.sku}`));
    await press(link(page, "Mail"));
    assert.match(await field(page, "The letter").inputValue(), new RegExp(`30 .*W-${product.sku}`));
    assert.match(await kept(page, press, "Keep it as a file"), /Subject: /);
    await press(link(page, "Back to the purchase order"));

    await press(link(page, "Receive"));
    await scan(page, hands, "11*" + product.barcode, "11 of 30 counted");
    await scan(page, hands, "nonsense", "Nothing here has the code");
    await scan(page, hands, product.sku, "12 of 30 counted");
    await twice(button(page, "Book what came"));
    await done(page, "Booked: what came is on the shelf.");
    await page.reload();
    assert.equal(await onHand(product), 14);
    // Gone back to and pressed again, it is the one delivery.
    await page.goBack();
    await press(button(page, "Book what came"));
    await done(page, "Booked: what came is on the shelf.");
    assert.equal(await onHand(product), 14);

    await press(link(page, "Receive"));
    await scan(page, hands, `24*W-${product.sku}`, "6 more than was ordered");
    await type(field(page, "Rejected"), "1");
    await press(button(page, "Book what came"));
    await refused(page, "More came than was ordered");
    await look(page, name, "a surplus");
    assert.equal(await onHand(product), 14);
    await press(field(page, "Keep what is more than was ordered"));
    await twice(button(page, "Book what came"));
    await done(page, "Booked: what came is on the shelf.");
    const { status: then, receipts } = await get(path);
    const came = receipts.map((receipt) => receipt.lines.map(({ accepted, rejected }) => [accepted, rejected]));
    assert.deepEqual([then, came, await onHand(product)], ["received", [[[12, 0]], [[24, 1]]], 38]);
  },

  "what is to be bought is put off": async (page, { press, type }) => {
    const { product } = await newToBuy();
    await page.goto(`${base}/desk/restock/${product.id}`);
    await type(field(page, "Not before"), "2099-01-31");
    await press(main(page).locator("form").filter({ hasText: "Not before" }).getByRole("button"));
    await done(page, "Saved.");
    assert.equal((await get(`/products/${product.id}/stock`)).snoozed_until, "2099-01-31");
    const [{ quantity }] = (await get(`/restock/plan?product_id=${product.id}`)).data;
    assert.equal(quantity, 0);
  },

  "a product": async (page, { press, twice, type }) => {
    const sku = `NEW-${unique()}`;
    await press(room(page, "Products"));
    await press(link(page, "New product"));
    await type(field(page, "Name"), `New thing ${sku}`);
    await type(field(page, "Price"), "12.50");
    await type(field(page, "SKU"), sku);
    await type(field(page, "On the shelf now"), "20");
    await twice(button(page, "Add the product"));
    await done(page, "The product is in the catalogue.");
    const [product, ...others] = (await get(`/products?sku=${sku}`)).data;
    assert.deepEqual([product.price, others, await onHand(product)], ["12.50", [], 20]);

    await press(link(page, "Edit"));
    await type(field(page, "Shelf"), "Z9");
    await press(button(page, "Save"));
    await done(page, "Saved.");
    const { shelf, price } = await get(`/products/${product.id}`);
    assert.deepEqual([shelf, price], ["Z9", "12.50"]);

    await press(summary(page, "Count the shelf"));
    await type(field(page, "Units on the shelf"), "18");
    await twice(button(page, "Book the count"));
    await done(page, "The count is booked.");
    await press(link(page, "Ledger"));
    await graph(page, "On hand over time", /ends with 18 on/);
    await page.getByRole("row").filter({ hasText: "Count" }).filter({ hasText: "−2" }).waitFor();
    assert.equal((await movements(product)).length, 2);

    await press(link(page, "Label"));
    await page.locator(".sheet").filter({ hasText: sku }).getByRole("img").waitFor();
    await page.goto(`${base}/desk/products/${product.id}`);
    await press(summary(page, "Take it out of the catalogue"));
    await twice(button(page, "Take it out of the catalogue"));
    await done(page, "It is out of the catalogue.");
    assert.equal((await ask("GET", `/products/${product.id}`)).status, 404);
    await press(button(page, "Bring it back into the catalogue"));
    await done(page, "It is in the catalogue again.");
    assert.equal((await get(`/products/${product.id}`)).sku, sku);
  },

  "a rule is tried before it is taken": async (page, { press, type }) => {
    const id = withPast.shift();
    const ruleOf = async () => {
      const { reorder_point, reorder_target } = await get(`/products/${id}/stock`);
      return [reorder_point, reorder_target];
    };
    await page.goto(`${base}/desk/products/${id}`);
    await press(link(page, "Restocking rule"));
    await type(page.locator("#try-reorder_point"), "7");
    await type(page.locator("#try-reorder_target"), "19");
    await press(button(page, "Try it"));
    await graph(page, "Units not sold, by reorder point", /^From .* at the reorder point/);
    await graph(page, "Average stock, by reorder point", /^From .* at the reorder point/);
    await press(link(page, "Take the proposal over into the rule"));
    await done(page, "Nothing is saved yet.");
    assert.deepEqual(await ruleOf(), [null, null]);
    await press(button(page, "Save"));
    await done(page, "The rule is saved.");
    assert.deepEqual(await ruleOf(), [7, 19]);
  },

  "a stock take": async (page, hands) => {
    const { press, twice, type } = hands;
    const product = await newProduct(5);
    await press(room(page, "Stock takes"));
    await type(field(page, "Shelf"), product.shelf);
    await type(field(page, "Note"), "by the judge");
    await press(button(page, "Begin counting"));
    await done(page, "The stock take is open.");
    await scan(page, hands, product.sku, "1 counted so far");
    await scan(page, hands, `2*${product.barcode}`, "3 counted so far");
    await press(link(page, "Review and book"));
    await twice(button(page, "Book the differences"));
    await done(page, "Booked.");
    assert.deepEqual([await onHand(product), (await movements(product)).length], [3, 2]);
  },

  "a supplier": async (page, { press, twice, type }) => {
    const name = `Potter ${unique()}`;
    const product = await newProduct(0);
    const found = async (query) => (await get(`/suppliers?q=${encodeURIComponent(name)}${query}`)).data;
    await press(room(page, "House"));
    await press(link(page, "Suppliers"));
    await press(link(page, "New supplier"));
    await type(field(page, "Name"), name);
    await type(field(page, "Days from ordering to receiving"), "6");
    await press(field(page, "Monday"));
    await twice(button(page, "Add"));
    await done(page, "The supplier is added.");
    const [supplier, ...others] = await found("");
    assert.deepEqual([supplier.lead_time_days, supplier.order_days, others], [6, ["mon"], []]);

    await press(link(page, "What it sells"));
    await type(page.locator("#scan"), product.sku);
    await page.keyboard.press("Enter");
    await said(page, "It is not known to sell this.");
    await type(field(page, "Cost of one"), "3.20");
    await type(field(page, "Units in a pack"), "6");
    await press(field(page, "Preferred"));
    await type(field(page, "From units"), "60");
    await type(main(page).locator("fieldset").getByLabel("Cost of one").first(), "3.00");
    await press(button(page, "Save"));
    await done(page, "Saved.");
    const { cost, pack_size, preferred, price_breaks } = await get(`/suppliers/${supplier.id}/products/${product.id}`);
    assert.deepEqual([cost, pack_size, preferred, price_breaks.length], ["3.20", 6, true, 1]);

    await press(link(page, name));
    await press(summary(page, "Archive"));
    await twice(button(page, "Archive"));
    await done(page, "The supplier is archived.");
    assert.equal((await found("&archived=true")).length, 1);
    await press(link(page, "Archived"));
    await press(button(page, `Restore ${name}`));
    await done(page, "The supplier is there again.");
    assert.equal((await found("")).length, 1);
  },
};
