"""What may be asked: queries, the filter language, plain phrases, cursors, saved queries."""
