// Opens the page that a link in a mail leads to, as its reader would, and prints what it saw as JSON.
//
//   node tests/browser/mail_pages.mjs URL [PASSWORD [--remove-pins]]
//
// Judges nothing: the caller does. Fails only where the page cannot be used at all.

import { withPage } from "./chromium.mjs";

const [url, password, removePins] = process.argv.slice(2);
const report = await withPage({}, async (page) => {
  const complaints = [];
  const asked = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(url);
  const seen = { title: await page.title(), address: page.url(), complaints, asked };
  if (await page.locator("form").isVisible()) {
    if (password) await page.locator("input[name=password]").fill(password);
    if (removePins) await page.getByLabel("I have forgotten my PIN").check();
    await page.locator("button").click();
  }
  await page.waitForFunction(() => document.querySelector("output").textContent !== "");
  const isAsking = await page.locator("form").isVisible();
  return { ...seen, isAsking, said: await page.locator("output").textContent() };
});
console.log(JSON.stringify(report));
