"""What somebody can approve now, one by one."""
