"""Letters: notices and summaries, written by templates and handed to the mail server once."""
