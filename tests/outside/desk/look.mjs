// How the desk's pages look.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FINGER_PX, SIGHTS, check, faults, narrow, tooSmall, wide } from "../eyes.mjs";
import { context, mouse } from "./hands.mjs";
import { base } from "./shop.mjs";

/// A page in the middle of a flow; once is enough.
export const look = async (page, hands, name) => {
  if (hands !== mouse.name) return;
  const found = await faults(page, name, SIGHTS);
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
  assert.deepEqual(found, []);
};

// ---- Every page that can be reached, two of each kind

const kindOf = (path) => path.replace(/\?.*/, "").replace(/\d+/g, "{id}");

const reached = async (request) => {
  const kinds = new Map();
  const waiting = ["/desk", "/desk/account", "/desk/search?q=mug", "/desk/nothing"];
  const pages = [];
  while (waiting.length > 0) {
    const path = waiting.shift();
    const kind = kindOf(path);
    const of = kinds.get(kind) ?? 0;
    if (pages.some((page) => page.path === path) || of >= 2) continue;
    const answer = await request.get(base + path, { headers: { "Sec-Fetch-Site": "same-origin" } });
    if (!answer.headers()["content-type"]?.startsWith("text/html")) continue;
    kinds.set(kind, of + 1);
    const html = await answer.text();
    const name = `${String(pages.length).padStart(2, "0")}${kind.replace(/[^a-z_]+/g, "-")}`;
    pages.push({ path, name, html, isFirst: of === 0 });
    for (const [, link] of html.matchAll(/href="(\/desk[^"#]*)"/g)) waiting.push(link.replaceAll("&amp;", "&"));
  }
  assert.ok(kinds.size >= 50, `only ${[...kinds.keys()]} were reached`);
  return { pages, kinds };
};

/// Two pairs of eyes look at the pages, each of a kind in all lights and widths, and a second one of it in one; what they
/// see first is kept in the folder.
export const lookAround = async (inside, folder) => {
  const { pages, kinds } = await reached(inside.request);
  const files = pages.map(({ name, html }) => {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, html);
    return file;
  });
  const found = [];
  const waiting = [...pages];
  const eyes = async () => {
    const page = await inside.newPage();
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { path, name, isFirst } = next;
      await page.goto(base + path);
      const keep = async (colorScheme, { width }) => {
        if (!isFirst || colorScheme === "dark") return;
        await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: width === wide.width });
      };
      found.push(...(await faults(page, path, isFirst ? SIGHTS : [["light", narrow]], keep)));
    }
    await page.close();
  };
  // With a finger on a telephone.
  const finger = async () => {
    const touched = await context({ viewport: narrow, hasTouch: true, isMobile: true, storageState: await inside.storageState() });
    const page = await touched.newPage();
    for (const { path } of pages.filter(({ isFirst }) => isFirst)) {
      await page.goto(base + path);
      for (const small of await tooSmall(page, FINGER_PX)) found.push(`${path}, touched: ${small}`);
    }
    await touched.close();
  };
  await Promise.all([check(files), eyes(), eyes(), finger()]);
  assert.deepEqual(found, [], found.join("\n"));
  return { pages, kinds };
};
