// Follows homeChanged, and asks the rest, with every client that people use; prints one JSON object: case -> what came.
// Usage: node clients.mjs http://127.0.0.1:PORT/graphql "Bearer …"
import { createRequire } from "node:module";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { createClient: createWsClient } = require("graphql-ws");
const { createClient: createSseClient } = require("graphql-sse");
const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } = require("@apollo/client");
const { PersistedQueryLink } = require("@apollo/client/link/persisted-queries");
const { GraphQLWsLink } = require("@apollo/client/link/subscriptions");
const { createHash } = require("node:crypto");
const urql = require("@urql/core");
const WebSocket = require("ws");

const [url, authorization] = process.argv.slice(2);
const socketUrl = url.replace("http", "ws");
const headers = { authorization };
const QUERY = "{ viewer { region } }";
const MUTATION = "mutation { arrangeHome { id } }";
const SUBSCRIPTION = "subscription { homeChanged { changedRowIds home { id } } }";
const WRONG = "subscription { homeChanged { nothing } }";

const arrange = () =>
  fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ query: MUTATION }),
  });

// Arranges the home until `follow` has been told so; `follow(resolve, reject)` gives a function that ends it.
async function whileArranging(follow) {
  let end;
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      end = follow(resolve, reject);
      timer = setInterval(arrange, 150);
      setTimeout(() => reject(new Error("no event came")), 15_000).unref();
    });
  } finally {
    clearInterval(timer);
    end?.();
  }
}

const told = (result) => (result.data?.homeChanged?.home?.id ? "event" : result);

function openSocket(options = {}) {
  return createWsClient({
    url: socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
    ...options,
  });
}

async function once(client, query) {
  for await (const result of client.iterate({ query })) return result;
}

async function graphqlWs() {
  const client = openSocket({ keepAlive: 50 });
  let pongs = 0;
  client.on("pong", () => (pongs += 1));
  const event = await whileArranging((next, error) =>
    client.subscribe({ query: SUBSCRIPTION }, { next: (result) => next(told(result)), error, complete() {} }),
  );
  const query = (await once(client, QUERY)).data.viewer.region;
  const mutation = (await once(client, MUTATION)).data.arrangeHome.id ? "arranged" : "not";
  const wrong = await new Promise((resolve) =>
    client.subscribe({ query: WRONG }, { next: resolve, error: resolve, complete() {} }),
  );
  const after = (await once(client, QUERY)).data.viewer.region;
  await client.dispose();
  return { event, query, mutation, wrong: wrong[0].extensions.code, after, pongs: pongs > 0 };
}

async function graphqlWsMany() {
  const clients = Array.from({ length: 5 }, () => openSocket());
  const waiting = [];
  for (const client of clients) {
    for (let number = 0; number < 20; number += 1) {
      waiting.push(
        whileFollowing((next, error) =>
          client.subscribe({ query: SUBSCRIPTION }, { next: (result) => next(told(result)), error, complete() {} }),
        ),
      );
    }
  }
  const timer = setInterval(arrange, 300);
  const events = await Promise.all(waiting);
  clearInterval(timer);
  await Promise.all(clients.map((client) => client.dispose()));
  return events.filter((event) => event === "event").length;
}

async function whileFollowing(follow) {
  let end;
  try {
    return await new Promise((resolve, reject) => {
      end = follow(resolve, reject);
      setTimeout(() => reject(new Error("no event came")), 15_000).unref();
    });
  } finally {
    end?.();
  }
}

async function graphqlWsForbidden() {
  const client = openSocket({ connectionParams: { authorization: "Bearer no.such.token" } });
  const closed = await once(client, QUERY).catch((error) => error);
  await client.dispose();
  return closed.code;
}

// The connection is lost under the client; it connects and subscribes again by itself.
async function graphqlWsReconnects() {
  let socket;
  let connections = 0;
  const client = openSocket({ retryAttempts: 5, retryWait: async () => {}, shouldRetry: () => true });
  client.on("connected", (opened) => {
    connections += 1;
    socket = opened;
  });
  let events = 0;
  const event = await whileArranging((next, error) =>
    client.subscribe(
      { query: SUBSCRIPTION },
      {
        next: (result) => {
          events += 1;
          if (events === 1) socket.terminate();
          else if (connections === 2) next(told(result));
        },
        error,
        complete() {},
      },
    ),
  );
  await client.dispose();
  return { event, connections };
}

