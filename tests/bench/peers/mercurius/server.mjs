// Mercurius with graphql-jit, written by hand for these tables: every relation is a loader with one
// prepared statement for all the rows of a level, nothing is fetched that was not asked for.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

// Instants and big numbers as PostgreSQL writes them: parsing them only to print them is waste.
for (const type of [20, 1082, 1114, 1184]) pg.types.setTypeParser(type, (text) => text);
const pool = new pg.Pool({
  connectionString: process.env.BENCH_URL,
  max: Number(process.env.BENCH_POOL),
  options: "-c jit=off -c plan_cache_mode=force_generic_plan",
});
const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const schema = `
  scalar JSON
  type Query {
    node(id: ID!): ContentItem
    contentItems(
      workspace: ID!, first: Int!, after: ID, archived: Boolean, locales: [String!]
    ): ContentItems!
  }
  type Mutation { contentItemCreate(input: JSON!): Created! }
  type Created { contentItem: ContentItem }
  type ContentItems { nodes: [ContentItem!]! pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! endCursor: ID }
  type ContentItem {
    id: ID! title: String! locale: String! archived: Boolean! externalReference: String
    version: Int! createdAt: String! updatedAt: String!
    campaign: Campaign currentRevision: Revision! publications(first: Int!): [Publication!]!
  }
  type Campaign { id: ID! name: String! objective: String! startsOn: String endsOn: String }
  type Revision {
    id: ID! number: Int! title: String! summary: String! link: String! tags: [String!]!
    slug: String! locale: String! hash: String! parts: [Part!]! variants: [Variant!]!
  }
  type Part { text: String! media: [Asset!]! }
  type Asset { id: ID! filename: String! mime: String size: Int width: Int height: Int }
  type Variant { id: ID! title: String summary: String link: String channel: Channel }
  type Publication {
    id: ID! state: String! scheduledFor: String publishedAt: String url: String remoteId: String
    version: Int! channel: Channel measurements(first: Int!): [Measurement!]!
  }
  type Channel { id: ID! name: String! handle: String! url: String! timezone: String! }
  type Measurement { metric: String! value: Float! }
`;

const ITEM = `id, workspace_id, title, locale, archived, external_reference AS "externalReference",
  version, to_json(created_at) #>> '{}' AS "createdAt", to_json(updated_at) #>> '{}' AS "updatedAt",
  campaign_id, current_revision_id`;
