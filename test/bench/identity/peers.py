"""What identity's components are held against: `peers.py scipy|splink DATABASE`, one JSON document on standard output.

Both read `edges` (a, b) and `vertices` (id) of a DuckDB file and write `labels_scipy` or `labels_splink` (id, label) into it. What is counted
begins when the file is open and the libraries are loaded: {"cpu": seconds of all threads, "rss": the process's peak in bytes}.
"""

import json
import resource
import sys

import duckdb


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # kilobytes on Linux, bytes on macOS
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def scipy(connection):
    """In memory, from numbers that are dense already: load, compute, write back. The label is any number of the component."""
    import numpy
    import pyarrow
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    (vertices,) = connection.execute("select count(*) from vertices").fetchone()

    def work():
        edges = connection.execute("select a, b from edges").fetchnumpy()
        ones = numpy.ones(len(edges["a"]), dtype=numpy.int8)
        graph = coo_matrix((ones, (edges["a"], edges["b"])), shape=(vertices, vertices))
        _, labels = connected_components(graph, directed=False)
        found = pyarrow.table({"id": numpy.arange(vertices), "label": labels})
        connection.execute("create or replace table labels_scipy as select * from found")

    return work


def splink(connection):
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    api = DuckDBAPI(connection=connection)
    vertices, edges = api.register("vertices"), api.register("edges")

    def work():
        found = cluster_pairwise_predictions_at_threshold(vertices, edges, api, "id", "a", "b")
        connection.execute(
            f"create or replace table labels_splink as select id, cluster_id as label from {found.physical_name}"
        )

    return work


def main(name, database):
    with duckdb.connect(database, config={"threads": 2}) as connection:
        work = {"scipy": scipy, "splink": splink}[name](connection)
        before, _ = used()
        work()
        connection.execute("checkpoint")
        after, rss = used()
    print(json.dumps({"cpu": after - before, "rss": rss}))


main(*sys.argv[1:])
