// Reads a home in parts with the clients that can; prints one JSON object: case -> what the first and last results hold.
// Usage: node incremental.mjs http://127.0.0.1:PORT/graphql "Bearer …"
import { createRequire } from "node:module";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { ApolloClient, HttpLink, InMemoryCache, gql } = require("@apollo/client");
const { GraphQL17Alpha9Handler } = require("@apollo/client/incremental");
const urql = require("@urql/core");

const [url, authorization] = process.argv.slice(2);
const headers = { authorization };
const DEFER = `{ home { id ... @defer { rows(first: 3) { edges { node { id name } } } } } }`;
const STREAM = `{ home { id rows(first: 5) { edges @stream(initialCount: 1) { node { id name } } } } }`;
const hasRows = (home) => home.rows?.edges?.length > 0;
const countRows = (home) => home.rows.edges.length;

function apollo(query, measure) {
  const client = new ApolloClient({
    link: new HttpLink({ uri: url, headers }),
    cache: new InMemoryCache(),
    incrementalHandler: new GraphQL17Alpha9Handler(),
  });
  return new Promise((resolve, reject) => {
    const seen = [];
    const observable = client.watchQuery({ query: gql(query), fetchPolicy: "no-cache", notifyOnNetworkStatusChange: true });
    observable.subscribe({
      next(result) {
        if (result.error) reject(result.error);
        if (!result.data) return;
        seen.push(measure(result.data.home));
        if (!result.loading) {
          client.stop();
          resolve({ first: seen[0], last: seen.at(-1), emissions: seen.length });
        }
      },
      error: reject,
    });
    setTimeout(() => reject(new Error(`incomplete: ${JSON.stringify(seen)}`)), 10_000).unref();
  });
}

function urqlDefer() {
  const client = new urql.Client({ url, fetchOptions: { headers }, preferGetMethod: false, exchanges: [urql.fetchExchange] });
  return new Promise((resolve, reject) => {
    const seen = [];
    client.query(urql.gql(DEFER), {}).subscribe((result) => {
      if (result.error) reject(result.error);
      seen.push(hasRows(result.data.home));
      if (!result.hasNext) resolve({ first: seen[0], last: seen.at(-1), emissions: seen.length });
    });
    setTimeout(() => reject(new Error(`incomplete: ${JSON.stringify(seen)}`)), 10_000).unref();
  });
}

const cases = {
  "apollo defer": () => apollo(DEFER, hasRows),
  "apollo stream": () => apollo(STREAM, countRows),
  "urql defer": urqlDefer,
};
const results = {};
for (const [name, run] of Object.entries(cases)) {
  try {
    results[name] = await run();
  } catch (error) {
    results[name] = `failed: ${error?.stack ?? JSON.stringify(error)}`;
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
