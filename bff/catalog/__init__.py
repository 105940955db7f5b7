"""From catalogue files to rows of the tables: readers, mapping, licence windows, popularity and the import."""
