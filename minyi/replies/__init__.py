"""Who is answered, and how soon. Pure."""
