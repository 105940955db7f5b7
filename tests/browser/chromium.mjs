// Headless Chromium for the drivers beside this file: `node tests/browser/chromium.mjs` starts one for all of them, says
// where it is and keeps it until its input ends; a driver that BROWSER tells of none starts its own.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

export const OPTIONS = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
  ],
};

/** What `use` makes of a page in a profile of its own, which is gone afterwards. */
export async function withPage(options, use) {
  const browser = process.env.BROWSER ? await chromium.connect(process.env.BROWSER) : await chromium.launch(OPTIONS);
  try {
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(30_000);
    return await use(page);
  } finally {
    await browser.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = await chromium.launchServer(OPTIONS);
  console.log(server.wsEndpoint());
  process.stdin.resume().on("end", () => server.close());
}
