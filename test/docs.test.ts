import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { check } from "../src/config/check.ts";
import { allConnectors, connectorIds } from "../src/destinations/registry.ts";
import {
  bindingColumns,
  ledgerColumns,
  metaColumns,
  planColumns,
  rejectColumns,
  resultColumns,
  runColumns,
} from "../src/state/schema.ts";
import { tempProject } from "./config/temp-project.ts";

const root = resolve(import.meta.dirname, "..");

/** What the repository does not hold: installed, built or left by a run. */
const skipped = new Set([
  ...["node_modules", ".git", ".venv", ".millrace", "dist", "coverage", "millrace-demo"],
  ...["target", "logs", "dbt_packages"],
]);

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [relative(root, path)] : [];
  });
}

const files = filesBelow(root);
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const documents = files.filter((file) => file.endsWith(".md") && !file.startsWith("test/fixtures/"));
const guides = documents.filter((file) => !file.startsWith("sql/"));

interface Block {
  readonly where: string;
  readonly language: string;
  readonly text: string;
}

/** Fenced blocks, with where they begin. */
function blocksOf(file: string): Block[] {
  const text = read(file);
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(({ 1: language = "", 2: body = "", index }) => ({
    where: `${file}:${text.slice(0, index).split("\n").length}`,
    language: language.trim(),
    text: body,
  }));
}

const blocks = guides.flatMap(blocksOf);
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "`code`");

describe("links", () => {
  /** As GitHub makes them. */
  const anchorsOf = (file: string): string[] =>
    [
      ...read(file)
        .replace(/^```[\s\S]*?^```$/gm, "")
        .matchAll(/^#+ (.+)$/gm),
    ].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    );

  it("lead to files and headings that are there", () => {
    const broken: string[] = [];
    let seen = 0;
    for (const file of documents) {
      for (const [, target = ""] of withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        seen += 1;
        const [path = "", anchor] = target.split("#");
        const found = path === "" ? file : join(dirname(file), path);
        if (!existsSync(join(root, found))) broken.push(`${file}: ${target}`);
        else if (anchor !== undefined && found.endsWith(".md") && !anchorsOf(found).includes(anchor))
          broken.push(`${file}: ${target} has no such heading`);
      }
    }
    expect(broken).toEqual([]);
    expect(seen).toBeGreaterThan(50);
  });

  it("reach every decision from the list of them", () => {
    const decisions = readdirSync(join(root, "docs", "adr")).filter((name) => /^\d{4}-.+\.md$/.test(name));
    const list = read("docs/adr/README.md");
    expect(decisions.length).toBeGreaterThanOrEqual(13);
    expect(decisions.filter((name) => !list.includes(`(${name})`))).toEqual([]);
  });
});

describe("the command line's guide", () => {
  const help = (...args: string[]): string =>
    execFileSync(process.execPath, [join(root, "src", "cli.ts"), ...args, "--help"], { encoding: "utf8" });
  const verbs = [...help().matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].flatMap(([, verb = ""]) =>
    verb === "help" ? [] : verb,
  );
  const guide = read("docs/cli.md");

  it("has a part for every verb that `millrace --help` lists, and the README names it", () => {
    expect(verbs.length).toBeGreaterThan(18);
    expect(verbs.filter((verb) => !guide.includes(`\n### ${verb}\n`))).toEqual([]);
    expect(verbs.filter((verb) => !new RegExp(`\`${verb}[ \`]`).test(read("README.md")))).toEqual([]);
  });

  it("names every option of every verb in the verb's part", () => {
    const common = ["--project", "--env", "--json", "--show-values", "--help"];
    const parts = new Map(guide.split("\n### ").map((part) => [part.split("\n")[0] ?? "", part]));
    const missing = verbs.flatMap((verb) =>
      [...help(verb).matchAll(/^ {2}(?:-., )?(--[a-z-]+)/gm)]
        .map(([, option = ""]) => option)
        .filter((option) => !common.includes(option) && !parts.get(verb)?.includes(option))
        .map((option) => `${verb} ${option}`),
    );
    expect(missing).toEqual([]);
  });
});

