"""Answers written by the database: from a valid document to one statement per root field."""
