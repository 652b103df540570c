"""The whole import of a FOCUS file, written for each engine that was considered. All must give the same digests.

Each module has `run(path) -> (rows, exact sum, digest over the chunks' digests)`. The work is the same for all: parse,
declare decimals, map, put the other columns into JSON, sum exactly, write canonical rows, digest chunks of 10,000.
"""
