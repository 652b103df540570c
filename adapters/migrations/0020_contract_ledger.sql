-- What billing needs of contracts beside their streams. Both tables are written in the transactions of the facts, and can
-- be made again from them: `ledgerline verify` compares.

-- When a contract is due next. `version` is raised by whatever bills it, gives back or changes it.
CREATE TABLE contract_due (
    contract uuid             PRIMARY KEY,
    number   text COLLATE "C" NOT NULL,
    zone     text COLLATE "C" NOT NULL,
    next_run date,                       -- null: nothing is left to bill
    version  bigint           NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX contract_due_next ON contract_due (next_run, contract) WHERE next_run IS NOT NULL;
CREATE INDEX contract_due_zone ON contract_due (zone);

-- Transactions of time-and-material lines: a billing adds them up here, instead of reading a stream of each.
CREATE TABLE contract_transaction (
    contract  uuid             NOT NULL,
    line      text COLLATE "C" NOT NULL,
    year      integer          NOT NULL,
    number    integer          NOT NULL,  -- it is the nth of its line and year, from 1
    id        text COLLATE "C" NOT NULL,
    day       date             NOT NULL,
    class     text COLLATE "C" NOT NULL,
    quantity  numeric          NOT NULL,
    price     numeric          NOT NULL,
    cost      numeric,                    -- of all of it; null: not known
    customer  text COLLATE "C",           -- who alone is billed for it; null: it is split
    ready     boolean          NOT NULL,
    cancelled boolean          NOT NULL DEFAULT false,
    PRIMARY KEY (contract, line, year, number)
) WITH (fillfactor = 70);
-- Those that invoices have taken, by runs of numbers: a billing writes one row, and touches no transaction.
CREATE TABLE contract_taken (
    contract uuid             NOT NULL,
    line     text COLLATE "C" NOT NULL,
    year     integer          NOT NULL,
    first    integer          NOT NULL,
    last     integer          NOT NULL,
    PRIMARY KEY (contract, line, year, first)
);
CREATE INDEX contract_transaction_id ON contract_transaction (contract, line, id);
ALTER TABLE contract_transaction SET (autovacuum_analyze_scale_factor = 0.05);
