// Who may import whom: the seams of docs/architecture.md.
const stages = ["models", "plan", "deliver", "settle", "report"];
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: `^src/${from}/` },
  to: { path: "^src/", pathNot: allowed.map((folder) => `^src/${folder}/`) },
});
const home = (name, packages, file) => ({
  name,
  comment: `${name} has one home: ${file}`,
  severity: "error",
  from: { path: "^src/", pathNot: file },
  to: { path: packages.map((each) => `node_modules/${each}/`).join("|") },
});

export default {
  forbidden: [
    { name: "no-circles", severity: "error", from: { path: "^src/" }, to: { circular: true } },
    { name: "no-missing", severity: "error", from: {}, to: { couldNotResolve: true } },
    only("core-is-alone", "core", ["core"], "core imports nothing of ours"),
    ...["warehouse", "store", "schedule", "config"].map((folder) =>
      only(`${folder}-imports-core`, folder, ["core", folder], `${folder} imports core only`),
    ),
    only("rules-import-core", "rules", ["core", "rules"], "what traits and segments share when they become SQL: pure text"),
    ...["traits", "segments"].map((folder) =>
      only(`${folder}-import-core`, folder, ["core", "rules", folder], `${folder} are compiled from validated declarations: pure, no I/O`),
    ),
    only("destinations-import-core", "destinations", ["core", "destinations"], "a connector knows core and the kit"),
    {
      name: "connectors-apart",
      comment: "a connector never imports another connector",
      severity: "error",
      from: { path: "^src/destinations/([^/]+)/" },
      to: { path: "^src/destinations/[^/]+/", pathNot: "^src/destinations/$1/" },
    },
    only("state-imports-warehouse", "state", ["core", "warehouse", "state"], "Millrace's own tables know the warehouse seam"),
    only("sandbox-shares-nothing", "sandbox", ["core", "sandbox"], "the sandbox is written from the vendors' descriptions, not from our connectors"),
    only("identity-is-compiled", "identity", ["core", "warehouse", "identity"], "declarations to SQL, and questions to it"),
    ...stages.map((stage) => ({
      name: `${stage}-knows-no-other-stage`,
      comment: "stages never import each other; commands chains them",
      severity: "error",
      from: { path: `^src/${stage}/` },
      to: { path: `^src/(${stages.filter((other) => other !== stage).join("|")}|commands)/` },
    })),
    {
      name: "deliver-never-reads-the-warehouse",
      comment: "its changes arrive through a function",
      severity: "error",
      from: { path: "^src/deliver/" },
      to: { path: "^src/(warehouse|state)/" },
    },
    {
      name: "concrete-classes-in-main",
      comment: "only main.ts and the verbs that make one of their own name an engine, a store or a connector",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(main\\.ts|commands/send/|warehouse/[^/]+/|store/[^/]+/|destinations/)" },
      to: { path: "^src/(warehouse/[^/]+|store/[^/]+|destinations/[^/]+)/" },
    },
    home("axios", ["axios"], "^src/deliver/http"),
    home("execa", ["execa"], "^src/models/dbt\\.ts$"),
    home("node-cron", ["node-cron"], "^src/schedule/"),
    home("fastify", ["fastify"], "^src/(sandbox|server)/"),
    home("commander", ["commander"], "^src/(cli|commands/completion)\\.ts$"),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { conditionNames: ["import", "node", "default", "types"], exportsFields: ["exports"] },
  },
};
