"""What leaves the program: the clinical PDF, tables, and the manifest that makes both reproducible."""
