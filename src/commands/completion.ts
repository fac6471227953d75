import type { Writable } from "node:stream";
import type { Command } from "commander";
import type { ExitCode } from "../core/exit.ts";

/** Completes verbs and their options; made from the commands themselves, so it cannot fall behind them. */
export function completion(shell: string, program: Command, stdout: Writable, stderr: Writable): ExitCode {
  const verbs = program.commands.map((command) => ({
    name: command.name(),
    about: command.description(),
    options: command.options.map((option) => ({ flag: option.long ?? option.flags, about: option.description })),
  }));
  const scripts: Readonly<Record<string, () => string>> = {
    bash: () => bash(verbs),
    zsh: () => `autoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`,
    fish: () => fish(verbs),
  };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    stderr.write(`CONFIG: there is no completion for ${shell}\n  One of: bash, zsh, fish.\n`);
    return 2;
  }
  stdout.write(script());
  return 0;
}

interface VerbWords {
  readonly name: string;
  readonly about: string;
  readonly options: readonly { readonly flag: string; readonly about: string }[];
}

function bash(verbs: readonly VerbWords[]): string {
  const cases = verbs.map(
    ({ name, options }) => `    ${name}) words="${options.map(({ flag }) => flag).join(" ")}" ;;`,
  );
  return `_millrace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then words="${verbs.map(({ name }) => name).join(" ")}"
  else case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac; fi
  case "$current" in -*|"") ;; *) [ "$COMP_CWORD" -gt 1 ] && words="$words $(ls syncs 2>/dev/null | sed -n 's/\\.ya*ml$//p')" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _millrace millrace
`;
}

function fish(verbs: readonly VerbWords[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = verbs.flatMap(({ name, about, options }) => [
    `complete -c millrace -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
    ...options.map(
      ({ flag, about: meaning }) =>
        `complete -c millrace -n '__fish_seen_subcommand_from ${name}' -l ${flag.replace(/^--/, "")} -d ${quoted(meaning)}`,
    ),
  ]);
  return `${lines.join("\n")}\n`;
}
