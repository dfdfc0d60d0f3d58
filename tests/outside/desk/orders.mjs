// Orders at the desk, from the telephone to the parcel.

import assert from "node:assert/strict";
import { button, done, field, heading, link, refused, room, said, scan, summary } from "./hands.mjs";
import { base, get, newCustomer, send } from "./shop.mjs";
import { look } from "./look.mjs";

const ordersOf = async ({ id }) => (await get(`/customers/${id}/orders`)).data;

export const orders = {
  "pick, pack and ship": async (page, hands) => {
    const { press, twice, type } = hands;
    const ada = await newCustomer();
    const { id } = await ada.order();
    await press(room(page, "Orders"));
    await type(field(page, "Number, name"), String(id));
    await press(button(page, "Search"));
    await press(link(page, `#${id}`));
    await press(link(page, "Pack"));
    await scan(page, hands, ada.two.sku, "1 of 2");
    await scan(page, hands, "nonsense", "Nothing here has the code");
    await scan(page, hands, ada.one.barcode, "1 of 1");
    await scan(page, hands, ada.two.barcode, "2 of 2");
    await said(page, "2 of 2 lines packed");
    await type(field(page, "Carrier"), "Post");
    await type(field(page, "Tracking number"), `RR${id}`);
    await twice(button(page, "Ship"));
    await done(page, "Shipped.");
    // A page loaded again does nothing again.
    await page.reload();
    assert.equal((await get(`/orders/${id}`)).status, "shipped");
    assert.equal((await get(`/products/${ada.two.id}/stock/movements?reason=sale`)).data.length, 1);
  },

  "an order on the telephone": async (page, hands) => {
    const { press, twice, type } = hands;
    const ada = await newCustomer();
    await page.goto(`${base}/desk/orders/new`);
    await type(field(page, "Name, e-mail or phone"), ada.name);
    await press(button(page, "Search"));
    await press(link(page, ada.name));
    await type(page.locator("#scan"), `2*${ada.two.sku}`);
    await page.keyboard.press("Enter");
    await type(field(page, "Shipping address"), "12 St James's Square");
    await twice(button(page, "Place the order"));
    await done(page, "The order is placed.");
    // Gone back to and pressed again, it is the one that was placed.
    await page.goBack();
    await type(field(page, "Shipping address"), "12 St James's Square");
    await press(button(page, "Place the order"));
    await done(page, "The order is placed.");
    const [placed, ...others] = await ordersOf(ada);
    assert.deepEqual([placed.items[0].quantity, placed.shipping_address, others], [2, "12 St James's Square", []]);
  },

  "several orders are picked in one round": async (page, { press, type }) => {
    const ada = await newCustomer();
    const [first, second] = [await ada.order(), await ada.order()];
    await press(room(page, "Orders"));
    await type(field(page, "Number, name"), ada.email);
    await press(button(page, "Search"));
    for (const { id } of [first, second]) await press(page.getByLabel(`Tick order ${id}`, { exact: true }));
    await press(button(page, "Pick list of what is ticked"));
    await said(page, "For 2 orders");
    const row = page.getByRole("row").filter({ hasText: ada.two.sku });
    assert.match(await row.innerText(), new RegExp(`${ada.two.shelf}[^]*\\b4\\b[^]*#${first.id} × 2 #${second.id} × 2`));
    await page.goto(`${base}/desk/orders/${first.id}`);
    await press(link(page, "Packing slip"));
    await heading(page, "Packing slip");
    assert.ok(!(await page.locator("main").innerText()).includes("8.50"), "a slip says no prices");
    await page.goBack();
    await press(link(page, "Packing slip with prices"));
    await said(page, "8.50");
  },

  "two people change one order": async (page, { name, press, type }) => {
    const { id } = await (await newCustomer()).order();
    const note = async () => (await get(`/orders/${id}`)).note;
    await page.goto(`${base}/desk/orders/${id}`);
    await press(summary(page, "Correct address"));
    await type(field(page, "Note"), "Ring twice");
    await send("PATCH", `/orders/${id}`, { note: "Leave it at the door" });
    await press(button(page, "Save"));
    await refused(page, "Somebody has changed this meanwhile");
    await said(page, "Now it is: Leave it at the door");
    assert.deepEqual([await field(page, "Note").inputValue(), await note()], ["Ring twice", "Leave it at the door"]);
    await look(page, name, "both versions");
    await press(button(page, "Save"));
    await done(page, "Saved.");
    assert.equal(await note(), "Ring twice");
    // What is no longer to be done is said, and not done.
    await press(summary(page, "Cancel the order"));
    await send("POST", `/orders/${id}/ship`, { carrier: "Post" });
    await press(button(page, "Cancel the order"));
    await refused(page, "Somebody has changed this meanwhile");
    await heading(page, "Shipped");
  },

  "a mistake is named beside its field": async (page, { name, press, type }) => {
    const ada = await newCustomer();
    await page.goto(`${base}/desk/customers/${ada.id}`);
    await press(summary(page, "Change name"));
    await type(field(page, "E-mail"), "nowhere");
    await press(button(page, "Save"));
    await refused(page, "E-mail");
    await look(page, name, "a mistake");
    await press(page.getByRole("alert").first().getByRole("link").first());
    const wrong = page.locator("[aria-invalid=true]").first();
    assert.ok(await wrong.evaluate((element) => element === document.activeElement), "the link leads to the field");
    await type(wrong, `new.${ada.email}`);
    await press(button(page, "Save"));
    await done(page, "Saved.");
    assert.equal((await get(`/customers/${ada.id}`)).email, `new.${ada.email}`);
  },
};