const INSERT = `SELECT ${ITEM} FROM bench_create_content($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

// The contract of the hub: opaque ids that say their type, opaque cursors.
const opaque = (text) => Buffer.from(text).toString("base64url");
const opened = (text) => Buffer.from(text, "base64url").toString();
const named = (type) => ({ id: ({ id }) => opaque(`${type}:${id}`) });

const resolvers = {
  ...Object.fromEntries(
    ["ContentItem", "Campaign", "Revision", "Asset", "Variant", "Publication", "Channel"].map(
      (type) => [type, named(type)],
    ),
  ),
  Query: {
    node: async (_, { id }) =>
      (
        await rows("item", `SELECT ${ITEM} FROM content_items WHERE id = $1`, [
          opened(id).split(":")[1],
        ])
      )[0],
    contentItems: async (_, { workspace, first, after, archived, locales }) => {
      const values = [workspace, first + 1];
      let name = "items";
      let where = "workspace_id = $1";
      const also = (key, test, value) => {
        if (value === undefined || value === null) return;
        values.push(value);
        name += key;
        where += ` AND ${test} $${values.length}`;
      };
      also("-archived", "archived =", archived);
      also("-after", "id <", after && JSON.parse(opened(after))[0]);
      if (locales) {
        values.push(locales);
        name += "-locales";
        where += ` AND locale = ANY ($${values.length}::text[])`;
      }
      const found = await rows(
        name,
        `SELECT ${ITEM} FROM content_items WHERE ${where} ORDER BY id DESC LIMIT $2`,
        values,
      );
      const hasNextPage = found.length > first;
      if (hasNextPage) found.pop();
      const last = found.at(-1)?.id;
      const endCursor = last ? opaque(JSON.stringify([last])) : null;
      return { nodes: found, pageInfo: { hasNextPage, endCursor } };
    },
  },
  Mutation: {
    contentItemCreate: async (_, { input }) => {
      const found = await rows("create", INSERT, [
        input.workspace, input.brand, input.campaign, input.title, input.locale, input.slug,
        JSON.stringify(input.parts), JSON.stringify(input.tags), JSON.stringify(input.variants),
      ]);
      return { contentItem: found[0] };
    },
  },
};

const one = (name, text, key) => async (queries) => {
  const ids = [...new Set(queries.map(({ obj }) => obj[key]).filter(Boolean))];
  if (ids.length === 0) return queries.map(() => null);
  const byId = new Map((await rows(name, text, [ids])).map((row) => [row.id, row]));
  return queries.map(({ obj }) => byId.get(obj[key]) ?? null);
};
const many = (name, text, key, owner) => async (queries) => {
  const ids = [...new Set(queries.map(({ obj }) => obj[key]))];
  const values = text.includes("$2") ? [ids, queries[0].params.first] : [ids];
  const groups = new Map(ids.map((id) => [id, []]));
  for (const row of await rows(name, text, values)) groups.get(row[owner]).push(row);
  return queries.map(({ obj }) => groups.get(obj[key]));
};
const options = { opts: { cache: false } };
const loader = (run) => ({ loader: run, ...options });

const CHANNEL = `SELECT id, name, handle, url, timezone FROM channels WHERE id = ANY ($1::uuid[])`;
const loaders = {
  ContentItem: {
    campaign: loader(one("campaigns", `SELECT id, name, objective, starts_on AS "startsOn",
      ends_on AS "endsOn" FROM campaigns WHERE id = ANY ($1::uuid[])`, "campaign_id")),
    currentRevision: loader(one("revisions", `SELECT id, number, title, summary, link, tags, slug,
      locale, hash, parts FROM revisions WHERE id = ANY ($1::uuid[])`, "current_revision_id")),
    publications: loader(many("publications", `SELECT p.* FROM unnest($1::uuid[]) AS item
      CROSS JOIN LATERAL (SELECT id, item_id, state, to_json(scheduled_for) #>> '{}' AS
        "scheduledFor", to_json(published_at) #>> '{}' AS "publishedAt", url, remote_id AS
        "remoteId", version, channel_id FROM publications
        WHERE workspace_id = (SELECT workspace_id FROM content_items WHERE id = item)
          AND item_id = item ORDER BY id DESC LIMIT $2) AS p`, "id", "item_id")),
  },
  Revision: {
    variants: loader(many("variants", `SELECT id, revision_id, title, summary, link, channel_id
      FROM variants WHERE revision_id = ANY ($1::uuid[]) ORDER BY id`, "id", "revision_id")),
  },
  Part: {
    media: loader(async (queries) => {
      const ids = queries.flatMap(({ obj }) => obj.media);
      const found = await rows("assets", `SELECT id, filename, mime, size, width, height
        FROM assets WHERE id = ANY ($1::uuid[])`, [ids]);
      const byId = new Map(found.map((row) => [row.id, row]));
      return queries.map(({ obj }) => obj.media.map((id) => byId.get(id)).filter(Boolean));
    }),
  },
  Variant: { channel: loader(one("channels", CHANNEL, "channel_id")) },
  Publication: {
    channel: loader(one("channels", CHANNEL, "channel_id")),
    measurements: loader(many("measurements", `SELECT m.* FROM unnest($1::uuid[]) AS publication
      CROSS JOIN LATERAL (SELECT publication_id, metric, value FROM measurements
        WHERE workspace_id = (SELECT workspace_id FROM publications WHERE id = publication)
          AND publication_id = publication ORDER BY measured_at DESC, id DESC LIMIT $2) AS m`,
      "id", "publication_id")),
  },
};

const app = Fastify({ logger: false });
app.register(mercurius, { schema, resolvers, loaders, jit: 1, graphiql: false, cache: true });
await app.listen({ host: "127.0.0.1", port: Number(process.env.BENCH_PORT) });
