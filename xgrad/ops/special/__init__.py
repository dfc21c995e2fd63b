"""Special functions: values from the libraries, derivatives in closed form."""
