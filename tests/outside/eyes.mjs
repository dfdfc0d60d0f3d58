// How a page looks: to axe-core in light and dark, in a narrow and a wide window, and to the Nu HTML checker.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const jar = join(dirname(require.resolve("vnu-jar/package.json")), "build/dist/vnu.jar");

export const narrow = { width: 320, height: 900 };
export const wide = { width: 1280, height: 900 };
export const SIGHTS = [["light", wide], ["light", narrow], ["dark", wide], ["dark", narrow]];

/// As small as what is pressed may be, with a mouse and with a finger.
const MOUSE_PX = 24;
export const FINGER_PX = 44;

/// What can be pressed and is smaller. Links within a sentence are as high as its lines; what stands out of the window is
/// only for the keyboard, and a label is pressed for its box.
export const tooSmall = (page, least) =>
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
export const faults = async (page, name, sights, seen = async () => {}) => {
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

export const check = async (files) => {
  try {
    await promisify(execFile)("java", ["-jar", jar, "--stdout", "--Werror", ...files], { encoding: "utf8" });
  } catch (refused) {
    assert.fail(`the Nu HTML checker:\n${refused.stdout}${refused.stderr}`);
  }
};
