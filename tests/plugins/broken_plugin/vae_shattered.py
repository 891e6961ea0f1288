"""Cannot be imported, as after half an upgrade."""

raise ImportError("cannot import name 'thing' from 'elsewhere'")
