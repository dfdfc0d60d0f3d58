// The keys of the script.

import assert from "node:assert/strict";
import { base, newCustomer } from "./shop.mjs";

export const tryKeys = async (page) => {
  for (const [key, path] of [["o", "/desk/orders"], ["s", "/desk/products"], ["r", "/desk/restock"], ["d", "/desk/stock_takes"], ["c", "/desk/customers"], ["t", "/desk"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === path);
  }
  await (await newCustomer()).order();
  await page.goto(`${base}/desk/orders`);
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  assert.equal(await page.locator("tr.at input:checked").count(), 1);
  // Enter on a row opens it.
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => /^\/desk\/orders\/\d+$/.test(url.pathname));
  // Another key between the two is no way to go.
  await page.goto(`${base}/desk`);
  for (const key of ["g", "n", "o"]) await page.keyboard.press(key);
  await page.waitForTimeout(300);
  assert.equal(new URL(page.url()).pathname, "/desk");
  await page.goto(`${base}/desk/house/audit`);
  const at = () => page.evaluate(() => document.activeElement.closest("tr")?.rowIndex);
  for (const row of [1, 2, 3]) {
    await page.keyboard.press("j");
    assert.equal(await at(), row);
  }
  await page.keyboard.press("k");
  assert.equal(await at(), 2);
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("1");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/desk/orders/1");
  await page.getByRole("button", { name: "Switch the keys off" }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  assert.equal(new URL(page.url()).pathname, "/desk/orders/1");
  await page.getByRole("button", { name: "Switch the keys on" }).click();
};
