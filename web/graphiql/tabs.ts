import type { PageConfig } from "./config";
import home from "./operations/home.graphql?raw";
import play from "./operations/play.graphql?raw";
import search from "./operations/search.graphql?raw";
import signIn from "./operations/sign-in.graphql?raw";
import title from "./operations/title.graphql?raw";

/** Titles of the demo catalogue, whose ids follow from their keys there; Sintel plays. */
const STRANGER_THINGS = "tit_dsjq5763gqybxz3o";
const SINTEL = "tit_ndj5beliuiu3z2yx";

interface Tab {
  query: string;
  variables: string;
}

/** The tabs of a first visit; later visits find their own again, in the browser's storage. */
export function defaultTabs(config: PageConfig): Tab[] {
  return [
    tab(`${introduction(config)}\n${home}`, { rows: 10, cards: 20, art: 342 }),
    tab(search, { query: "stranger", first: 24 }),
    tab(title, { id: STRANGER_THINGS }),
    tab(play, { input: { playableId: SINTEL } }),
    tab(signIn, { input: { email: "premium@example.com", password: "demo-password" } }),
  ];
}

/** The text of the headers editor. It is never stored, so that a reload brings a fresh token. */
export function defaultHeaders(config: PageConfig): string {
  return print({
    ...(config.token && { Authorization: `Bearer ${config.token}` }),
    "X-Device-Class": "WEB",
  });
}

function introduction({ account }: PageConfig): string {
  const who = account
    ? `You are ${account}. The token lasts 15 minutes: reload the page for another. SignIn has more accounts.`
    : "You are a visitor, and visitors have no home: the tab SignIn gets you a token.";
  return `# Marquee: what a client asks for when its home screen opens.
# ${who}
# ${location.origin}/watch/${SINTEL} plays Sintel; the tab Play shows how.
# X-Device-Class, under Headers, is TV, WEB, MOBILE or TABLET.
# Ctrl-Enter runs, Ctrl-Space completes, the explorer on the left builds operations by clicking.
`;
}

function tab(query: string, variables: object): Tab {
  return { query, variables: print(variables) };
}

function print(value: object): string {
  return JSON.stringify(value, null, 2);
}
