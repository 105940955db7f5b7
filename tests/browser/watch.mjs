// Watches a film on the page of `/watch/{id}` as a person would, in headless Chromium, and prints what was seen as JSON.
//
//   node tests/browser/watch.mjs URL SCREENSHOT.png [E-MAIL PASSWORD PIN]
//
// Judges nothing: the caller does. Fails only where the page cannot be used at all.

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

const [url, screenshot, ...answers] = process.argv.slice(2);
const profile = await mkdtemp(join(tmpdir(), "marquee-browser-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
  ],
  viewport: { width: 1280, height: 920 },
});
try {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(20_000);
  const report = { complaints: [], foreignRequests: [], gates: [] };
  page.on("console", (message) => message.type() === "error" && report.complaints.push(message.text()));
  page.on("pageerror", (error) => report.complaints.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) report.foreignRequests.push(request.url());
  });
  await page.goto(url);
  const gate = page.locator("#gate");
  const controls = page.locator("#controls");
  while (await isAsking()) {
    report.gates.push(await gate.locator("h2").innerText());
    const inputs = await gate.locator("input").all();
    if (inputs.length === 0 || inputs.length > answers.length) break;
    for (const input of inputs) await input.fill(answers.shift());
    await gate.locator("button").first().click();
  }
  report.message = (await gate.isVisible()) ? await gate.locator("p").innerText() : "";
  if (await controls.isVisible()) await watch();
  else await page.screenshot({ path: screenshot });
  report.title = await page.title();
  console.log(JSON.stringify(report));

  /** Whether the page asks something, once it has made up its mind. */
  async function isAsking() {
    await page.locator("#gate:not([hidden]), #controls:not([hidden])").first().waitFor();
    return gate.isVisible();
  }

  async function watch() {
    const until = (test, value) => page.waitForFunction(test, value);
    report.options = {};
    for (const name of ["quality", "audio", "subtitles"]) {
      report.options[name] = await page.locator(`#${name} option`).allInnerTexts();
    }
    const passes = (time) => until((time) => document.querySelector("video").currentTime > time, time);
    await passes(0.2);
    const lowest = report.options.quality.at(-1);
    await page.locator("#quality").selectOption(lowest);
    await until((height) => document.querySelector("video").videoHeight === height, parseInt(lowest, 10));
    report.height = parseInt(lowest, 10);
    await page.locator("#play").click();
    await page.locator("#seek").fill("3.2");
    await page.locator("#subtitles").selectOption({ index: 1 });
    await page.locator(".shaka-text-container span").first().waitFor();
    report.subtitle = await page.locator(".shaka-text-container").innerText();
    await page.locator("#audio").selectOption({ index: report.options.audio.length - 1 });
    await page.locator("#play").click();
    await passes(3.6);
    report.chosen = await page.locator("#audio, #subtitles").evaluateAll((all) => all.map((one) => one.selectedOptions[0].text));
    report.facts = await page.locator("#facts").innerText();
    await page.locator("#quality").selectOption({ index: 1 });
    await until((height) => document.querySelector("video").videoHeight > height, report.height);
    await page.locator("#seek").hover();
    await page.locator("#preview").waitFor();
    await until(() => document.querySelector("#tile").style.background !== "");
    report.preview = await page.locator("#tile").evaluate((tile) => tile.style.background);
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: screenshot });
    await page.locator("#format").selectOption("HLS");
    await until(() => window.player.getManifestType() === "HLS");
    await passes(4);
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
