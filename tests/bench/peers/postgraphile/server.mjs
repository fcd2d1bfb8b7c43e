// PostGraphile as its documentation sets it up for production, on the tables of the hub.
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
import { jsonPgSmartTags } from "postgraphile/utils";

const tags = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      content_items: {
        tags: {
          foreignKey:
            "(workspace_id, current_revision_id) references revisions (workspace_id, id)|@fieldName currentRevision",
        },
      },
    },
  },
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  // Filters on columns that no index begins with are what the queries need.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [
    makePgService({
      connectionString: process.env.BENCH_URL,
      schemas: ["public"],
      poolConfig: { max: Number(process.env.BENCH_POOL) },
    }),
  ],
  gather: { pgStrictFunctions: true },
  grafserv: {
    port: Number(process.env.BENCH_PORT),
    graphqlPath: "/graphql",
    graphiql: false,
    websockets: false,
    watch: false,
  },
  grafast: { explain: false },
};

const instance = postgraphile(preset);
if (process.argv.includes("--print")) {
  const { printSchema } = await import("postgraphile/graphql");
  console.log(printSchema(await instance.getSchema()));
  process.exit(0);
}
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.env.BENCH_PORT), "127.0.0.1");
