"""Open data: what is published of the index, as tables that tell nothing of a few people.

``release`` reads the index and hides; ``tables`` says which columns there are; ``formats`` writes
them as CSV, JSON and Parquet; ``datasheet`` and ``catalog`` say what they are, for people and for
programs; ``folder`` puts all of it in one folder, which ``minyi export`` and the API hand out.
"""
