// Every form does its work once, and nothing that was typed or scanned is lost.

import assert from "node:assert/strict";
import { button, done, field, link, main, refused, room, said, scan, summary } from "./hands.mjs";
import { base, get, newCustomer, newProduct, send, unique } from "./shop.mjs";

/// Scans one code after the other, as fast as a scanner types.
const scanAll = async (page, codes) => {
  for (const code of codes) {
    await page.locator("#scan").fill(code);
    await page.keyboard.press("Enter");
  }
};
const newTake = async (product) => (await send("POST", "/stock_takes", { shelf: product.shelf })).id;
const counted = async (take) => (await get(`/stock_takes/${take}/lines`)).data.map((line) => line.counted);
const reject = (page) => main(page).getByLabel("Rejected");

export const once = {
  "back, and pressed again": async (page, { press, type, choose }) => {
    const product = await newProduct(1);
    const begin = async () => {
      await type(field(page, "Shelf"), product.shelf);
      await press(button(page, "Begin counting"));
    };
    const takes = async () => (await get("/stock_takes?limit=100")).data.filter((take) => take.shelf === product.shelf).length;
    await press(room(page, "Stock takes"));
    await begin();
    await done(page, "The stock take is open.");
    const { pathname } = new URL(page.url());
    await page.goBack();
    await begin();
    await done(page, "not again now");
    assert.deepEqual([new URL(page.url()).pathname, await takes()], [pathname, 1]);
    // With something else typed it is said too, and leads to what was done.
    await page.goBack();
    await type(field(page, "Note"), "by two");
    await begin();
    await refused(page, "This form was sent before");
    assert.equal(await takes(), 1);
    await press(link(page, "What it did then"));
    await page.waitForURL((url) => url.pathname === pathname);
    // Two counters begin two.
    await press(room(page, "Stock takes"));
    await begin();
    await done(page, "The stock take is open.");
    assert.equal(await takes(), 2);

    const supplier = await send("POST", "/suppliers", { name: `Weaver ${unique()}`, lead_time_days: 5 });
    const draft = async () => {
      await press(summary(page, "New draft by hand"));
      await choose(main(page).locator("details").getByLabel("Supplier"), String(supplier.id));
      await press(button(page, "Make the draft"));
    };
    await page.goto(`${base}/desk/purchase_orders`);
    await draft();
    await done(page, "The draft is made.");
    await page.goBack();
    await draft();
    await done(page, "not again now");
    assert.equal((await get(`/purchase_orders?supplier_id=${supplier.id}`)).data.length, 1);

    const broken = main(page).locator("details:has([name=do][value=move_stock])");
    const book = async () => {
      await press(broken.locator("summary"));
      await type(broken.locator("[name=delta]"), "-1");
      await press(broken.getByRole("button"));
    };
    await page.goto(`${base}/desk/products/${product.id}`);
    await book();
    await done(page, "Booked.");
    await page.goBack();
    await book();
    await done(page, "not again now");
    assert.equal((await get(`/products/${product.id}/stock/movements`)).data.length, 2);
  },

  "two count one shelf": async (page, { press, type }) => {
    const product = await newProduct(5);
    const take = await newTake(product);
    await page.goto(`${base}/desk/stock_takes/${take}`);
    await type(field(page, "Units of"), "3");
    await send("POST", `/stock_takes/${take}/counts`, { counts: [{ product_id: product.id, counted: 4 }] });
    await press(button(page, "Save these counts"));
    await said(page, "4 were counted by staff");
    assert.deepEqual([await field(page, "Units of").inputValue(), await counted(take)], ["3", [4]]);
    await press(button(page, "Save these counts"));
    await done(page, "Counted.");
    assert.deepEqual(await counted(take), [3]);
  },

  "what was wrong with a scan stays in sight": async (page, { script, press }) => {
    if (!script) return;
    const ada = await newCustomer();
    const { id } = await ada.order();
    await page.goto(`${base}/desk/orders/${id}/pack`);
    await scanAll(page, ["nonsense", ada.two.sku, ada.one.sku]);
    await said(page, "1 of 1");
    await said(page, "nonsense");
    const heard = page.getByRole("log").locator("p");
    assert.match((await heard.allTextContents()).join(), /nonsense.*1 of 2.*1 of 1/);
    await press(button(page, "Seen"));
    assert.equal(await main(page).getByText("nonsense").count(), 0);

    const product = await newProduct(5);
    await page.goto(`${base}/desk/stock_takes/${await newTake(product)}`);
    await scanAll(page, ["nonsense", product.sku]);
    await said(page, "1 counted so far");
    await said(page, "Not counted: nonsense");
  },

  "scanning keeps what was typed beside it": async (page, hands) => {
    const { script, press, type } = hands;
    if (!script) return;
    const ada = await newCustomer();
    const { id } = await ada.order();
    await page.goto(`${base}/desk/orders/${id}/pack`);
    await type(field(page, "Tracking number"), "RR 1");
    await scan(page, hands, ada.one.sku, "1 of 1");
    await press(button(page, "One more"));
    await said(page, "1 of 2");
    assert.equal(await field(page, "Tracking number").inputValue(), "RR 1");

    await page.goto(`${base}/desk/orders/new?customer_id=${ada.id}`);
    await scanAll(page, [ada.one.sku]);
    await type(field(page, "Shipping address"), "12 St James's Square");
    await scanAll(page, [ada.two.name]);
    await press(button(page, `Add ${ada.two.name}`));
    await main(page).getByRole("cell", { name: ada.two.name }).waitFor();
    await press(button(page, "Remove"));
    await page.waitForFunction(() => document.querySelectorAll("main tbody tr").length === 1);
    assert.equal(await field(page, "Shipping address").inputValue(), "12 St James's Square");

    const supplier = await send("POST", "/suppliers", { name: `Weaver ${unique()}`, lead_time_days: 5 });
    const lines = [ada.one, ada.two].map((product) => ({ product_id: product.id, quantity: 5 }));
    const order = await send("POST", "/purchase_orders", { supplier_id: supplier.id, lines });
    await send("POST", `/purchase_orders/${order.id}/order`, {});
    await page.goto(`${base}/desk/purchase_orders/${order.id}/receive`);
    await type(reject(page).nth(1), "1");
    await type(field(page, "Note"), "box wet");
    await scan(page, hands, ada.one.sku, "1 of 5");
    await press(button(page, "All of it"));
    await said(page, "5 of 5");
    assert.deepEqual([await reject(page).nth(1).inputValue(), await field(page, "Note").inputValue()], ["1", "box wet"]);
  },

  "what is scanned offline is sent in order": async (page, { script }) => {
    if (!script) return;
    const [one, two] = [await newProduct(5), await newProduct(5)];
    const take = (await send("POST", "/stock_takes", {})).id;
    await page.goto(`${base}/desk/stock_takes/${take}`);
    await main(page).locator("#scan").waitFor();
    const sent = [];
    const note = (answer) => {
      const body = answer.request().method() === "POST" && answer.request().postData();
      if (body) sent.push(new URLSearchParams(body).get("counts[900].scan"));
    };
    page.on("response", note);
    await page.context().setOffline(true);
    const codes = [one.sku, two.sku, `2*${one.sku}`];
    await scanAll(page, codes);
    await refused(page, "The shop does not answer.");
    assert.deepEqual(sent, []);
    await page.context().setOffline(false);
    await said(page, `${one.name}: 3 counted so far`);
    page.off("response", note);
    assert.deepEqual(sent, codes);
    const lines = (await get(`/stock_takes/${take}/lines?counted=true`)).data;
    assert.deepEqual(lines.map((line) => [line.product_id, line.counted]).sort(), [[one.id, 3], [two.id, 1]].sort());
  },
};
