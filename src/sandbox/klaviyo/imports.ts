import type { Row, Value } from "../../core/value.ts";
import { parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { type Account, type ImportError, type ImportJob, nextId, stamp } from "./account.ts";
import { badBody, breach, document, notFound } from "./errors.ts";
import { cutPage } from "./paging.ts";
import { createProfile, flawOf, matchingIds, profileKey, updateProfile } from "./profile-writes.ts";
import { MAX_PROFILE_BYTES, profileResource } from "./profiles.ts";
import { importBody, type ProfileUpsert } from "./schemas.ts";

// Description of bulk_import_profiles, revision 2026-07-15.
const MAX_PROFILES = 10_000;
const MAX_BODY_BYTES = 5_000_000;
const PAGE = { usual: 20, max: 100 };

/**
 * POST /api/profile-bulk-import-jobs. The profiles are written at once, and the job shows its progress poll by poll:
 * a caller that dies changes nothing about it.
 */
export function createImport(account: Account, call: Call): Answer {
  if (call.body.length > MAX_BODY_BYTES) return breach(413, "the payload is larger than 5 MB");
  const parsed = importBody.safeParse(parseJson(call.body));
  if (!parsed.success) return badBody(parsed.error);
  const { attributes, relationships } = parsed.data.data;
  const profiles = attributes.profiles.data;
  if (profiles.length > MAX_PROFILES) return breach(400, `at most ${MAX_PROFILES} profiles a job`);
  const large = profiles.findIndex((profile) => Buffer.byteLength(JSON.stringify(profile)) > MAX_PROFILE_BYTES);
  if (large >= 0) return breach(400, "a profile is larger than 100 KB", `/data/attributes/profiles/data/${large}`);
  const lists = relationships?.lists?.data?.map(({ id }) => id) ?? [];
  const unknown = lists.find((id) => !account.lists.has(id));
  if (unknown !== undefined) return notFound("list", unknown);

  const fate = account.misbehaviour.forJob("klaviyo", call);
  const outcome = fate.lost
    ? { ids: [], errors: [], imported: [], rejected: [] }
    : writeAll(account, profiles.slice(0, fate.fail?.processed ?? profiles.length), lists);
  const job: ImportJob = {
    id: nextId(account, "J"),
    created: stamp(account),
    total: profiles.length,
    lists,
    profiles: outcome.ids,
    errors: outcome.errors,
    lost: fate.lost,
    cancelled: fate.fail !== undefined,
    status: "queued",
    pollsLeft: fate.polls ?? account.config.job_polls,
    completed: null,
  };
  account.jobs.set(job.id, job);
  const rows = { "job created": [job.id], imported: outcome.imported, rejected: outcome.rejected };
  return document(202, { data: jobResource(call, job) }, { applied: true, rows });
}

/** GET /api/profile-bulk-import-jobs */
export function listImports(account: Account, call: Call): Answer {
  const known = [...account.jobs.values()].filter((job) => !job.lost).toReversed();
  const page = cutPage(call, known, PAGE);
  if ("status" in page) return page;
  return document(200, { data: page.items.map((job) => jobResource(call, job)), links: page.links });
}

/** GET /api/profile-bulk-import-jobs/{id}: each poll brings it nearer its end. */
export function getImport(account: Account, call: Call): Answer {
  return withJob(account, call, (job) => {
    if (job.status === "queued" || job.status === "processing") {
      if (job.pollsLeft > 0) {
        job.pollsLeft -= 1;
        job.status = "processing";
      } else {
        job.status = job.cancelled ? "cancelled" : "complete";
        job.completed = stamp(account);
      }
    }
    return document(200, { data: jobResource(call, job) });
  });
}

/** GET …/{id}/import-errors */
export function importErrors(account: Account, call: Call): Answer {
  return withJob(account, call, (job) => {
    const page = cutPage(call, finished(job) ? job.errors : [], PAGE);
    if ("status" in page) return page;
    return document(200, { data: page.items.map(errorResource), links: page.links });
  });
}

/** GET …/{id}/profiles and …/{id}/relationships/profiles */
export function importedProfiles(account: Account, call: Call, as: "profiles" | "ids"): Answer {
  return withJob(account, call, (job) => {
    const page = cutPage(call, finished(job) ? job.profiles : [], PAGE);
    if ("status" in page) return page;
    if (as === "ids")
      return document(200, { data: page.items.map((id) => ({ type: "profile", id })), links: page.links });
    const profiles = page.items.flatMap((id) => account.profiles.get(id) ?? []);
    return document(200, { data: profiles.map((profile) => profileResource(call, profile)), links: page.links });
  });
}

function writeAll(account: Account, profiles: readonly ProfileUpsert[], lists: readonly string[]) {
  const ids = new Set<string>();
  const errors: ImportError[] = [];
  const imported: string[] = [];
  const rejected: string[] = [];
  for (const [at, profile] of profiles.entries()) {
    const key = profileKey(profile.attributes as Row, profile.id);
    const written = writeOne(account, profile);
    if ("detail" in written) {
      const field = written.field === "" ? "" : `/attributes/${written.field}`;
      errors.push({
        id: nextId(account, "E"),
        detail: written.detail,
        pointer: `/data/attributes/profiles/data/${at}${field}`,
        payload: profile as Value,
      });
      rejected.push(key);
      continue;
    }
    ids.add(written.id);
    imported.push(key);
  }
  const now = stamp(account);
  for (const listId of lists) {
    const members = account.lists.get(listId)?.members;
    for (const id of ids) if (members !== undefined && !members.has(id)) members.set(id, now);
  }
  return { ids: [...ids], errors, imported, rejected };
}

function writeOne(
  account: Account,
  profile: ProfileUpsert,
): { readonly id: string } | { readonly detail: string; readonly field: string } {
  const attributes = profile.attributes as Row;
  const told = account.misbehaviour.forRow("klaviyo", attributes);
  if (told !== undefined) return { detail: told.message, field: "" };
  const flaw = flawOf(attributes);
  if (flaw !== undefined) return flaw;
  const [first, second] = matchingIds(account, attributes, profile.id);
  // Undocumented; the description of POST /api/profiles calls it a conflict.
  if (second !== undefined) return { detail: "The identifiers belong to different profiles.", field: "" };
  const known = first === undefined ? undefined : account.profiles.get(first);
  if (known !== undefined) {
    updateProfile(account, known, attributes, profile.meta);
    return known;
  }
  if (profileKey(attributes) === "") {
    return { detail: "One of the following identifiers must be provided: email, phone_number, external_id", field: "" };
  }
  return createProfile(account, attributes);
}

function finished(job: ImportJob): boolean {
  return job.status === "complete" || job.status === "cancelled";
}

function jobResource(call: Call, job: ImportJob): Value {
  const self = `${call.base}/api/profile-bulk-import-jobs/${job.id}`;
  const done = finished(job);
  return {
    type: "profile-bulk-import-job",
    id: job.id,
    attributes: {
      status: job.status,
      created_at: job.created,
      total_count: job.total,
      completed_count: done ? job.profiles.length : 0,
      failed_count: done ? job.errors.length : 0,
      started_at: job.status === "queued" ? null : job.created,
      completed_at: job.completed,
      expires_at: null,
    },
    relationships: {
      lists: {
        data: job.lists.map((id) => ({ type: "list", id })),
        links: { self: `${self}/relationships/lists`, related: `${self}/lists` },
      },
      profiles: { links: { self: `${self}/relationships/profiles`, related: `${self}/profiles` } },
      "import-errors": { links: { related: `${self}/import-errors` } },
    },
    links: { self },
  };
}

function errorResource(error: ImportError): Value {
  return {
    type: "import-error",
    id: error.id,
    attributes: {
      code: "invalid",
      title: "Invalid input.",
      detail: error.detail,
      source: { pointer: error.pointer },
      original_payload: error.payload,
    },
  };
}

function withJob(account: Account, call: Call, use: (job: ImportJob) => Answer): Answer {
  const id = call.params.id ?? "";
  const job = account.jobs.get(id);
  return job === undefined || job.lost ? notFound("profile-bulk-import-job", id) : use(job);
}
