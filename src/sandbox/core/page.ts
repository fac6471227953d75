import type { PageSection, PageTable, Platform } from "./platform.ts";
import type { LogEntry } from "./request-log.ts";

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #3a3f47); --soft: light-dark(#f4f6f8, #22262c); --bad: light-dark(#b3261e, #ff8a80); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin-bottom: .3rem; } p.note { margin: .2rem 0; opacity: .75; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; max-width: 28rem; overflow-wrap: break-word; }
th { background: var(--soft); } .bad { color: var(--bad); } code { font-size: .85em; }`;

const RECENT = 50;

/** The sandbox's page: what each platform holds, and the last requests. Plain HTML, no script. */
export function renderPage(platforms: readonly Platform[], entries: readonly LogEntry[]): string {
  const violations = entries.filter((entry) => entry.contract_violation !== undefined);
  const sections = platforms.map((platform) => renderSection(platform.title, platform.page())).join("\n");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millrace sandbox</title><style>${STYLE}</style></head><body>
<h1>Millrace sandbox</h1>
<p>Local stand-ins for platforms. Nothing here leaves this machine. As JSON: <a href="/_sandbox/state">what it holds</a>,
<a href="/_sandbox/log">what arrived</a>, <a href="/_sandbox/violations">requests that broke a vendor's description (${violations.length})</a>,
<a href="/_sandbox/misbehave">what it does wrong</a>.</p>
${sections}
<h2>Requests</h2>
<p class="note">The last ${Math.min(RECENT, entries.length)}, newest first.</p>
${renderTable({
  title: "",
  columns: ["#", "at", "platform", "request", "rows", "applied", "answered"],
  rows: entries.slice(-RECENT).reverse().map(requestRow),
})}
</body></html>`;
}

function renderSection(title: string, section: PageSection): string {
  return `<h2>${escapeHtml(title)}</h2>\n<p>${escapeHtml(section.summary)}</p>\n${section.tables.map(renderTable).join("\n")}`;
}

function renderTable(table: PageTable): string {
  const cells = (row: readonly string[], tag: string) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  const title = table.title === "" ? "" : `<h3>${escapeHtml(table.title)}</h3>`;
  const note = table.note === undefined ? "" : `<p class="note">${escapeHtml(table.note)}</p>`;
  const body = table.rows.map((row) => cells(row, "td")).join("\n");
  return `${title}${note}<div class="scroll"><table><thead>${cells(table.columns, "th")}</thead><tbody>${body}</tbody></table></div>`;
}

function requestRow(entry: LogEntry): string[] {
  const rows = Object.entries(entry.rows).map(([what, keys]) => `${keys.length} ${what}`);
  const trouble = [entry.misbehaved, entry.contract_violation, entry.note].filter((word) => word !== undefined);
  return [
    String(entry.seq),
    entry.at.slice(11, 23),
    entry.platform,
    `${entry.method} ${entry.path}`,
    rows.join(", "),
    entry.applied ? "yes" : "no",
    [entry.status === null ? "nothing" : String(entry.status), ...trouble].join(" · "),
  ];
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
