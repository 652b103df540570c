"""Invoices that failed once, or were changed by their provider, or got stuck, and still need somebody."""
