"""What projections need from the outside, as protocols."""
