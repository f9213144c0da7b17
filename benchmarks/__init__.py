"""What dotgnatly costs, against the server started and used the usual ways; see README.md."""
