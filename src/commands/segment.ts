import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { faultsError, hasErrors } from "../config/fault.ts";
import { meant } from "../config/nearest.ts";
import type { Declarations, SegmentDeclaration } from "../core/declared.ts";
import { ConfigError } from "../core/errors.ts";
import { maskValue } from "../destinations/pii.ts";
import { bold, dim, green, red } from "../report/paint.ts";
import { conditionWords } from "../segments/condition-words.ts";
import { diffQuestion, explainQuestion, previewQuestion } from "../segments/question-sql.ts";
import { ruleOf } from "../segments/rule-sql.ts";
import { raw } from "../warehouse/sql.ts";
import type { App } from "./app.ts";
import type { VerbAction } from "./run-verb.ts";
import { compiledIdentity, profilesOf } from "./why-identity.ts";

interface SegmentOptions {
  readonly against?: string;
  readonly samples?: string;
}

const questions = ["preview", "explain", "diff"] as const;

/** `segment`: asks the warehouse about a definition as its file has it now, built or not. Changes nothing. */
export const segment =
  (question: string, name: string, profile: string | undefined, options: SegmentOptions): VerbAction =>
  async ({ open }) => {
    const asked = questions.find((each) => each === question);
    if (asked === undefined) {
      throw new ConfigError(`there is no question "${question}"`, { hint: meant(question, questions, "questions") });
    }
    const samples = Number(options.samples);
    if (!Number.isInteger(samples) || samples < 0 || samples > 1000) {
      throw new ConfigError(`--samples ${options.samples ?? ""} is no number`, {
        hint: "Write a whole number up to 1000.",
      });
    }
    const app = await open();
    if (asked === "preview") await preview(app, name, samples);
    else if (asked === "diff") await diff(app, name, options.against ?? "HEAD", samples);
    else if (profile === undefined)
      throw new ConfigError("explain whom?", { hint: `Write \`millrace segment explain ${name} PROFILE_ID\`.` });
    else await explain(app, name, profile);
    return 0;
  };

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const answerRow = z.record(z.string(), cell);
type AnswerRow = z.output<typeof answerRow>;

/** Renders the question by dbt and asks the warehouse. */
async function ask(app: App, jinja: string): Promise<AnswerRow[]> {
  if (app.models === null) {
    throw new ConfigError("segments are asked about through dbt, and the project has none to run", {
      hint: "Name it in millrace.yml: `dbt: {project: DIR}`.",
    });
  }
  const statement = await app.models.render(jinja);
  const warehouse = await app.warehouse();
  return warehouse.session("read", (session) => session.query(raw(statement), answerRow), app.signal);
}

function declared(app: App, instead?: ReadonlyMap<string, string>): Declarations {
  const { declarations, faults } = app.declared(instead);
  if (hasErrors(faults)) throw faultsError(faults);
  return declarations;
}

function segmentOf(declarations: Declarations, name: string): SegmentDeclaration {
  const found = declarations.segments.find((segment) => segment.name === name);
  if (found !== undefined) return found;
  const names = declarations.segments.map((segment) => segment.name);
  throw new ConfigError(`there is no segment "${name}"`, { hint: meant(name, names, "segments") });
}

async function preview(app: App, name: string, samples: number): Promise<void> {
  const declarations = declared(app);
  const segment = segmentOf(declarations, name);
  const question = previewQuestion(segment, declarations, samples);
  const rows = await ask(app, question.sql);
  const [first] = rows;
  const profiles = Number(first?.profiles ?? 0);
  const members = Number(first?.members ?? 0);
  const conditions = question.conditions.map(({ words, column }) => ({
    condition: words,
    fulfilled_by: Number(first?.[`${column}_true`] ?? 0),
    keeps_out: Number(first?.[`${column}_only`] ?? 0),
  }));
  const most = [...conditions].sort((a, b) => b.keeps_out - a.keeps_out || a.fulfilled_by - b.fulfilled_by)[0];
  const sample = rows.flatMap((row) =>
    row.sample_id === null || row.sample_id === undefined ? [] : [shownId(app, row.sample_id)],
  );
  const paint = { color: app.out.color };
  app.out.print(
    `${bold(paint, name)}: ${members} of ${profiles} profiles${profiles === 0 ? "" : `, ${((100 * members) / profiles).toFixed(1)}%`}`,
  );
  if (conditions.length > 0) app.out.print(dim(paint, "  fulfilled by   keeps out alone"));
  for (const each of conditions) {
    const mark = conditions.length > 1 && each === most && each.keeps_out > 0 ? "  ← removes most" : "";
    app.out.print(
      `  ${String(each.fulfilled_by).padStart(12)}   ${String(each.keeps_out).padStart(15)}   ${each.condition}${mark}`,
    );
  }
  if (sample.length > 0) app.out.print(dim(paint, `  some of them: ${sample.join(", ")}`));
  app.out.emit({ segment: name, profiles, members, conditions, removes_most: most?.condition ?? null, sample });
}