describe("the table of error codes", () => {
  it("has a line for every code that Millrace itself gives", () => {
    const sources = files.filter((file) => /^src\/(?!sandbox\/(?!sandbox\.ts)).*\.ts$/.test(file));
    const patterns = [
      /\bcode(?:: string)? = "([A-Z][A-Z_]+)"/g,
      /\bcode: "([A-Z][A-Z_]+)"/g,
      /inDoubt\([^"]*"([A-Z_]+)"/g,
      /"(NOT_IN_ANSWER|ANSWER_UNREADABLE)"/g,
      /'((?:NULL|DUPLICATE)_(?:KEY|MATCH))'/g,
    ];
    // A connector's own README may tell of its codes instead.
    const told = (file: string): string => {
      const [, connector = ""] = /^src\/destinations\/([^/]+)\//.exec(file) ?? [];
      const readme = `src/destinations/${connector}/README.md`;
      return files.includes(readme) ? read(readme) : "";
    };
    const codes = new Set<string>();
    for (const file of sources) {
      const [text, readme] = [read(file), told(file)];
      for (const pattern of patterns) {
        for (const [, code = ""] of text.matchAll(pattern)) if (!readme.includes(`\`${code}\``)) codes.add(code);
      }
    }
    // What the operating system said of a socket, where it said nothing.
    codes.delete("UNKNOWN");
    const listed = read("docs/troubleshooting.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split(" | ")[0] ?? "");
    expect(codes.size).toBeGreaterThan(45);
    expect([...codes].filter((code) => !listed.some((cell) => cell.includes(`\`${code}\``)))).toEqual([]);
  });
});

describe("the dependencies", () => {
  const manifest = z
    .object({ dependencies: z.record(z.string(), z.string()), devDependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read("package.json")));

  it("are each justified in ADR 0001", () => {
    const record = read("docs/adr/0001-dependencies.md");
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !record.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the guides", () => {
  it("name only scripts that package.json has", () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read("package.json")));
    const named = guides.flatMap((file) =>
      [...read(file).matchAll(/(?:^|`)npm run ([a-z:]+)/gm)].map(([, name = ""]) => name),
    );
    expect(named.length).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it("name every key of a sync and of millrace.yml", () => {
    const guide = read("docs/syncs.md");
    const shape = z.object({ properties: z.record(z.string(), z.unknown()) });
    const keys = ["millrace", "sync"].flatMap((name) =>
      Object.keys(shape.parse(JSON.parse(read(`schemas/${name}.schema.json`))).properties),
    );
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter((key) => !guide.includes(`\`${key}`))).toEqual([]);
  });

  it("name every column of Millrace's tables", () => {
    const guide = read("docs/tables.md");
    const tables = [ledgerColumns, planColumns, rejectColumns, resultColumns, runColumns, bindingColumns, metaColumns];
    const names = [...new Set(tables.flat().map(({ name }) => name))];
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });

  it("say of every connector, in the README, what it was checked against", () => {
    const rows = read("README.md").split("\n");
    expect(connectorIds.filter((id) => !rows.some((row) => row.startsWith(`| [${id}](`)))).toEqual([]);
  });
});

describe("the YAML of the guides", async () => {
  const connectors = await allConnectors();
  const project = { project: "docs", warehouse: { type: "duckdb", path: "./w.duckdb" }, dbt: { project: "./sql" } };
  const accounts = {
    sales: { connector: "salesforce", base_url: "https://example.com", client_id: "id", client_secret: "secret" },
    newsletter: { connector: "klaviyo", api_key: "secret" },
    hook: { connector: "http", base_url: "https://example.com" },
    exports: { connector: "file", path: "./exports" },
    crm: { connector: "postgres", url: "postgres://example.com/crm" },
  };
  // Lines of a sync that stand alone in a guide; the rest of the sync is this.
  const base = {
    ...{ sync: "part", model: "people", key: "id", mode: "mirror" },
    to: { account: "hook", target: "request" },
    fields: { email: "email", name: "name" },
  };
  // What the guides' variables hold, where a URL of any kind will not do.
  const variables = {
    get: (name: string) =>
      name === "CRM_URL" ? accounts.crm.url : name.endsWith("_ID") ? "example.com" : "https://example.com",
  };
  const yaml = blocks.filter(({ language }) => language.startsWith("yaml"));

  const faultsOf = (millrace: unknown, syncs: readonly Record<string, unknown>[]): string[] => {
    const models = syncs.flatMap((sync) => ["model", "segment", "audience"].flatMap((kind) => sync[kind] ?? []));
    const dir = tempProject({
      "millrace.yml": typeof millrace === "string" ? millrace : JSON.stringify(millrace),
      ...Object.fromEntries(syncs.map((sync, i) => [`syncs/${i}.yml`, JSON.stringify(sync)])),
      "sql/dbt_project.yml": "name: docs\n",
      ...Object.fromEntries(models.map((model) => [`sql/models/${String(model)}.sql`, "select 1\n"])),
    });
    return check({ dir, env: undefined, connectors, variables }).map(
      ({ file, line, message }) => `${file}:${line}: ${message}`,
    );
  };

  /** An example of events, traits or segments stands beside the demo's own. */
  const faultsBesideDemo = (folder: string, text: string): string[] => {
    const own = files.filter((file) => file === "identity.yml" || /^(events|traits|segments)[/]/.test(file));
    const dir = tempProject({
      ...Object.fromEntries(own.map((file) => [file, read(file)])),
      "millrace.yml": JSON.stringify(project),
      "sql/dbt_project.yml": "name: docs\n",
      ...Object.fromEntries(
        ["orders", "customers", "stg_crm__contacts", "stg_web__visits", "profile_traits"].map((model) => [
          `sql/models/${model}.sql`,
          "select 1\n",
        ]),
      ),
      [`${folder}/example.yml`]: text,
    });
    return check({ dir, env: undefined, connectors, variables }).map(
      ({ file, line, message }) => `${file}:${line}: ${message}`,
    );
  };

  /** One sync of all lines; or, where a key comes twice, one of each line. */
  const partsOf = (text: string): Record<string, unknown>[] => {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const keys = lines.flatMap((line) => /^\w+(?=:)/.exec(line)?.[0] ?? []);
    const texts = new Set(keys).size === keys.length ? [text] : lines;
    return texts.map((each) => ({ ...base, ...(parse(each) as object) }));
  };

  /** The accounts that a guide declares for its own syncs come before the project's of the same name. */
  const accountsBeside = (where: string): object => {
    const file = where.slice(0, where.lastIndexOf(":"));
    const beside = yaml.filter((block) => block.language === "yaml" && block.where.startsWith(`${file}:`));
    const declared = beside.map((block) =>
      z.object({ accounts: z.record(z.string(), z.unknown()).optional() }).parse(parse(block.text)),
    );
    return Object.assign({}, accounts, ...declared.map((data) => data.accounts ?? {}));
  };

  it("are blocks of every kind", () => {
    expect(yaml.length).toBeGreaterThan(10);
    expect(yaml.filter(({ language }) => language !== "yaml" && language !== "yaml fragment")).toEqual([]);
  });

  it.each(yaml.map((block) => [block.where, block] as const))("%s passes check", (_, { language, text, where }) => {
    if (language === "yaml fragment") {
      for (const part of partsOf(text)) expect(faultsOf({ ...project, accounts }, [part])).toEqual([]);
      return;
    }
    const data = z.record(z.string(), z.unknown()).parse(parse(text));
    const declares = Object.entries({ events: "events", traits: "traits", segment: "segments", lifecycle: "segments" });
    const folder = declares.find(([key]) => key in data)?.[1];
    if (folder !== undefined && !("sync" in data)) expect(faultsBesideDemo(folder, text)).toEqual([]);
    else if ("sync" in data) expect(faultsOf({ ...project, accounts: accountsBeside(where) }, [data])).toEqual([]);
    else if ("project" in data) expect(faultsOf(text, [])).toEqual([]);
    else {
      // Part of a millrace.yml: the rest is the project above.
      expect(Object.keys(data).filter((key) => !["accounts", "warehouse"].includes(key))).toEqual([]);
      expect(faultsOf({ ...project, ...data }, [])).toEqual([]);
    }
  });

  it("stands beside JSON that is JSON", () => {
    const json = blocks.filter(({ language }) => language === "json");
    expect(json.length).toBeGreaterThan(4);
    for (const { where, text } of json) expect(() => JSON.parse(text), where).not.toThrow();
  });
});

describe("the repository", () => {
  const texts = files.filter((file) => {
    const { size } = statSync(join(root, file));
    return size < 2_000_000 && !/\.(duckdb|parquet|sqlite|png|ico)(-wal|-shm|\.wal)?$/.test(file);
  });

  it("names no path of a machine", () => {
    const path = /(?<![\w.$}/-])\/(?:work|home|root|Users)\/[\w.-]+/;
    expect(texts.length).toBeGreaterThan(300);
    expect(texts.filter((file) => path.test(read(file)))).toEqual([]);
  });

  it("names no package registry's host", () => {
    const host =
      /registry\.npmjs\.org|(?:files\.)?pypi(?:hosted)?\.org|pythonhosted\.org|npmmirror|--(?:extra-)?index-url/;
    const own = "test/docs.test.ts";
    expect(texts.filter((file) => file !== own && host.test(read(file)))).toEqual([]);
    expect(read("package-lock.json")).not.toContain('"resolved"');
  });
});
