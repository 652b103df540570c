"""The command line: `ledgerline`."""
