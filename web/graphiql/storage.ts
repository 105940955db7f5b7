const PREFIX = "marquee:";

/**
 * What GraphiQL stores beside the tabs that hold it already, and a moment earlier: where the two differ at a
 * reload, it opens the text a second time, in one more tab.
 */
const STORED_TWICE = ["graphiql:query", "graphiql:variables"];

function ownKeys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
}

/** Keeps tabs apart from those of other projects that were ever opened on the same local port. */
export const pageStorage = {
  getItem: (key: string) => (STORED_TWICE.includes(key) ? null : localStorage.getItem(PREFIX + key)),
  setItem: (key: string, value: string) => localStorage.setItem(PREFIX + key, value),
  removeItem: (key: string) => localStorage.removeItem(PREFIX + key),
  clear: () => ownKeys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return ownKeys().length;
  },
};
