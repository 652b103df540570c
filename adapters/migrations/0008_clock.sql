-- The clock that a store was made with, fixed by its first process, and the instant that a test clock shows.

CREATE TABLE deployment_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    kind text NOT NULL CHECK (kind IN ('system', 'test')),
    test_now timestamptz
);
COMMENT ON TABLE deployment_clock IS 'One row: which clock this store was made with; test_now only for the test clock';
