"""Paired ratios: our public calls beside the bare operations they stand on, in one process and one run."""
