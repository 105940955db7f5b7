/** What the server writes into the page as JSON when it is loaded. */
export interface PageConfig {
  /** Path of the GraphQL endpoint, on the page's own origin. */
  endpoint: string;
  /** E-mail address of the account that `token` belongs to; absent for a visitor. */
  account?: string;
  /** Access token, minted when the page was loaded. */
  token?: string;
}

export function readConfig(page: Document): PageConfig {
  const element = page.getElementById("page-config");
  if (!element?.textContent) {
    throw new Error("The page has no #page-config: it has to be served by the API.");
  }
  return JSON.parse(element.textContent) as PageConfig;
}
