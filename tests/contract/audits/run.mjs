// Runs the server audits of npm `graphql-http` against the URL given and prints one JSON array of their results.
// Usage: node run.mjs http://127.0.0.1:PORT/graphql
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { auditServer } = require("graphql-http");

// The audits' GETs are plain; ours asks for the header that other sites cannot send.
const fetchFn = (url, init = {}) =>
  fetch(url, { ...init, headers: { ...init.headers, "Apollo-Require-Preflight": "true" } });

const results = await auditServer({ url: process.argv[2], fetchFn });
const rows = results.map(({ id, name, status, reason }) => ({ id, name, status, reason: reason ?? null }));
process.stdout.write(JSON.stringify(rows));
