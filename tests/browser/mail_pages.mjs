// Opens the page that a link in a mail leads to, as its reader would, and prints what it saw as JSON.
//
//   node tests/browser/mail_pages.mjs URL [PASSWORD]
//
// Judges nothing: the caller does. Fails only where the page cannot be used at all.

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

const [url, password] = process.argv.slice(2);
const profile = await mkdtemp(join(tmpdir(), "marquee-browser-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
try {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(30_000);
  const complaints = [];
  const asked = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(url);
  const report = { title: await page.title(), address: page.url(), complaints, asked };
  if (await page.locator("form").isVisible()) {
    if (password) await page.locator("input[name=password]").fill(password);
    await page.locator("button").click();
  }
  await page.waitForFunction(() => document.querySelector("output").textContent !== "");
  report.said = await page.locator("output").textContent();
  console.log(JSON.stringify(report));
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
