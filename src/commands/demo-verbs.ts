import { bold, dim } from "../report/paint.ts";
import { identity } from "./identity.ts";
import type { Output } from "./output.ts";
import type { VerbAction, VerbContext } from "./run-verb.ts";
import { why } from "./why.ts";

/** What is made up in sql/demo/models/staging/stg_web__visits.sql: a tablet of many, and a browser whose owner logs in late. */
const sharedDevice = "device_id:fair-tablet";
const [lateBrowser, itsOwner] = ["device_id:mobile-12530", "email:milan.12530@example.com"];
/** The one row that Salesforce refuses: `malformed_email_customer_id` of sql/demo/dbt_project.yml. */
const refusedCustomer = "14156";

/** Who is who: records of three sources are one list of people. Gives the report as a document. */
export async function tellPeople(context: VerbContext, project: string): Promise<unknown> {
  title(context.out, "who is who: customers, sales contacts and web visitors are one list of people");
  const report = await show(
    context,
    project,
    ["identity", "report"],
    identity("report", undefined, undefined, undefined, {}),
  );
  title(context.out, "a tablet at a fair would have made one person of thirty: a guard caught it");
  await explainIdentifiers(context, project, sharedDevice);
  return report;
}

/** A browser that nobody knew when the demo began, and whose it turned out to be. */
export async function tellMerge(context: VerbContext, project: string): Promise<void> {
  title(context.out, "an unknown browser has logged in meanwhile: its profile was merged into a customer's");
  await explainIdentifiers(context, project, lateBrowser, itsOwner);
}

export async function explainRow(context: VerbContext, project: string): Promise<void> {
  title(context.out, "one VIP is not in Salesforce: why?");
  const words = ["why", "vips-to-salesforce", refusedCustomer];
  await show(context, project, words, why("vips-to-salesforce", refusedCustomer));
}

/** These people are made up, so their values may be seen. */
async function explainIdentifiers(context: VerbContext, project: string, a: string, b?: string): Promise<void> {
  const words = ["identity", "explain", a, ...(b === undefined ? [] : [b]), "--show-values"];
  await show(context, project, words, identity("explain", a, b, undefined, {}));
}

/** Shows a verb as one would type it, and what it answers. Gives its document. */
async function show(
  context: VerbContext,
  project: string,
  words: readonly string[],
  action: VerbAction,
): Promise<unknown> {
  let told: unknown = null;
  context.out.print(dim({ color: context.out.color }, `  $ millrace ${words.join(" ")}`));
  const out: Output = {
    ...context.out,
    emit: (document) => {
      told = document;
    },
    print: (text = "") => context.out.print(indent(text)),
  };
  const app = await context.open({ project, showValues: words.includes("--show-values") });
  await action({ ...context, out, open: async () => ({ ...app, out }) });
  await app.close();
  return told;
}

export function title(out: Output, text: string): void {
  out.print();
  out.print(bold({ color: out.color }, `▸ ${text}`));
}

export const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