function follow(observable) {
  return whileArranging((next, error) => {
    const subscription = observable.subscribe({ next: (result) => next(told(result)), error });
    return () => subscription.unsubscribe();
  });
}

async function apollo() {
  const socket = openSocket();
  const http = new HttpLink({ uri: url, headers });
  const results = {};
  for (const [name, link] of [
    ["socket", new GraphQLWsLink(socket)],
    ["multipart", http],
  ]) {
    const client = new ApolloClient({ link: ApolloLink.from([link]), cache: new InMemoryCache() });
    results[name] = {
      event: await follow(client.subscribe({ query: gql(SUBSCRIPTION) })),
      query: (await client.query({ query: gql(QUERY) })).data.viewer.region,
      mutation: (await client.mutate({ mutation: gql(MUTATION) })).data.arrangeHome.id ? "arranged" : "not",
    };
    client.stop();
  }
  await socket.dispose();
  return results;
}

// The hash alone, then hash and text, then the hash alone again: by GET what is known, so that a cache may hold it.
async function apolloPersisted() {
  const sent = [];
  const note = (url, options) => {
    sent.push(`${options.method} ${options.body ? Object.keys(JSON.parse(options.body)).includes("query") : false}`);
    return fetch(url, options);
  };
  const persisted = new PersistedQueryLink({
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    useGETForHashedQueries: true,
  });
  const link = ApolloLink.from([persisted, new HttpLink({ uri: url, headers, fetch: note })]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const query = gql("query Persisted { viewer { region } }");
  for (let turn = 0; turn < 2; turn += 1) {
    const { data } = await client.query({ query, fetchPolicy: "network-only" });
    sent.push(data.viewer.region);
  }
  client.stop();
  return sent;
}

async function urqlWith(name) {
  const socket = openSocket();
  const exchange = urql.subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
  const client = new urql.Client({
    url,
    fetchOptions: { headers },
    preferGetMethod: false,
    fetchSubscriptions: name === "stream",
    exchanges: name === "socket" ? [exchange, urql.fetchExchange] : [urql.fetchExchange],
  });
  const event = await follow({
    subscribe: ({ next, error }) =>
      client.subscription(SUBSCRIPTION, {}).subscribe((result) => (result.error ? error(result.error) : next(result))),
  });
  const query = (await client.query(QUERY, {}).toPromise()).data.viewer.region;
  const mutation = (await client.mutation(MUTATION, {}).toPromise()).data.arrangeHome.id ? "arranged" : "not";
  const wrong = await new Promise((resolve) => {
    client.subscription(WRONG, {}).subscribe((result) => resolve(result.error));
  });
  await socket.dispose();
  return { event, query, mutation, wrong: wrong.graphQLErrors[0].extensions.code };
}

async function graphqlSse() {
  const client = createSseClient({ url, headers, singleConnection: false, retryAttempts: 0 });
  const event = await whileArranging((next, error) =>
    client.subscribe({ query: SUBSCRIPTION }, { next: (result) => next(told(result)), error, complete() {} }),
  );
  const query = (await once(client, QUERY)).data.viewer.region;
  const mutation = (await once(client, MUTATION)).data.arrangeHome.id ? "arranged" : "not";
  const wrong = await once(client, WRONG);
  client.dispose();
  return { event, query, mutation, wrong: wrong.errors[0].extensions.code };
}

const cases = {
  "graphql-ws": graphqlWs,
  "graphql-ws many": graphqlWsMany,
  "graphql-ws forbidden": graphqlWsForbidden,
  "graphql-ws reconnects": graphqlWsReconnects,
  apollo,
  "apollo persisted": apolloPersisted,
  "urql socket": () => urqlWith("socket"),
  "urql stream": () => urqlWith("stream"),
  "graphql-sse": graphqlSse,
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
