import { z } from "zod";
import { empty, json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, startJob } from "./account.ts";
import { breach, problem } from "./errors.ts";

const addBody = z.strictObject({ recipient_emails: z.array(z.string()).min(1) });
const eraseBody = z.strictObject({ email_addresses: z.array(z.string()).min(1) });
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;
const MAX_ERASED = 5_000;
const MAX_ERASE_BYTES = 256_000;

export function getGroups(account: Account): Answer {
  const groups = Object.entries(account.config.groups);
  return json(
    200,
    groups.map(([id, name]) => ({ id: Number(id), name, description: name, is_default: false })),
  );
}

/** POST of a group's, or of the global suppressions. What is added to a group that is not there is suppressed globally. */
export function addSuppressions(account: Account, call: Call): Answer {
  const body = addBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("does not fit", "recipient_emails");
  const wrong = body.data.recipient_emails.find((email) => !EMAIL.test(email));
  if (wrong !== undefined) return problem(400, `${wrong} is not an email address`, "recipient_emails");
  const group = Object.hasOwn(account.config.groups, call.params.group ?? "") ? (call.params.group ?? "") : "global";
  const emails = body.data.recipient_emails.map((email) => email.toLowerCase());
  const { suppressed } = account.kept.data;
  suppressed[group] = [...new Set([...(suppressed[group] ?? []), ...emails])];
  return json(201, { recipient_emails: emails }, { applied: true, rows: { suppressed: emails } });
}

export function removeSuppression(account: Account, call: Call): Answer {
  const email = (call.params.email ?? "").toLowerCase();
  const { suppressed } = account.kept.data;
  const group = call.params.group ?? "global";
  const there = (suppressed[group] ?? []).includes(email);
  suppressed[group] = (suppressed[group] ?? []).filter((one) => one !== email);
  return there ? empty(204, { applied: true, rows: { lifted: [email] } }) : problem(404, "not found");
}

/** POST /v3/recipients/erasejob */
export function eraseRecipients(account: Account, call: Call): Answer {
  if (call.body.length > MAX_ERASE_BYTES) return breach("the payload is larger than 256 KB", "email_addresses");
  const body = eraseBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("does not fit", "email_addresses");
  const { email_addresses: emails } = body.data;
  if (emails.length > MAX_ERASED) return breach(`more than ${MAX_ERASED} addresses`, "email_addresses");
  const wrong = emails.find((email) => !EMAIL.test(email));
  if (wrong !== undefined) return problem(400, `${wrong} is invalid`, "email_addresses");
  account.kept.data.erased = [...new Set([...account.kept.data.erased, ...emails.map((email) => email.toLowerCase())])];
  const job = startJob(account, call, { type: "delete", requested: emails.length });
  return json(202, { job_id: job.id }, { applied: true, rows: { erased: emails } });
}
