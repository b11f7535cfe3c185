"""Spreadsheets: one module for each file format, and the number formats and the layout that they share."""
