// Follow a subscription with the public client of graphql-sse: node streams.mjs URL TOKEN.
// Prints what came, as JSON: results of a query, of a subscription, and of a refused token.
import { createClient } from 'graphql-sse';

const [url, token] = process.argv.slice(2);

function opened(bearer) {
  return createClient({ url, retryAttempts: 0, headers: { authorization: `Bearer ${bearer}` } });
}

async function first(client, query, variables = {}) {
  for await (const result of client.iterate({ query, variables })) return result;
  return null;
}

const client = opened(token);
const viewer = await first(client, '{ viewer { name } }');
const all = 'subscription($after: Int) { publicationChanged(after: $after) { event { sequence name } } }';
const change = await first(client, all, { after: 0 });
const invalid = await first(client, 'subscription { nothing }');
let refused = null;
try {
  await first(opened('wrong'), all);
} catch (error) {
  refused = error.response?.status ?? String(error);
}
client.dispose();
console.log(JSON.stringify({ viewer, change, invalid, refused }));
