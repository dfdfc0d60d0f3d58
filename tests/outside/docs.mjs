// Opens the page at / in a headless Chromium as a person would, and from there /docs: finds every operation, logs in by
// trying "Log in", and lists the orders with that login. Nothing may leave the machine, and the pages'
// Content-Security-Policy may stop nothing that they need.
//
// scripts/private-shop node tests/outside/docs.mjs SCREENSHOT

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [screenshot] = process.argv.slice(2);
const { BASE_URL: base, STAFF_USERNAME: username } = process.env;
const password = readFileSync(process.env.STAFF_PASSWORD_FILE, "utf8").trim();
const started = Date.now();

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    // No other name than the service's address can even be looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
  ],
});

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });

  // The front page leads there, with its one style and without a script.
  await page.goto(`${base}/`);
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).maxWidth), "704px");
  const [answer] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === "/docs"),
    page.getByRole("link", { name: "/docs" }).click(),
  ]);
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()["content-security-policy"], /default-src 'none'; script-src 'self';/);

  // Every operation stands in the list at the side, under its tag.
  const description = await (await fetch(`${base}/openapi.json`)).json();
  const operations = Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })));
  assert.ok(operations.length > 0);
  const side = page.locator("aside, nav").first();
  for (const { name } of description.tags) {
    const open = side.getByRole("button", { name: `Open Group - ${name}`, exact: false });
    await side.getByRole("button", { name: `Group - ${name}` }).first().waitFor();
    if (await open.count() > 0) await open.first().click();
  }
  for (const { summary, method, path } of operations) {
    const listed = side.getByText(summary, { exact: true });
    // The groups open one after the other.
    await listed.first().waitFor({ state: "attached", timeout: 10_000 })
      .catch(() => assert.fail(`${method} ${path} ("${summary}") is not listed`));
  }
  if (screenshot) await page.screenshot({ path: screenshot });

  // Sends an operation from its "Test Request" and answers with what came back.
  const tryOut = async (summary, method, path, fill = async () => {}) => {
    await side.getByText(summary, { exact: true }).first().click();
    await page.getByRole("button", { name: `Test Request (${method} ${path})` }).first().click();
    const dialog = page.getByRole("dialog").first();
    await fill(dialog);
    const [response] = await Promise.all([
      page.waitForResponse((response) => new URL(response.url()).pathname === path),
      dialog.getByRole("button", { name: /Send/ }).first().click(),
    ]);
    // The page has handled the answer once it shows the status.
    await dialog.getByText(String(response.status())).first().waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    return response;
  };

  const before = await tryOut("List orders", "get", "/orders");
  assert.equal(before.status(), 401, "nobody is logged in yet");
  const login = await tryOut("Log in", "post", "/sessions", async (dialog) => {
    const editor = dialog.locator(".cm-content").first();
    await editor.click();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(JSON.stringify({ username, password }));
  });
  assert.equal(login.status(), 201, "logged in");
  const after = await tryOut("List orders", "get", "/orders");
  assert.equal(after.status(), 200, "the login is used for what is tried afterwards");

  for (const request of requests) {
    const url = new URL(request.url());
    assert.ok(["data:", "blob:"].includes(url.protocol) || url.origin === new URL(base).origin, `left the machine: ${url}`);
  }
  // Chromium reports the 401 above as an error of the page.
  assert.deepEqual(complaints.filter((text) => !text.includes("status of 401")), []);
  // Scalar asks whether eval works and goes on without it.
  const violations = await page.evaluate(() => window.violations);
  assert.deepEqual(violations.filter((violation) => violation !== "script-src eval"), []);
  console.log(`/docs: ${operations.length} operations listed, logged in, ${requests.length} requests, ` +
    `none left the machine (${((Date.now() - started) / 1000).toFixed(1)} s)`);
} finally {
  await browser.close();
}
