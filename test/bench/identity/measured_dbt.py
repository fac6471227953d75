"""Runs dbt once and tells what its SQL used: `measured_dbt.py ARGUMENTS`, one JSON document on standard output.

{"ok", "error", "cpu": seconds of this process, DuckDB's threads in it, while statements ran; dbt's start-up and its own work between
statements are not in it; "statements", "rss": the process's peak in bytes, dbt's included, "nodes": {name: seconds of its statements}}
"""

import json
import os
import resource
import sys

from dbt.cli.main import dbtRunner


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """dbt tells of every statement before and after it runs, on the thread that runs it: with one thread they do not overlap."""

    def __init__(self):
        self.begun = None
        self.statements = 0
        self.nodes = {}

    def __call__(self, event):
        if event.info.name == "SQLQuery":
            self.begun = cpu()
        elif event.info.name == "SQLQueryStatus" and self.begun is not None:
            name = event.data.node_info.node_name or "-"
            self.nodes[name] = self.nodes.get(name, 0) + cpu() - self.begun
            self.statements += 1
            self.begun = None


def main(args):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what dbt prints is not an answer
    meter = Meter()
    result = dbtRunner(callbacks=[meter]).invoke([*args, "--quiet"])
    said = [str(result.exception)] if result.exception else []
    for each in getattr(result.result, "results", None) or []:
        if each.status not in ("success", "pass"):
            said.append(f"{each.node.name}: {each.status}: {each.message}")
    answer = {
        "ok": result.success,
        "error": "\n".join(said) or None,
        "cpu": sum(meter.nodes.values()),
        "statements": meter.statements,
        # kilobytes on Linux, bytes on macOS
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "nodes": meter.nodes,
    }
    answers.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
