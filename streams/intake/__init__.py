"""Files of comments: how they are opened, how columns become fields, how they are published."""
