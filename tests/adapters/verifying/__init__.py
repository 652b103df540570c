"""Tables that are kept beside the record are compared with it."""
