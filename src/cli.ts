#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { Command, CommanderError, Option } from "commander";
import type { GlobalOptions } from "./commands/app.ts";
import { runVerb, type VerbAction } from "./commands/run-verb.ts";

// Stripping and compiling two hundred modules is half of what a short verb costs; Node keeps the result in the temporary folder.
enableCompileCache();

const program = new Command("millrace")
  .description(
    "Carries audiences from your warehouse to the tools that act on them, with every row's fate written back.",
  )
  .version(await version(), "-V, --version")
  .enablePositionalOptions()
  .showHelpAfterError("(millrace VERB --help shows how to use it)")
  .exitOverride();

/** A verb with the options that all verbs share; its code loads when it runs, so that `--help` stays quick. */
function verb(usage: string, description: string, example: string): Command {
  return program
    .command(usage)
    .description(description)
    .option("--project <dir>", "the folder of millrace.yml", ".")
    .option("--env <name>", "one of the project's environments")
    .option("--json", "one JSON document on stdout, everything else on stderr")
    .option("--show-values", "show people's values instead of masking them")
    .addHelpText("after", `\nExample:\n  $ ${example}`)
    .exitOverride();
}

const act =
  <A extends unknown[]>(load: () => Promise<(...args: A) => VerbAction>) =>
  async (...all: unknown[]): Promise<void> => {
    const command = all.pop() as Command;
    const args = all as A;
    process.exitCode = await runVerb(
      command.opts<GlobalOptions>(),
      async (...opening) => (await import("./main.ts")).openApp(...opening),
      async () => (await load())(...args),
    );
  };

verb("init <dir>", "a new project; on DuckDB it runs at once", "millrace init shop && cd shop && millrace run")
  .addOption(
    new Option("--warehouse <engine>", "the warehouse to write for")
      .choices(["duckdb", "postgres", "snowflake", "bigquery"])
      .default("duckdb"),
  )
  .action(act(async () => (await import("./commands/init.ts")).init));

verb("demo [dir]", "the main job on real data, end to end, in a scratch project", "millrace demo").action(
  act(async () => (await import("./commands/demo.ts")).demo),
);

verb("check", "validates every file without a connection", "millrace check --connect")
  .option("--connect", "also try the warehouse and the accounts")
  .action(act(async () => (await import("./commands/check.ts")).check));

verb(
  "grants",
  "the GRANT statements that the warehouse's role needs, and no more",
  "millrace grants --role millrace | psql shop",
)
  .option("--role <name>", "the role, user or service account; default: the project's own")
  .option("--sandbox", "for the sandbox's schema")
  .action(act(async () => (await import("./commands/grants.ts")).grants));

verb("build [syncs...]", "dbt build in the warehouse: all models, or those the syncs need", "millrace build")
  .option("--as-of <instant>", "what {{ millrace.as_of() }} gives, in place of now")
  .action(act(async () => (await import("./commands/build.ts")).build));

verb(
  "plan [syncs...]",
  "freezes what would be added, changed and removed, and shows it; sends nothing",
  "millrace plan vips-to-salesforce",
)
  .option("--full", "as if everything were to be sent again")
  .option("--sandbox", "plan against the local sandbox, with ledgers of its own")
  .action(act(async () => (await import("./commands/plan.ts")).plan));

verb("run [syncs...]", "build, plan, deliver, settle, report", "millrace run vips-to-salesforce --no-build")
  .option("--no-build", "take the models as they are")
  .option("--as-of <instant>", "what {{ millrace.as_of() }} gives, in place of now")
  .option("--approve <plan>", "deliver exactly this held plan")
  .option("--full", "send everything again; guarded")
  .option("--adopt", "trust the ledger, or take a new destination's rows as delivered")
  .option("--rebuild", "empty the ledger and send everything")
  .option("--sandbox", "deliver to the local sandbox, with ledgers of its own")
  .action(act(async () => (await import("./commands/run.ts")).run));

verb(
  "adopt <sync>",
  "fills the sync's ledger without sending: the rows are there already",
  "millrace adopt vips-to-salesforce",
).action(act(async () => (await import("./commands/adopt.ts")).adopt));

verb("resume", "finishes what a crash left", "millrace resume")
  .option("--sandbox", "the sandbox's runs")
  .action(act(async () => (await import("./commands/resume.ts")).resume));

verb(
  "why <sync> <row>",
  "the whole story of one row, by its key or an identifier",
  "millrace why vips-to-salesforce ann@example.com",
)
  .option("--sandbox", "in the sandbox's ledger")
  .action(act(async () => (await import("./commands/why.ts")).why));

verb("rejects [sync]", "what was refused and why", "millrace rejects vips-to-salesforce")
  .option("--sandbox", "the sandbox's rejects")
  .action(act(async () => (await import("./commands/rejects.ts")).rejects));

