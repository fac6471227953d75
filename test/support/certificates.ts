import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Why certificates cannot be made here; null if they can. Node signs but makes no certificates. */
export const noCertificates = (): string | null =>
  spawnSync("openssl", ["version"]).status === 0 ? null : "openssl is not installed";

export interface Authority {
  /** The authority's own certificate, as PEM. */
  readonly file: string;
  /** A certificate and its key, as PEM files, for names such as `DNS:localhost` or `IP:127.0.0.1`. */
  issue(name: string, subjectAltName: string): { readonly certificate: string; readonly key: string };
}

/** An authority of one's own, in `dir`. */
export function makeAuthority(dir: string, name: string): Authority {
  const file = join(dir, `${name}.pem`);
  const authorityKey = join(dir, `${name}.key`);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...curve, "-keyout", authorityKey, "-out", file, "-days", "30", "-subj", `/CN=${name}`);
  return {
    file,
    issue(issued, subjectAltName) {
      const [certificate, key, request, extensions] = ["crt", "key", "csr", "ext"].map((end) =>
        join(dir, `${name}-${issued}.${end}`),
      ) as [string, string, string, string];
      writeFileSync(extensions, `subjectAltName=${subjectAltName}\n`);
      openssl("req", "-new", ...curve, "-keyout", key, "-out", request, "-subj", `/CN=${issued}`);
      const by = ["-CA", file, "-CAkey", authorityKey, "-CAcreateserial", "-extfile", extensions];
      openssl("x509", "-req", "-in", request, "-out", certificate, "-days", "30", ...by);
      return { certificate, key };
    },
  };
}
