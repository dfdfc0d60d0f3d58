// Three pairs of hands: a mouse, a keyboard alone, and a mouse in a browser without JavaScript.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { base, password, username } from "./shop.mjs";

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    // No other name than the service's address can even be looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
  ],
});

export const seen = { requests: [], complaints: [] };
export const context = async (options) => {
  const made = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  // What is not there is missed at once.
  made.setDefaultTimeout(10_000);
  made.on("request", (request) => seen.requests.push(request.url()));
  made.on("console", (message) => {
    // Chromium reports each answer of 4xx and each line that is cut, which some flows want.
    if (["error", "warning"].includes(message.type()) && !/status of 4\d\d|ERR_INTERNET_DISCONNECTED/.test(message.text())) {
      seen.complaints.push(message.text());
    }
  });
  made.on("weberror", (error) => seen.complaints.push(error.error().message));
  return made;
};

// ---- What hands do

export const mouse = {
  name: "mouse",
  script: true,
  press: (target) => target.click(),
  twice: (target) => target.dblclick(),
  type: (target, text) => target.fill(text),
  choose: (target, value) => target.selectOption(value),
};

/// How many fields, links and buttons there are from where the keyboard is to the target.
const stopsTo = (target) =>
  target.evaluate((element) => {
    const isBehind = (one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
    const stops = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
    const here = document.activeElement;
    return stops.filter((stop) => stop.checkVisibility() && isBehind(here, stop) && !isBehind(element, stop)).length;
  });
const reach = async (target) => {
  const { keyboard } = target.page();
  await target.waitFor({ state: "attached" });
  // At once, since one is no quicker than twenty; what a browser stops at besides comes one by one.
  await Promise.all(Array.from({ length: await stopsTo(target) }, () => keyboard.press("Tab")));
  for (let tabs = 0; tabs < 300; tabs++) {
    if (await target.evaluate((element) => element === document.activeElement)) return keyboard;
    await keyboard.press("Tab");
  }
  return assert.fail(`no Tab reaches ${target}`);
};
const reachInSight = async (target) => {
  const keys = await reach(target);
  const visible = await target.evaluate((element) => {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return style.outlineStyle !== "none" && box.top >= 0 && box.bottom <= innerHeight + 1;
  });
  assert.ok(visible, `the focus is visible on ${target}`);
  return keys;
};
const keyboard = {
  name: "keyboard",
  script: true,
  press: async (target) => {
    const keys = await reachInSight(target);
    await keys.press((await target.evaluate((element) => element.type)) === "checkbox" ? "Space" : "Enter");
  },
  twice: async (target) => {
    const keys = await reachInSight(target);
    await Promise.all([keys.press("Enter"), keys.press("Enter")]);
  },
  type: async (target, text) => {
    const keys = await reach(target);
    const isDay = (await target.evaluate((element) => element.type)) === "date";
    if (!isDay) await keys.press("Control+A");
    // A day has three parts, in the order of the browser's language.
    await keys.type(isDay ? text.replace(/(\d+)-(\d+)-(\d+)/, "$2$3$1") : text);
  },
  choose: async (target, value) => {
    const keys = await reach(target);
    await keys.press("Home");
    for (let steps = 0; steps < 50 && (await target.inputValue()) !== value; steps++) await keys.press("ArrowDown");
    assert.equal(await target.inputValue(), value);
  },
};

const withoutScript = { ...mouse, name: "without JavaScript", script: false };

export const pairs = [mouse, keyboard, withoutScript];

// ---- What they reach for

export const main = (page) => page.locator("main");
export const heading = (page, words) => page.getByRole("heading", { level: 1 }).filter({ hasText: words }).waitFor();
export const done = (page, words) => page.getByRole("status").filter({ hasText: words }).first().waitFor();
export const said = (page, words) => main(page).getByText(words).first().waitFor();
export const refused = (page, words) => page.getByRole("alert").filter({ hasText: words }).first().waitFor();
export const field = (page, name) => main(page).getByLabel(name, { exact: false }).first();
export const button = (page, name) => main(page).getByRole("button", { name, exact: true }).first();
export const link = (page, name) => main(page).getByRole("link", { name, exact: true }).first();
export const summary = (page, name) => main(page).locator("summary").filter({ hasText: name }).first();
export const room = (page, name) => page.getByRole("navigation").getByRole("link", { name, exact: true });

/// Types a code where a scanner would, and waits for what is said of it.
export const scan = async (page, { type }, code, says) => {
  await type(page.locator("#scan"), code);
  await page.keyboard.press("Enter");
  await page.locator("#scanned").filter({ hasText: says }).waitFor();
};

export const logIn = async (page, { press, type }, secret = password, name = username) => {
  await type(page.getByLabel("Username"), name);
  await type(page.getByLabel("Password"), secret);
  await press(button(page, "Log in"));
};

/// Somebody at the desk.
export const comeIn = async (hands, options, name) => {
  const made = await context({ javaScriptEnabled: hands.script, ...options });
  const page = await made.newPage();
  await page.goto(`${base}/desk`);
  await logIn(page, hands, password, name);
  await heading(page, "Today");
  return page;
};
