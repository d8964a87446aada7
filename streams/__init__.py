"""The Faust app: comments → link → tag → opinions → index."""
