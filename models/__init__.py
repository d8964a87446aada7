"""The tagger: how it is trained, scored, exported and run."""
