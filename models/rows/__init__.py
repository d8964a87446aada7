"""What is read: the corpora, our labels and a user's own as rows, and which of them nothing learns
from."""
