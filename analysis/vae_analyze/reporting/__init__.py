"""What people read, made from runs and from nothing else: terminal tables and the HTML report."""
