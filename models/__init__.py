"""The tagger. What serves stands here, without torch; what makes and judges it in packages of its
own, each of which reads only those before it: rows, training, scoring, exporting."""
