"""The list of provider invoices with how far their usage is billed on."""
