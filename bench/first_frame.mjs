// Opens a page of `/watch/{id}` so often in headless Chromium, each time as a new visitor, and prints as JSON when what
// happened: milliseconds from the navigation.
//
//   node bench/first_frame.mjs URL VISITS

import { chromium, OPTIONS } from "../tests/browser/chromium.mjs";

const [url, visits] = process.argv.slice(2);
const browser = await chromium.launch(OPTIONS);
try {
  const found = [];
  for (let visit = 0; visit <= Number(visits); visit++) found.push(await open());
  console.log(JSON.stringify(found.slice(1))); // the first one starts the browser's own processes
} finally {
  await browser.close();
}

async function open() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 920 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.addInitScript(() => {
      performance.setResourceTimingBufferSize(1000);
      addEventListener("DOMContentLoaded", () =>
        document.querySelector("video").requestVideoFrameCallback((now) => (window.firstFrame = now)),
      );
    });
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForFunction(() => window.firstFrame, null, { polling: 20 });
    return await page.evaluate(() => {
      const asked = (end) =>
        performance.getEntriesByType("resource").filter((entry) => new URL(entry.name).pathname.endsWith(end));
      const [watch, start] = asked("/graphql");
      const [[manifest], [segment]] = [asked("/manifest.mpd"), asked(".m4s")];
      const begun = { asked: watch, started: start, manifest, segment };
      const times = Object.entries(begun).map(([name, entry]) => [name, entry.startTime]);
      return { ...Object.fromEntries(times), frame: window.firstFrame };
    });
  } finally {
    await context.close();
  }
}
