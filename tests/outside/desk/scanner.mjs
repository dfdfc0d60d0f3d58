// What a scanner types where and when nobody meant it, and what is typed beside the scans.

import assert from "node:assert/strict";
import { button, done, field, heading, logIn, main, refused, said, scan } from "./hands.mjs";
import { base, get, newCustomer, newProduct, onHand, send, unique } from "./shop.mjs";

/// Types a code where the keyboard is, as a scanner does, and Enter behind it.
const shoot = async (page, code) => {
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
};
const ordered = async (products) => {
  const supplier = await send("POST", "/suppliers", { name: `Weaver ${unique()}`, lead_time_days: 5 });
  const lines = products.map(({ id }) => ({ product_id: id, quantity: 9 }));
  const order = await send("POST", "/purchase_orders", { supplier_id: supplier.id, lines });
  await send("POST", `/purchase_orders/${order.id}/order`, {});
  return order.id;
};
const accepted = (page) => main(page).getByLabel("Accepted");

export const scanner = {
  "a scan too many ships nothing": async (page, hands) => {
    const { press, type } = hands;
    const ada = await newCustomer();
    const { id } = await ada.order();
    const status = async () => (await get(`/orders/${id}`)).status;
    await page.goto(`${base}/desk/orders/${id}/pack`);
    await scan(page, hands, `2*${ada.two.barcode}`, "2 of 2");
    await scan(page, hands, ada.one.barcode, "1 of 1");
    await shoot(page, ada.one.barcode);
    await said(page, "Too many of");
    for (let enters = 0; enters < 3; enters++) await page.keyboard.press("Enter");
    await said(page, "2 of 2 lines packed");
    await press(button(page, "One less"));
    await said(page, "1 of 2 lines packed");
    await press(button(page, "One more"));
    await said(page, "2 of 2 lines packed");
    // With the keyboard in the wrong field.
    for (const name of ["Carrier", "Tracking number"]) {
      await field(page, name).focus();
      await page.keyboard.press("End");
      await shoot(page, ada.one.barcode);
      await refused(page, "is the code of");
      assert.equal(await status(), "placed");
      await press(button(page, "Ship"));
      await refused(page, "is the code of");
      await field(page, name).fill("");
    }
    await type(page.locator("#scan"), `RR${id}GB`);
    await page.keyboard.press("Enter");
    await said(page, "it stands as the tracking number");
    await type(field(page, "Carrier"), "DPD");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(100);
    assert.equal(await status(), "placed");
    await press(button(page, "Ship"));
    await done(page, "Shipped.");
    const { carrier, tracking_number } = await get(`/orders/${id}`);
    assert.deepEqual([carrier, tracking_number], ["DPD", `RR${id}GB`]);
    // It is said to whoever did it, and of what was done.
    const link = page.url().replace(/&proof=[^&]*/, "");
    await page.goto(link);
    await heading(page, "Shipped");
    assert.equal(await page.locator("p.done").count(), 0);
  },

  "a scan comes on top of what is typed": async (page, hands) => {
    const { press, type } = hands;
    const [one, two] = [await newProduct(5), await newProduct(5)];
    await page.goto(`${base}/desk/purchase_orders/${await ordered([one, two])}/receive`);
    await type(accepted(page).first(), "4");
    await type(field(page, "Note"), "box wet");
    await scan(page, hands, one.sku, "5 of 9");
    await type(accepted(page).nth(1), "2");
    await press(main(page).getByRole("row").filter({ hasText: two.name }).getByRole("button", { name: "One more" }));
    await said(page, "3 of 9");
    assert.deepEqual([await accepted(page).first().inputValue(), await field(page, "Note").inputValue()], ["5", "box wet"]);
    await press(button(page, "Book what came"));
    await done(page, "Booked: what came is on the shelf.");
    assert.deepEqual([await onHand(one), await onHand(two)], [10, 8]);

    const ada = await newCustomer();
    await page.goto(`${base}/desk/orders/new?customer_id=${ada.id}`);
    await type(field(page, "Shipping address"), "12 St James's Square");
    await type(page.locator("#scan"), one.sku);
    await page.keyboard.press("Enter");
    await main(page).getByRole("cell", { name: one.name }).waitFor();
    await type(field(page, "Units"), "4");
    await type(page.locator("#scan"), `2*${one.sku}`);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("main td input[inputmode]")?.value === "6");
    assert.equal(await field(page, "Shipping address").inputValue(), "12 St James's Square");
    await type(field(page, "Units"), "0");
    await press(button(page, "Place the order"));
    await refused(page, "are missing. Type how many");
    assert.equal(await field(page, "Shipping address").inputValue(), "12 St James's Square");

    const take = (await send("POST", "/stock_takes", { shelf: one.shelf })).id;
    await page.goto(`${base}/desk/stock_takes/${take}`);
    await type(field(page, "Units of"), "7");
    await scan(page, hands, one.sku, "8 counted so far");
  },

  "what belongs to another shelf is counted by whoever means it": async (page, hands) => {
    const [here, there] = [await newProduct(5), await newProduct(5)];
    const take = (await send("POST", "/stock_takes", { shelf: here.shelf })).id;
    const counted = async () => (await get(`/stock_takes/${take}/lines?counted=true`)).data.map((line) => line.counted);
    await page.goto(`${base}/desk/stock_takes/${take}`);
    await scan(page, hands, `3*${there.barcode}`, "Not counted");
    await said(page, `It belongs to shelf ${there.shelf}`);
    assert.deepEqual(await counted(), []);
    // The next scan is one of its own.
    await scan(page, hands, here.barcode, "1 counted so far");
    await scan(page, hands, `3*${there.barcode}`, "Not counted");
    await hands.press(button(page, "Count it here too"));
    await said(page, "3 counted so far");
    assert.deepEqual((await counted()).sort(), [1, 3]);
  },

  "a login that ends loses nothing": async (page, hands) => {
    const { script, press, type } = hands;
    const ada = await newCustomer();
    const { id } = await ada.order();
    const address = `${base}/desk/orders/${id}/pack`;
    await page.goto(address);
    await scan(page, hands, ada.one.sku, "1 of 1");
    await type(field(page, "Carrier"), "DPD");
    await page.context().clearCookies();
    if (script) {
      await type(page.locator("#scan"), ada.two.sku);
      await page.keyboard.press("Enter");
      await refused(page, "You are logged out.");
      // The next one waits behind it.
      await shoot(page, ada.two.sku);
      const [other] = await Promise.all([page.waitForEvent("popup"), press(main(page).getByRole("link", { name: "You are logged out." }))]);
      await logIn(other, hands);
      await heading(other, "Today");
      await other.close();
      await said(page, "2 of 2 lines packed");
    }
    await page.context().clearCookies();
    await press(button(page, "Ship"));
    await said(page, "What you typed is kept");
    // A scan goes nowhere.
    await shoot(page, ada.two.sku);
    assert.deepEqual([await page.getByLabel("Username").inputValue(), await page.getByLabel("Password").inputValue()], ["", ""]);
    await logIn(page, hands);
    await refused(page, "Your login had ended");
    assert.equal(await field(page, "Carrier").inputValue(), "DPD");
    await said(page, `${script ? 2 : 1} of 2 lines packed`);
    assert.equal((await get(`/orders/${id}`)).status, "placed");
    await press(button(page, "Ship"));
    await done(page, "Shipped.");
  },

  "what is scanned after a refusal counts": async (page, hands) => {
    const { press } = hands;
    const [product, ada] = [await newProduct(5), await newCustomer()];
    const listening = () => page.locator("#scan:focus").waitFor();
    await page.goto(`${base}/desk/purchase_orders/${await ordered([product])}/receive`);
    await scan(page, hands, `12*${product.sku}`, "12 of 9");
    await press(button(page, "Book what came"));
    await refused(page, "nothing is booked yet");
    await listening();
    await shoot(page, product.sku);
    await said(page, "13 of 9 counted");

    await page.goto(`${base}/desk/orders/new?customer_id=${ada.id}`);
    await page.locator("#scan").focus();
    await shoot(page, `99*${product.sku}`);
    await main(page).getByRole("cell", { name: product.name }).waitFor();
    await press(button(page, "Place the order"));
    await refused(page, "99 wanted, 5 there");
    await listening();
    await shoot(page, ada.one.sku);
    await main(page).getByRole("cell", { name: ada.one.name }).waitFor();

    if (!hands.script) return;
    // Wherever somebody has clicked, and whatever letters a code has.
    const { id } = await ada.order();
    await page.goto(`${base}/desk/orders/${id}/pack`);
    for (const [code, says] of [[ada.one.sku, "1 of 1"], ["gojkx", "Nothing here has the code gojkx"], [`2*${ada.two.barcode}`, "2 of 2"]]) {
      await page.locator("h1").click();
      await shoot(page, code);
      await said(page, says);
    }
    await page.locator("h1").click();
    await page.keyboard.press("/");
    await page.locator("#search:focus").waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await shoot(page, ada.one.barcode);
    await said(page, "Too many of");
  },

  "what is scanned is counted before the whole is sent": async (page, hands) => {
    if (!hands.script) return;
    const product = await newProduct(5);
    const order = await ordered([product]);
    await page.goto(`${base}/desk/purchase_orders/${order}/receive`);
    await page.route("**/receive**", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue();
    });
    await main(page).locator("#scan").focus();
    await shoot(page, product.sku);
    await shoot(page, `2*${product.sku}`);
    // Typed while the shop has not answered yet.
    await field(page, "Note").focus();
    await page.keyboard.type("box wet");
    await button(page, "Book what came").click();
    await done(page, "Booked: what came is on the shelf.");
    await page.unroute("**/receive**");
    assert.equal(await onHand(product), 8);
    assert.equal((await get(`/products/${product.id}/stock/movements`)).data[0].note, "box wet");
  },
};
