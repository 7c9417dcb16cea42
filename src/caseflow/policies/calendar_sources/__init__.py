"""Where calendars come from: one file for each kind of source, all giving one kind of table."""
