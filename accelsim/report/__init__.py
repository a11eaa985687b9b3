"""Records to tables, plots and files."""
