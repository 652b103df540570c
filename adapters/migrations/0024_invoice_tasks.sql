-- Post-invoicing tasks that are still to be done. Found from the feed (the reaction_position `tasks` says how far), and
-- can be made again from it; a row goes when its task is done, has failed or was disarmed.
CREATE TABLE invoice_task (
    invoice     uuid             NOT NULL,
    task        text COLLATE "C" NOT NULL,  -- send, sync, charge
    round       integer          NOT NULL,  -- grows when a task that is done is asked for again
    position    bigint           NOT NULL,  -- of the event that armed it
    approved    boolean          NOT NULL,  -- it may be done
    tries       integer          NOT NULL DEFAULT 0,  -- times that a worker took it: its token, too
    due_at      timestamptz,                -- by the deployment's clock; null: at once
    lease_until timestamptz,                -- by the database's clock: a worker is at it
    PRIMARY KEY (invoice, task)
);
CREATE INDEX invoice_task_due ON invoice_task (task, due_at NULLS FIRST) WHERE approved;
