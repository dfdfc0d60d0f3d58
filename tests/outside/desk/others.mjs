// Files that are taken over, and programs that are told what happens.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { button, done, field, heading, link, main, refused, room, said, summary } from "./hands.mjs";
import { look } from "./look.mjs";
import { base, get, newProduct, unique } from "./shop.mjs";

const chosen = (page, text, name = "table.csv") =>
  field(page, "The file").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
const toImports = async (page, { press }) => {
  await press(room(page, "House"));
  await press(link(page, "Imports"));
  await heading(page, "Imports");
};

export const others = {
  "a file is taken over and set back": async (page, hands) => {
    const { name, press, twice } = hands;
    const known = await newProduct(5);
    const sku = `IMP-${unique()}`;
    await toImports(page, hands);
    await look(page, name, "the form of a file");
    await chosen(page, `sku,name,price,Mood\n${known.sku},${known.name},9.75,\n${sku},Plate,12.50,good\n${sku}-2,Bowl,free,\n`);
    await twice(button(page, "Read the file"));
    await done(page, "nothing is changed yet");
    await said(page, "“free”");
    await look(page, name, "a file that was read");
    await press(summary(page, "Columns"));
    await said(page, "not read");
    await press(main(page).getByRole("link", { name: "New (1)" }));
    await said(page, "Plate");
    await look(page, name, "what is new in a file");
    assert.equal((await get(`/products?sku=${sku}`)).data.length, 0);
    await twice(button(page, "Import 2 rows"));
    await done(page, "It is taken over");
    await look(page, name, "a file that was taken over");
    assert.equal((await get(`/products?sku=${sku}`)).data.length, 1);
    assert.equal((await get(`/products/${known.id}`)).price, "9.75");
    await press(button(page, "Undo the import"));
    await done(page, "It is set back");
    assert.equal((await get(`/products/${known.id}`)).price, "8.50");
    assert.equal((await get(`/products?sku=${sku}`)).data.length, 0);
    await press(link(page, "All imports"));
    await said(page, "set back");
  },

  "a file that is none": async (page, hands) => {
    const { name, press, choose } = hands;
    await toImports(page, hands);
    await choose(field(page, "What it is about"), "customers");
    await chosen(page, "PK\u0003\u0004 a workbook");
    await press(button(page, "Read the file"));
    await refused(page, "is a workbook");
    await look(page, name, "a workbook instead of a file");
    assert.equal(await field(page, "What it is about").inputValue(), "customers");
    await chosen(page, "Wer,Wo\nAda,Rom\n");
    await press(button(page, "Read the file"));
    await refused(page, "no column of its first line is known");
    // A little too long, and much too long: both are told so, and the browser shows it.
    const folder = mkdtempSync(join(tmpdir(), "desk-"));
    for (const [bytes, words] of [[21_000_000, "is longer than 20 MiB"], [30_000_000, "a file is 20 MiB at most"]]) {
      await page.goto(`${base}/desk/imports`);
      const file = join(folder, "table.csv");
      writeFileSync(file, "x".repeat(bytes));
      await field(page, "The file").setInputFiles(file);
      await press(button(page, "Read the file"));
      await said(page, words);
    }
    rmSync(folder, { recursive: true });
    await press(link(page, "Open its page again"));
    await heading(page, "Imports");
  },

  "a program is told what happens": async (page, hands) => {
    const { name, press, twice, type } = hands;
    const host = `till-${unique()}.example`;
    await press(room(page, "House"));
    await press(link(page, "Webhooks"));
    await type(field(page, "Address"), "http://127.0.0.1/hooks");
    await press(button(page, "Make the webhook"));
    await refused(page, "Address");
    await look(page, name, "a webhook that goes nowhere");
    await type(field(page, "Address"), `https://${host}/hooks`);
    await press(summary(page, "Told of everything"));
    await press(field(page, "Order shipped"));
    await twice(button(page, "Make the webhook"));
    const secret = main(page).getByRole("status").locator("code");
    await secret.waitFor();
    assert.match(await secret.innerText(), /^whsec_/);
    await look(page, name, "a new webhook");
    const made = (await get("/webhooks")).data.filter((one) => one.url.includes(host));
    assert.deepEqual(made.map((one) => one.event_types), [["order.shipped"]]);

    await press(link(page, `https://${host}/hooks`));
    await heading(page, `Word to ${host}`);
    await press(button(page, "Pause"));
    await done(page, "Paused.");
    await press(button(page, "Go on"));
    await done(page, "It goes on");
    await press(summary(page, "Another secret"));
    await twice(button(page, "Make another secret"));
    await secret.waitFor();
    await look(page, name, "another secret of a webhook");
    await press(summary(page, "Send again"));
    await type(field(page, "Everything after event"), "0");
    await press(button(page, "Send again"));
    await done(page, "It is sent again.");
    await press(summary(page, "Change the address"));
    await type(field(page, "What it is for"), "The till");
    await press(button(page, "Save"));
    await done(page, "Saved.");
    await press(summary(page, "Remove this webhook"));
    await press(button(page, "Remove it"));
    await done(page, "Removed.");
    assert.equal((await get("/webhooks")).data.filter((one) => one.id === made[0].id).length, 0);
  },
};

/// What the pages show when somebody looks around: a file and a program that stay.
export const leaveSome = async (page) => {
  await page.goto(`${base}/desk/imports`);
  await chosen(page, `sku,name,price\nLEFT-${unique()},Plate,12.50\nLEFT-${unique()},Bowl,free\n`);
  await button(page, "Read the file").click();
  await done(page, "nothing is changed yet");
  await page.goto(`${base}/desk/webhooks`);
  await field(page, "Address").fill("https://till.example/hooks");
  await button(page, "Make the webhook").click();
  await main(page).getByRole("status").locator("code").waitFor();
};
