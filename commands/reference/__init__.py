"""Commands on reference data: save, retire, load many, erase."""
