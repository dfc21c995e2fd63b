"""Special functions, one file a chapter: values by the libraries, derivatives in closed form."""
