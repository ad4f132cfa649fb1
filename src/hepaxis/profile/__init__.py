"""A stool sample: one reader a format, names, guilds, quality."""
