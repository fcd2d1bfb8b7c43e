// Use the public client of graphql-sse: node streams.mjs URL TOKEN.
// Prints what came of a query, a subscription, a wrong document and a wrong token, as JSON.
import { createClient } from 'graphql-sse';

const [url, token] = process.argv.slice(2);

async function all(bearer, query) {
  const headers = { authorization: `Bearer ${bearer}` };
  const client = createClient({ url, retryAttempts: 0, headers });
  const results = [];
  try {
    for await (const result of client.iterate({ query })) results.push(result);
  } catch (error) {
    return error.response?.status ?? String(error);
  } finally {
    client.dispose();
  }
  return results;
}

console.log(JSON.stringify({
  query: await all(token, '{ greeting }'),
  subscription: await all(token, 'subscription { ticks(count: 3) }'),
  invalid: await all(token, 'subscription { nothing }'),
  refused: await all('wrong', 'subscription { ticks(count: 3) }'),
}));
