// Uses GraphiQL as a person would, in headless Chromium, and prints what it saw as JSON.
//
//   node tests/browser/graphiql.mjs URL SCREENSHOT.png
//
// Judges nothing: the caller does. Fails only where the page cannot be used at all.

import { withPage } from "./chromium.mjs";

async function main(page, url, screenshot) {
  const watched = watch(page, url);
  await page.goto(url);
  const report = { title: await page.title() };
  report.explorerFields = await readExplorer(page);
  report.headers = await readHeaders(page);
  report.tabs = await readTabs(page);
  report.runs = [await run(page, report.tabs[0], pressKeys)];
  await page.screenshot({ path: screenshot });
  for (const name of report.tabs.slice(1)) {
    await openTab(page, name);
    report.runs.push(await run(page, name, clickButton));
  }
  report.documentation = await readDocumentation(page);
  await page.reload();
  report.reloaded = { headers: await readHeaders(page), tabs: await readTabs(page) };
  return { ...report, ...watched };
}

/** Collects, from now on, everything that would trouble a reader of the browser's own console. */
function watch(page, url) {
  const seen = { consoleErrors: [], failedRequests: [], foreignRequests: [] };
  page.on("console", (message) => message.type() === "error" && seen.consoleErrors.push(message.text()));
  page.on("pageerror", (error) => seen.consoleErrors.push(String(error)));
  page.on("requestfailed", (request) => {
    // The editors end a worker that they no longer need, now and then before its script has arrived.
    const wasEnded = request.failure()?.errorText === "net::ERR_ABORTED" && request.url().includes(".worker-");
    if (!wasEnded) seen.failedRequests.push(`${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => response.ok() || seen.failedRequests.push(`${response.url()} ${response.status()}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) seen.foreignRequests.push(request.url());
  });
  return seen;
}

/** The fields of the query type that the explorer offers; it is open on a first visit. */
async function readExplorer(page) {
  const fields = page.locator(".graphiql-explorer-root .graphiql-explorer-node");
  await fields.first().waitFor();
  return fields.evaluateAll((nodes) =>
    [...new Set(nodes.map((node) => [...node.classList].at(-1)?.replace("graphiql-explorer-", "")))].filter(Boolean),
  );
}

function readTabs(page) {
  return page.getByRole("tab").allInnerTexts();
}

async function readHeaders(page) {
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  const editor = page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)");
  await editor.getByText("}").last().waitFor();
  const text = await readEditor(editor);
  await page.getByRole("button", { name: "Variables", exact: true }).click();
  return text;
}

/** The lines an editor shows, from the top; in the document they stand in any order. */
function readEditor(editor) {
  return editor.locator(".view-line").evaluateAll((lines) =>
    lines
      .sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
      .map((line) => line.textContent.replaceAll("\u00a0", " "))
      .join("\n"),
  );
}

async function readDocumentation(page) {
  await page.getByRole("button", { name: /Documentation Explorer/ }).click();
  const text = page.locator(".graphiql-doc-explorer-content");
  await text.waitFor();
  return text.innerText();
}

/** GraphiQL reads the operations of a text a moment after showing it, and stores the text just then. */
async function openTab(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  await page.waitForFunction(
    (name) => localStorage.getItem("marquee:graphiql:query")?.match(/^(?:query|mutation) (\w+)/m)?.[1] === name,
    name,
  );
}

/** Runs the open tab's operation `name` and says what the server answered and what the result pane shows. */
async function run(page, name, start) {
  const answered = page.waitForResponse((response) => response.request().postDataJSON()?.operationName === name);
  await start(page, name);
  const response = await answered;
  const { data, errors = [] } = await response.json();
  const pane = page.locator(".graphiql-response");
  await pane.getByText('"data"').or(pane.getByText('"errors"')).first().waitFor();
  return { tab: name, status: response.status(), data, errors, pane: await readEditor(pane) };
}

async function pressKeys(page) {
  await page.locator(".graphiql-query-editor .view-lines").click();
  await page.keyboard.press("Control+Enter");
}

async function clickButton(page, name) {
  await page.locator(".graphiql-execute-button").click();
  const choice = page.getByRole("menuitem", { name, exact: true });
  if (await page.locator("[role=menu]").isVisible()) await choice.click();
}

const [url, screenshot] = process.argv.slice(2);
if (!screenshot) {
  console.error("usage: node tests/browser/graphiql.mjs URL SCREENSHOT.png");
  process.exit(2);
}
const looks = { viewport: { width: 1600, height: 1000 }, colorScheme: "dark" };
console.log(JSON.stringify(await withPage(looks, (page) => main(page, url, screenshot)), null, 2));
