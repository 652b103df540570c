-- What runs could not bill, by contract: a contract stays a problem while it is due, however long ago its run was.
CREATE INDEX invoice_run_outcome_not_billed ON invoice_run_outcome (contract, day DESC, ended_at DESC)
    WHERE outcome IN ('failed', 'skipped');
