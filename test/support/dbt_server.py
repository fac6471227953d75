"""Keeps one dbt (and, on DuckDB, one database) open: start-up costs seconds, a call then a fraction of one.

One JSON document a line on standard input, one on standard output:
{"dbt": [arguments], "env": {…}} → {"ok", "error", "log", "cpu"}; {"sql": [statements]} → {"ok", "error", "rows"} of the last one.
"""

import contextlib
import io
import json
import os
import resource
import sys

import duckdb
from dbt.cli.main import dbtRunner


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def dbt(call):
    kept = {name: os.environ.get(name) for name in call.get("env", {})}
    os.environ.update(call.get("env", {}))
    log = io.StringIO()
    begun = cpu()
    try:
        with contextlib.redirect_stdout(log):
            result = dbtRunner().invoke(call["dbt"])
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    said = [str(result.exception)] if result.exception else []
    for each in getattr(result.result, "results", None) or []:
        if each.status not in ("success", "pass"):
            said.append(f"{each.node.name}: {each.status}: {each.message}")
    return {"ok": result.success, "error": "\n".join(said) or None, "log": log.getvalue(), "cpu": cpu() - begun}


def sql(database, call):
    rows = []
    for statement in call["sql"]:
        cursor = database.execute(statement)
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    return {"ok": True, "error": None, "rows": rows}


def serve():
    # what dbt prints must not mix with the answers
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    database = duckdb.connect(sys.argv[1]) if len(sys.argv) > 1 else None
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = dbt(call) if "dbt" in call else sql(database, call)
        except Exception as error:  # the caller decides what an error means
            answer = {"ok": False, "error": str(error)}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


# dbt starts processes that import this file again; they must not read its input
if __name__ == "__main__":
    serve()
