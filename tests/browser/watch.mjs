// Watches a film on the page of `/watch/{id}` as a person would, in headless Chromium, and prints what was seen as JSON.
//
//   node tests/browser/watch.mjs URL SCREENSHOT.png < answers.json
//
// Each thing that the page asks takes the next answer, {fill: [text, …], choose: name}. Judges nothing: the caller does.

import { text } from "node:stream/consumers";

import { withPage } from "./chromium.mjs";

const [url, screenshot] = process.argv.slice(2);
const answers = JSON.parse(await text(process.stdin));
const VIEWPORT = { width: 1280, height: 920 };
const report = await withPage({ viewport: VIEWPORT }, open);
console.log(JSON.stringify(report));

async function open(page) {
  const complaints = [];
  const report = { complaints, foreignRequests: [] };
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) report.foreignRequests.push(request.url());
  });
  await page.goto(url);
  report.asked = await answer(page);
  if (await page.locator("#controls").isVisible()) {
    await watch(page, report);
    if (answers.length > 0) report.askedAgain = await changeAccount(page);
    else report.ended = await endSession(page, report);
  } else await page.screenshot({ path: screenshot });
  report.title = await page.title();
  return report;
}

/** Answers whatever the page asks until it plays or there is no answer left, and says what it asked. */
async function answer(page) {
  const gate = page.locator("#gate");
  const asked = [];
  for (;;) {
    await page.locator("#gate:not([hidden]), #controls:not([hidden])").first().waitFor();
    if (!(await gate.isVisible())) return asked;
    asked.push([await gate.locator("h2").innerText(), await gate.locator("p").innerText()]);
    const { fill = [], choose = "" } = answers.shift() ?? {};
    if (fill.length === 0 && !choose) return asked;
    for (const [at, value] of fill.entries()) await gate.locator("input").nth(at).fill(value);
    await gate.locator("button", { hasText: choose }).first().click();
  }
}

async function watch(page, report) {
  const until = (test, value) => page.waitForFunction(test, value);
  const passes = (time) => until((time) => document.querySelector("video").currentTime > time, time);
  report.options = {};
  for (const name of ["quality", "audio", "subtitles", "speed"]) {
    report.options[name] = await page.locator(`#${name} option`).allInnerTexts();
  }
  await passes(0.2);
  await page.setViewportSize({ ...VIEWPORT, width: 1010 });
  report.inOneLine = await page.locator(".bar").evaluate(isInOneLine);
  await page.setViewportSize(VIEWPORT);
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
  await page.locator("#speed").selectOption("2");
  await page.locator("#play").click();
  await passes(3.6);
  report.speed = await page.locator("video").evaluate((video) => video.playbackRate);
  const chosen = page.locator("#audio, #subtitles");
  report.chosen = await chosen.evaluateAll((all) => all.map((one) => one.selectedOptions[0].text));
  report.facts = await page.locator("#facts").innerText();
  await page.locator("#quality").selectOption({ index: 1 });
  await until((height) => document.querySelector("video").videoHeight >= height, parseInt(report.options.quality[1], 10));
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

function isInOneLine({ children }) {
  const boxes = [...children].map((child) => child.getBoundingClientRect());
  return Math.max(...boxes.map(({ top }) => top)) <= Math.min(...boxes.map(({ bottom }) => bottom));
}

async function changeAccount(page) {
  await page.locator("#account").click();
  await page.locator("#gate").waitFor();
  const asked = await answer(page);
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.2);
  return { asked, facts: await page.locator("#facts").innerText(), account: await page.locator("#account").innerText() };
}

/** What the page says when it asks for more of a session that has ended, as a second device may have ended it. */
async function endSession(page, report) {
  report.complaints = [...report.complaints]; // what is refused from now on is none
  await page.evaluate(async () => {
    const { token } = JSON.parse(document.querySelector("#page-config").textContent);
    const { id } = JSON.parse(document.querySelector("#answer").textContent);
    await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: "mutation ($id: ID!) { stopPlayback(sessionId: $id) { __typename } }",
        variables: { id },
      }),
    });
  });
  await page.locator("#format").selectOption("DASH");
  const gate = page.locator("#gate");
  await gate.waitFor();
  return gate.innerText();
}
