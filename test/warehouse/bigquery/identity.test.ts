import { afterAll, describe, it } from "vitest";
import { startCloud, whyNot } from "../../support/cloud/engines.ts";
import { useIdentityEngine } from "../../support/identity-lab.ts";

const long = process.env.MILLRACE_LONG_TESTS !== undefined;
const reason = long ? await whyNot("bigquery") : "minutes long on the stand-in: set MILLRACE_LONG_TESTS";

if (reason !== null) it("identity's guards on BigQuery", (context) => context.skip(reason));
else
  describe("on BigQuery", async () => {
    const cloud = await startCloud("bigquery");
    useIdentityEngine(cloud.on);
    afterAll(() => cloud.stop());
    await import("../../identity/guards.test.ts");
  });