/** The profile that is meant: its id, one it had, or an identifier of it. */
async function profileMeant(app: App, wanted: string): Promise<string> {
  const identity = await compiledIdentity(app);
  if (identity === null) return wanted;
  const warehouse = await app.warehouse();
  const ids = await warehouse.session("read", (session) => profilesOf(session, identity, wanted), app.signal);
  const [only, ...others] = ids;
  if (only === undefined || others.length === 0) return only ?? wanted;
  throw new ConfigError("several profiles have this identifier", { hint: `Name one of them: ${ids.join(", ")}.` });
}

async function explain(app: App, name: string, wanted: string): Promise<void> {
  const declarations = declared(app);
  const segment = segmentOf(declarations, name);
  const profile = await profileMeant(app, wanted);
  const question = explainQuestion(segment, declarations, profile);
  const [row] = await ask(app, question.sql);
  if (row === undefined) {
    app.out.print(
      `There is no profile ${app.showValues ? wanted : String(maskValue(wanted))}, or it is older or younger than the last build.`,
    );
    app.out.emit({ segment: name, found: false });
    return;
  }
  const member = row.is_member === true;
  const allowed = row.is_allowed === true;
  const paint = { color: app.out.color };
  const rule = ruleOf(segment);
  app.out.print(
    `${bold(paint, name)}: profile ${shownId(app, profile)} is ${member ? green(paint, "in it") : red(paint, "not in it")}`,
  );
  if (rule !== null) app.out.print(dim(paint, `  ${conditionWords(rule)}`));
  if (!allowed) app.out.print(`  ${red(paint, "no ")} it belongs to no segment: in_no_segment lists it`);
  const conditions = question.conditions.map(({ column, words, values }) => {
    const holds = row[column] === true;
    const own = Object.fromEntries(values.map((value) => [value.label, shown(app, row[value.column] ?? null)]));
    return { condition: words, holds, values: own };
  });
  for (const { condition, holds, values } of conditions) {
    const own = Object.entries(values).map(
      ([label, value]) => `${label} = ${value === null ? "nothing" : String(value)}`,
    );
    app.out.print(
      `  ${holds ? green(paint, "yes") : red(paint, "no ")} ${condition}${own.length === 0 ? "" : dim(paint, `   (${own.join(", ")})`)}`,
    );
  }
  app.out.emit({ segment: name, found: true, profile: shownId(app, profile), member, allowed, conditions });
}

async function diff(app: App, name: string, against: string, samples: number): Promise<void> {
  const after = declared(app);
  const segment = segmentOf(after, name);
  const { file } = segment.origin;
  const text = await earlier(app, file, against);
  const before = declared(app, new Map([[file, text]]));
  const was = before.segments.find((each) => each.name === name);
  if (was === undefined)
    throw new ConfigError(`${against} has no segment "${name}" in ${file}`, {
      hint: "Name a version that has it: `--against REVISION`.",
    });
  const rows = await ask(app, diffQuestion({ segment: was, declared: before }, { segment, declared: after }, samples));
  const [first] = rows;
  const count = (column: string): number => Number(first?.[column] ?? 0);
  const some = (enters: boolean): string[] =>
    rows.flatMap((row) =>
      row.sample_enters === enters && row.sample_id !== null && row.sample_id !== undefined
        ? [shownId(app, row.sample_id)]
        : [],
    );
  const document = {
    segment: name,
    against,
    was: count("was"),
    becomes: count("becomes"),
    enters: count("enters"),
    leaves: count("leaves"),
    entering: some(true),
    leaving: some(false),
  };
  const paint = { color: app.out.color };
  app.out.print(`${bold(paint, name)} against ${against}: ${document.was} members become ${document.becomes}`);
  app.out.print(
    `  ${green(paint, `+${document.enters}`)} enter${document.entering.length === 0 ? "" : dim(paint, `  ${document.entering.join(", ")}`)}`,
  );
  app.out.print(
    `  ${red(paint, `-${document.leaves}`)} leave${document.leaving.length === 0 ? "" : dim(paint, `  ${document.leaving.join(", ")}`)}`,
  );
  app.out.emit(document);
}

/** The file's text in another version: of a file beside it, or of a git revision. */
async function earlier(app: App, file: string, against: string): Promise<string> {
  const path = join(app.dir, against);
  if (existsSync(path)) return readFile(path, "utf8");
  try {
    // `./`: relative to the project's folder, which need not be the repository's.
    const { stdout } = await promisify(execFile)("git", ["show", `${against}:./${file}`], { cwd: app.dir });
    return stdout;
  } catch (cause) {
    throw new ConfigError(`there is no version ${against} of ${file}`, {
      hint: "Name a git revision that has the file, or a file of the project: `--against HEAD~1`.",
      cause,
    });
  }
}

const shown = (app: App, value: z.output<typeof cell>): z.output<typeof cell> =>
  app.showValues || typeof value !== "string" ? value : String(maskValue(value));

/** A profile's id is no value of a person, unless it looks like one. */
const shownId = (app: App, id: string | number | boolean): string =>
  app.showValues || !String(id).includes("@") ? String(id) : String(maskValue(id));
