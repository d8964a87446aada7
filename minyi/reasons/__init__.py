"""Why people say what they say, in their own words. Pure."""
