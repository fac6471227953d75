import type { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { activecampaign } from "./activecampaign/index.ts";
import { braze } from "./braze/index.ts";
import { brevo } from "./brevo/index.ts";
import type { Misbehaviour } from "./core/misbehaviour.ts";
import type { Platform } from "./core/platform.ts";
import type { StandIn } from "./core/stand-in.ts";
import { customerio } from "./customerio/index.ts";
import { dataverse } from "./dataverse/index.ts";
import { hook } from "./hook/index.ts";
import { hubspot } from "./hubspot/index.ts";
import { intercom } from "./intercom/index.ts";
import { iterable } from "./iterable/index.ts";
import { klaviyo } from "./klaviyo/index.ts";
import { mailchimp } from "./mailchimp/index.ts";
import { marketo } from "./marketo/index.ts";
import { onesignal } from "./onesignal/index.ts";
import { salesforce } from "./salesforce/index.ts";
import { sendgrid } from "./sendgrid/index.ts";
import { zendesk } from "./zendesk/index.ts";

/** The registry of stand-ins: one folder and one line each. Mounted at /<name>, in this order on the page. */
export const standIns = {
  salesforce,
  klaviyo,
  hubspot,
  dataverse,
  braze,
  iterable,
  customerio,
  mailchimp,
  sendgrid,
  intercom,
  onesignal,
  brevo,
  zendesk,
  marketo,
  activecampaign,
  hook,
} as const;

export type StandInName = keyof typeof standIns;

/** The settings of all of them, validated. */
export type StandInSettings = { readonly [K in StandInName]: z.output<(typeof standIns)[K]["settings"]> };

export const standInEntries: readonly (readonly [string, StandIn])[] = Object.entries(standIns);

export function createPlatforms(
  settings: StandInSettings,
  clock: Clock,
  misbehaviour: Misbehaviour,
): readonly Platform[] {
  return standInEntries.map(([name, one]) => one.create(settings[name as StandInName], clock, misbehaviour));
}

/**
 * What `run --sandbox` gives an account of this connector, for the sandbox at `url` with its default settings.
 * undefined: the sandbox has no stand-in for it, and the account stays as it is.
 */
export function sandboxAccount(connectorId: string, url: string): Readonly<Record<string, string>> | undefined {
  const found = standInEntries.find(([, one]) => one.connector === connectorId);
  return found?.[1].account(`${url.replace(/\/+$/, "")}/${found[0]}`);
}
