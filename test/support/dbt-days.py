"""Day after day in one process, because starting dbt is most of what a day costs.

Reads JSON lines {"as_of": text (left out: nothing is built), "before": [sql], "select": [text], "after": [sql]} and answers each with one line: {"failed": [text],
"cpu": seconds of this process while dbt built, "rows": [[...]]}, the rows of the `after` queries. Arguments: the DuckDB file (empty: the caller
speaks to the database itself), dbt's project folder, the folder of profiles.yml, dbt's target, dbt's target folder.
"""

import contextlib
import json
import os
import resource
import sys

import duckdb
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
from dbt.cli.main import dbtRunner

database, project, profiles, target, target_path = sys.argv[1:]
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what dbt prints is not an answer
runner = dbtRunner()


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(statements):
    if not statements:
        return []
    with contextlib.closing(duckdb.connect(database)) as connection:
        rows = []
        for statement in statements:
            rows.append([list(row) for row in connection.execute(statement).fetchall()])
        return rows


if not os.path.exists(os.path.join(project, "dbt_packages")):
    runner.invoke(["deps", "--quiet", "--project-dir", project, "--profiles-dir", profiles])

# "statements": what of "cpu" went by while a statement of dbt's ran in DuckDB; of one model at a time, else they overlap.
statements = 0.0
execute = DuckDBCursorWrapper.execute


def measured(*args, **kwargs):
    global statements
    begun = cpu()
    try:
        return execute(*args, **kwargs)
    finally:
        statements += cpu() - begun


DuckDBCursorWrapper.execute = measured

for line in sys.stdin:
    statements = 0.0
    day = json.loads(line)
    run(day["before"])
    if not day.get("as_of"):
        answers.write(json.dumps({"failed": [], "cpu": 0, "statements": 0, "rows": run(day["after"])}, default=str) + "\n")
        answers.flush()
        continue
    os.environ["MILLRACE_AS_OF"] = day["as_of"]
    select = ["--select", *day["select"]] if day.get("select") else []
    begun = cpu()
    result = runner.invoke(
        [day.get("verb", "build"), "--quiet", "--project-dir", project, "--profiles-dir", profiles, "--target", target, "--target-path", target_path, *select]
    )
    used = cpu() - begun
    failed = [] if result.exception is None else [str(result.exception)]
    for each in result.result or []:
        if str(each.status) in ("error", "fail"):
            failed.append(f"{each.node.name}: {each.message}")
    rows = [] if failed else run(day["after"])
    answers.write(json.dumps({"failed": failed, "cpu": used, "statements": statements, "rows": rows}, default=str) + "\n")
    answers.flush()
