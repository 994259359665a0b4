"""The command line: the one place where options are read, errors become exit codes, and output is drawn."""
