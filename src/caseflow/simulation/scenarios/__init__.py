"""The scenarios caseflow ships."""
