// The desk in a headless Chromium, as the people at the counter use it: each flow by mouse, by keyboard alone and with
// JavaScript off; then every page that can be reached is looked at by axe-core in light and dark, in a narrow and a wide
// window, and by the Nu HTML checker. Nothing may leave the machine.
//
// scripts/private-shop node tests/outside/desk.mjs FOLDER

import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { goods } from "./desk/goods.mjs";
import { browser, comeIn, mouse, pairs, seen } from "./desk/hands.mjs";
import { house } from "./desk/house.mjs";
import { tryKeys } from "./desk/keys.mjs";
import { lookAround } from "./desk/look.mjs";
import { once } from "./desk/once.mjs";
import { orders } from "./desk/orders.mjs";
import { leaveSome, others } from "./desk/others.mjs";
import { scanner } from "./desk/scanner.mjs";
import { base } from "./desk/shop.mjs";

const [folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const started = Date.now();
const since = () => Math.round((Date.now() - started) / 1000);

// All hands at once, each with things of its own.
const flows = Object.entries({ ...orders, ...goods, ...once, ...scanner, ...others, ...house });
await Promise.all(
  pairs.map(async (hands) => {
    const page = await comeIn(hands);
    for (const [name, flow] of flows) {
      await flow(page, hands).catch((cause) => {
        throw new Error(`${name}, ${hands.name}, at ${page.url()}: ${cause.message}`, { cause });
      });
    }
    await page.context().close();
  }),
);
const flowed = since();

const page = await comeIn(mouse);
await tryKeys(page);
await leaveSome(page);
const { pages, kinds } = await lookAround(page.context(), folder);

assert.deepEqual(seen.complaints, []);
const elsewhere = seen.requests.filter((url) => !url.startsWith(base) && !url.startsWith("data:"));
assert.deepEqual(elsewhere, []);
await browser.close();
console.log(
  `The desk: ${flows.length} flows with three pairs of hands in ${flowed} s, then ${pages.length} pages of ${kinds.size} kinds, ${since()} s in all.`,
);