verb(
  "retry <sync>",
  "plans and sends only what was refused, from the current model; guarded",
  "millrace retry vips-to-salesforce",
)
  .option("--sandbox", "in the sandbox")
  .action(act(async () => (await import("./commands/retry.ts")).retry));

verb(
  "resolve <run>",
  "decides about rows that were sent and never answered",
  "millrace resolve 20261122-060000-3f9a1c --delivered",
)
  .option("--delivered", "they arrived")
  .option("--resend", "they did not: send them again")
  .option("--drop", "never send them again")
  .option("--sandbox", "a run of the sandbox")
  .action(act(async () => (await import("./commands/resolve.ts")).resolve));

verb(
  "retire <sync>",
  "ends a sync: removes its rows from the destination, or forgets them",
  "millrace retire old-sync --forget",
)
  .option("--remove", "remove everything it delivered, then forget the ledger")
  .option("--forget", "leave the destination as it is and forget the ledger")
  .option("--approve <plan>", "deliver exactly this held removal")
  .option("--sandbox", "in the sandbox")
  .action(act(async () => (await import("./commands/retire.ts")).retire));

verb(
  "identity <action> [a] [b] [c]",
  "explain, report, diff, approve, merge, split, pin, unpin, train: who is who, decisions about it, weights of matching",
  "millrace identity explain email:ann@example.com device_id:d1",
)
  .option("--who <name>", "who decides (merge, split, pin, unpin)")
  .option("--why <reason>", "why (merge, split, pin, unpin)")
  .option("--print", "show the weights instead of writing their file (train)")
  .option("--build", "work the next run out anew, though one is staged (diff)")
  .option("--as-of <instant>", "what {{ millrace.as_of() }} gives, in place of now (diff)")
  .action(act(async () => (await import("./commands/identity.ts")).identity));

verb("compile", "rules, traits and identity to reviewable SQL", "millrace compile").action(
  act(async () => (await import("./commands/compile.ts")).compile),
);

verb(
  "segment <question> <segment> [profile]",
  "preview: who would be in it; explain: why one profile is or is not; diff: against another version",
  "millrace segment explain lapsing 14156",
)
  .option("--against <version>", "for diff: a git revision, or a file", "HEAD")
  .option("--as-of <instant>", "what {{ millrace.as_of() }} gives, in place of now")
  .option("--samples <n>", "how many profiles to list", "5")
  .action(act(async () => (await import("./commands/segment.ts")).segment));

verb(
  "send <account> <target>",
  "tries a connector with rows of your own",
  "millrace send hook request --rows rows.ndjson --dry-run",
)
  .requiredOption("--rows <file>", "NDJSON, destination field names")
  .addOption(new Option("--op <op>", "what to do with them").choices(["add", "update", "remove"]).default("add"))
  .option("--options <json>", "`to:` without account and target", "{}")
  .option("--match <fields>", "identifier fields, comma-separated")
  .option("--dry-run", "print the requests it would make")
  .option("--sandbox", "to the local sandbox")
  .action(act(async () => (await import("./commands/send.ts")).send));

verb(
  "connectors [name]",
  "connectors, account keys, targets, options and fields",
  "millrace connectors salesforce",
).action(act(async () => (await import("./commands/connectors.ts")).connectors));

verb(
  "fields <account> <target>",
  "fields the platform says a target has",
  `millrace fields sales record --options '{"object": "Contact"}'`,
)
  .option("--options <json>", "`to:` without account and target", "{}")
  .option("--sandbox", "of the local sandbox")
  .action(act(async () => (await import("./commands/fields.ts")).fields));

verb("sandbox", "local stand-ins for platforms", "millrace sandbox --port 4800")
  .option("--port <port>", "0 takes a free one", "4800")
  .option("--data <dir>", "keep state and request log here")
  .action(act(async () => (await import("./commands/sandbox.ts")).sandbox));

verb("status", "health: syncs, last runs, what waits for somebody", "millrace status")
  .option("--sandbox", "of the sandbox")
  .action(act(async () => (await import("./commands/status.ts")).status));

verb("runs [sync]", "history", "millrace runs vips-to-salesforce --limit 50")
  .option("--limit <n>", "how many", "20")
  .option("--sandbox", "of the sandbox")
  .action(act(async () => (await import("./commands/runs.ts")).runs));

verb("serve", "runs the syncs' schedules until it is stopped", "millrace serve")
  .option("--sandbox", "to the local sandbox")
  .action(act(async () => (await import("./commands/serve.ts")).serve));

program
  .command("completion")
  .description("a completion script for your shell")
  .addHelpText("after", '\nExample:\n  $ eval "$(millrace completion bash)"')
  .argument("<shell>", "bash, zsh or fish")
  .exitOverride()
  .action(async (shell: string) => {
    const { completion } = await import("./commands/completion.ts");
    process.exitCode = completion(shell, program, process.stdout, process.stderr);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version end well; every other complaint of the parser is wrong usage.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version: string }).version);
}
