// What managers do, and how one comes in and goes.

import assert from "node:assert/strict";
import { button, comeIn, done, field, heading, link, logIn, main, refused, room, said } from "./hands.mjs";
import { look } from "./look.mjs";
import { ask, base, get, newClerk, newProduct, unique } from "./shop.mjs";

export const house = {
  "a key for a program": async (page, { name, press, twice, type, choose }) => {
    const program = `Till ${unique()}`;
    await press(room(page, "House"));
    await press(link(page, "API keys"));
    await type(field(page, "Name of the program"), program);
    await press(field(page, "Read orders"));
    await twice(button(page, "Make the key"));
    const shown = main(page).getByRole("status").locator("code");
    await shown.waitFor();
    await look(page, name, "a new key");
    const key = await shown.innerText();
    const may = async (path) => (await ask("GET", path, key)).status;
    assert.deepEqual([await may("/orders"), await may("/suppliers")], [200, 403]);
    // Loaded again, it is the one key, and is not shown again.
    await page.reload();
    await said(page, program);
    assert.ok(!(await page.content()).includes(key), "a key is shown once");
    const made = (await get("/api_keys")).data.filter((one) => one.name === program);
    assert.deepEqual(made.map((one) => one.scopes), [["orders:read"]]);
    await press(button(page, `Revoke ${program}`));
    await done(page, "Revoked.");
    assert.equal(await may("/orders"), 401);

    await press(room(page, "House"));
    await press(link(page, "Audit log"));
    await choose(field(page, "What"), "api_key");
    await type(field(page, "Its number"), String(made[0].id));
    await press(button(page, "Search"));
    await page.getByRole("row").nth(2).waitFor();
    const rows = await page.getByRole("row").filter({ hasText: `Api key ${made[0].id}` }).count();
    assert.deepEqual([rows, await page.getByRole("row").count()], [2, 3], "made and revoked, and nothing else");
  },

  "a clerk becomes a manager": async (page, hands) => {
    const { press, choose } = hands;
    const name = newClerk();
    const product = await newProduct(5);
    const theirs = await comeIn(hands, {}, name);
    const opens = async (path) => (await theirs.goto(base + path)).status();
    // What things cost and who else works here is not theirs to see.
    assert.equal(await room(theirs, "House").count(), 0);
    for (const path of ["/desk/house", "/desk/house/staff", "/desk/suppliers"]) assert.equal(await opens(path), 403);
    const costs = theirs.locator("[name=unit_cost]");
    assert.deepEqual([await opens(`/desk/products/${product.id}`), await costs.count()], [200, 0]);

    await press(room(page, "House"));
    await press(link(page, "Staff"));
    const row = page.getByRole("row").filter({ has: page.getByRole("cell", { name, exact: true }) });
    await choose(row.getByLabel("Role"), "manager");
    await press(row.locator("form").filter({ has: page.getByLabel("Role") }).getByRole("button", { name: "Save" }));
    await done(page, "Saved.");
    assert.deepEqual([await opens("/desk/house/staff"), await opens(`/desk/products/${product.id}`)], [200, 200]);
    assert.deepEqual([await room(theirs, "House").count(), await costs.count()], [1, 1]);
    await theirs.context().close();
  },

  "the books are proved": async (page, { press }) => {
    await press(room(page, "House"));
    await press(link(page, "Prove the books"));
    // Somebody else's may be at work.
    const now = button(page, "Prove them now");
    if (await now.count()) {
      await press(now);
      await main(page).locator("[role=status], [role=alert]").first().waitFor();
    }
    for (let tries = 0; tries < 100; tries++) {
      if (await page.getByText("✓ they hold").count()) return;
      await page.waitForTimeout(200);
      await page.goto(`${base}/desk/house/verify`);
    }
    assert.fail("the proof does not end");
  },

  "out and in again": async (page, hands) => {
    await page.goto(`${base}/desk/orders`);
    await hands.press(page.getByRole("button", { name: "Log out" }));
    await done(page, "You are logged out.");
    await page.goBack();
    await heading(page, "Log in to");
    assert.equal(await page.getByRole("navigation").count(), 0);
    await logIn(page, hands, "not the password");
    await refused(page, "Nothing tells which of the two is wrong.");
    await look(page, hands.name, "a wrong password");
    await logIn(page, hands);
    await heading(page, "Orders");
  },
};
