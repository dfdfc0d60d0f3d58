// How pages look: to axe-core in light and dark, in a narrow and a wide window, and to the Nu HTML checker.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { context, mouse } from "./hands.mjs";
import { base } from "./shop.mjs";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const jar = join(dirname(require.resolve("vnu-jar/package.json")), "build/dist/vnu.jar");

const narrow = { width: 320, height: 900 };
const wide = { width: 1280, height: 900 };
const SIGHTS = [["light", wide], ["light", narrow], ["dark", wide], ["dark", narrow]];

/// As small as what is pressed may be, with a mouse and with a finger.
const MOUSE_PX = 24;
const FINGER_PX = 44;

/// What can be pressed and is smaller. Links within a sentence are as high as its lines; what stands out of the window is
/// only for the keyboard, and a label is pressed for its box.
const tooSmall = (page, least) =>
  page.evaluate((least) => {
    const isInSentence = (link) => {
      const around = link.closest("p, li, dd, td");
      const own = [...(around?.querySelectorAll("a") ?? [])].map((one) => one.textContent).join("");
      return around?.tagName === "P" && /\p{L}/u.test(around.textContent) && around.textContent.replace(/[\s·]/g, "") !== own.replace(/[\s·]/g, "");
    };
    return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
      .filter((one) => one.checkVisibility())
      .map((one) => ({ one, box: one.getBoundingClientRect() }))
      .filter(({ box }) => box.right > 0 && Math.min(box.width, box.height) > 0)
      .filter(({ one, box }) => (box.height < least - 0.5 || box.width < Math.min(least, 24) - 0.5) && !(one.tagName === "A" && isInSentence(one)))
      .map(({ one, box }) => `${Math.round(box.width)} × ${Math.round(box.height)} pixels: ${one.outerHTML.slice(0, 120)}`);
  }, least);

/// What axe finds on the page, or what does not fit on it. It stays loaded, since its colours and its width follow the
/// window.
const faults = async (page, name, sights, seen = async () => {}) => {
  // Not as an element of the page, whose own policy allows no script of ours.
  await page.evaluate(`${axe};undefined`);
  const found = [];
  for (const [colorScheme, viewport] of sights) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const { violations, over, hidden } = await page.evaluate(async () => ({
      violations: (await window.axe.run({ resultTypes: ["violations"] })).violations,
      over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      hidden: [...document.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth).length,
    }));
    const where = `${name}, ${colorScheme}, ${viewport.width} pixels wide`;
    for (const { id, nodes } of violations) found.push(`${where}: ${id} ${nodes[0].html}`);
    if (over > 0) found.push(`${where}: ${over} pixels too wide`);
    // What one works with is in sight on a telephone.
    if (hidden > 0 && viewport === narrow) found.push(`${where}: ${hidden} tables go on out of sight`);
    for (const small of await tooSmall(page, MOUSE_PX)) found.push(`${where}: ${small}`);
    await seen(colorScheme, viewport);
  }
  return found;
};

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

const check = async (files) => {
  try {
    await promisify(execFile)("java", ["-jar", jar, "--stdout", "--Werror", ...files], { encoding: "utf8" });
  } catch (refused) {
    assert.fail(`the Nu HTML checker:\n${refused.stdout}${refused.stderr}`);
  }
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
