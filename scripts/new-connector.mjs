// npm run new:connector NAME — a connector's folder, its contract test and its line in the registry.
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { root: { type: "string" } } });
const [name] = positionals;
const root = resolve(values.root ?? join(import.meta.dirname, ".."));

if (name === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  fail("usage: npm run new:connector NAME, in lower case with dashes, e.g. google-ads");
}

const folder = join(root, "src/destinations", name);
if (existsSync(folder)) fail(`${folder} is there already`);

const pascal = name
  .split("-")
  .map((part) => part[0].toUpperCase() + part.slice(1))
  .join("");
const camel = pascal[0].toLowerCase() + pascal.slice(1);
const files = {
  "index.ts.tmpl": join(folder, "index.ts"),
  "record.ts.tmpl": join(folder, "record.ts"),
  "contract.test.ts.tmpl": join(root, "test/destinations", name, "contract.test.ts"),
  "peer.ts.tmpl": join(root, "test/destinations", name, "peer.ts"),
};

const registry = join(root, "src/destinations/registry.ts");
const withLine = addLine(await readFile(registry, "utf8"));

for (const [template, file] of Object.entries(files)) {
  const text = await readFile(join(import.meta.dirname, "templates/connector", template), "utf8");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(
    file,
    text.replaceAll("__NAME__", name).replaceAll("__CAMEL__", camel).replaceAll("__PASCAL__", pascal),
  );
}
await writeFile(registry, withLine);

console.log(`Made src/destinations/${name}, test/destinations/${name} and a line in src/destinations/registry.ts.
Its contract suite runs already, against the stand-in of test/destinations/${name}/peer.ts:

  npx vitest run test/destinations/${name}

Next: write peer.ts from the vendor's API description, then make the connector speak to it. See docs/connectors.md.`);

/** The connector's line in alphabetical order. */
function addLine(text) {
  const key = name.includes("-") ? `"${name}"` : name;
  const line = `  ${key}: async () => (await import("./${name}/index.ts")).${camel},`;
  const lines = text.split("\n");
  const isEntry = (one) => /^ {2}"?[a-z][a-z0-9-]*"?: async \(\) => \(await import\(/.test(one);
  const idOf = (one) => one.trim().replace(/^"|"?:.*$/g, "");
  const last = lines.findLastIndex(isEntry);
  if (last === -1) fail("src/destinations/registry.ts has no list of connectors to add to");
  const after = lines.findIndex((one) => isEntry(one) && idOf(one) > name);
  lines.splice(after === -1 ? last + 1 : after, 0, line);
  return lines.join("\n");
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
